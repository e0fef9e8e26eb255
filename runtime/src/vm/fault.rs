//! Why a module cannot be loaded.

use super::outline::Signature;
use crate::abi::AbiVersion;

/// A module cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot load module `{module}`: {fault}")]
pub struct LoadError {
    /// Name of the module, as the caller gave it.
    pub module: String,
    /// What is wrong.
    pub fault: LoadFault,
}

/// What is wrong with a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message names the fields")]
pub enum LoadFault {
    /// The file has no bytes.
    #[error("it is empty (0 bytes)")]
    Empty,
    /// It is beyond the limit.
    #[error("it has {size} bytes, more than the {limit} that are read")]
    TooLarge { size: usize, limit: usize },
    /// It is some other file.
    #[error("it is not WebAssembly: it begins with `{head}`, a module begins with `\\x00asm`")]
    NotWasm { head: String },
    /// It is a component.
    #[error("it is a WebAssembly component; Proxy-Wasm needs a core module (target `wasm32-wasip1`)")]
    Component,
    /// It ends too early.
    #[error("it is truncated: a section goes beyond the end of the file (at byte {size})")]
    Truncated { size: usize },
    /// It breaks the rules of the format.
    #[error("it is not a valid module: {message}")]
    Malformed { message: String },
    /// It is not a Proxy-Wasm module.
    #[error(
        "missing or unknown Proxy-Wasm ABI version: it exports none of the functions {}",
        markers(AbiVersion::ALL)
    )]
    NoMarker,
    /// It claims to be of several versions.
    #[error("it claims several Proxy-Wasm ABI versions: it exports {}", markers(found.iter().copied()))]
    SeveralMarkers { found: Vec<AbiVersion> },
    /// Its memory cannot be reached.
    #[error("it does not export a 32-bit memory named `memory` of its own")]
    NoMemory,
    /// Results cannot be given to it.
    #[error(
        "it exports neither `malloc` nor `proxy_on_memory_allocate`, one of which gives memory for results"
    )]
    NoAllocator,
    /// Imports that this host does not have.
    #[error("missing imports: this host does not have {}", names.join(", "))]
    MissingImports { names: Vec<String> },
    /// An import has the wrong type.
    #[error("bad function signature of import `{name}`: {mismatch}")]
    ImportSignature { name: String, mismatch: Box<Mismatch> },
    /// An import is not a function.
    #[error("it imports the {kind} `{name}`; only functions can be imported")]
    ImportKind { name: String, kind: &'static str },
    /// An export has the wrong type.
    #[error("bad function signature of export `{name}`: {mismatch}")]
    ExportSignature { name: String, mismatch: Box<Mismatch> },
    /// The side file belongs to another build.
    #[error("its symbols are of another build: {message}")]
    Symbols { message: String },
    /// The compiler refuses it.
    #[error("it cannot be compiled: {message}")]
    Compile { message: String },
}

/// Two signatures that should be one.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Mismatch {
    /// Of the table.
    pub expected: Signature,
    /// Of the module.
    pub found: Signature,
}

fn markers(versions: impl IntoIterator<Item = AbiVersion>) -> String {
    let names: Vec<_> = versions.into_iter().map(|version| format!("`{}`", version.marker())).collect();
    names.join(", ")
}
