//! This program as cargo's `RUSTC_WRAPPER`: what makes modules fast, and equal to the byte between machines.
//!
//! Two things of a machine reach a module: paths (in panic messages and debug information) and,
//! for path dependencies outside the workspace, cargo's `-C metadata`, which is a hash over their
//! absolute path and decides about symbol names, type ids and the order of functions. Flags in
//! `RUSTFLAGS` could mend only the first, and would displace the user's own flags. So cargo
//! calls this program, which starts the real compiler with both replaced.
//!
//! Paths become: `src/lib.rs` within the workspace, `/deps/serde-1.0.0/src/lib.rs` elsewhere.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use sha2::{Digest, Sha256};

/// Set for cargo by [`wrap`]; its presence makes this program a wrapper.
const WORKSPACE: &str = "MESH_FILTER_WRAPS_RUSTC_IN";
/// `FOLDER=NAME` of the standard library's sources.
const LIBRARY: &str = "MESH_FILTER_WRAPS_RUSTC_LIBRARY";
/// Every proxy's V8 has had these instructions since 2021; searching a body takes a quarter of the time with them.
const SIMD: &str = "target-feature=+simd128";
/// A wrapper that the user has set; it is called with the real compiler.
const INNER: &str = "MESH_FILTER_WRAPS_RUSTC_INNER";

/// Lets `cargo` call this program in place of the compiler.
pub(crate) fn wrap(
    cargo: &mut Command,
    workspace: &Path,
    library: Option<(PathBuf, String)>,
) -> std::io::Result<()> {
    cargo.env("RUSTC_WRAPPER", std::env::current_exe()?).env(WORKSPACE, workspace);
    if let Some((sources, name)) = library {
        cargo.env(LIBRARY, remap(&sources, &name));
    }
    if let Some(inner) = std::env::var_os("RUSTC_WRAPPER").filter(|inner| !inner.is_empty()) {
        cargo.env(INNER, inner);
    }
    Ok(())
}

/// Runs the compiler when cargo has called this program for that; `None` otherwise.
pub(crate) fn run_as_wrapper() -> Option<ExitCode> {
    let workspace = PathBuf::from(std::env::var_os(WORKSPACE)?);
    let mut words = std::env::args_os().skip(1).peekable();
    let compiler = words.next()?;
    // A build script may call `cargo mesh-filter` itself: cargo passes the compiler by its path.
    if !Path::new(&compiler).file_stem()?.to_string_lossy().contains("rustc") {
        return None;
    }
    let mut command = match std::env::var_os(INNER) {
        Some(inner) => {
            let mut command = Command::new(inner);
            command.arg(&compiler);
            command
        }
        None => Command::new(&compiler),
    };
    let arguments: Vec<OsString> = words.collect();
    match Unit::from_environment(&workspace) {
        Some(unit) => command.args(unit.arguments(&arguments)),
        None => command.args(arguments),
    };
    Some(match command.status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            crate::output::Output::new(false)
                .warning(&format!("cannot run `{}`: {error}", compiler.display()));
            ExitCode::FAILURE
        }
    })
}

/// The package that is being compiled, as cargo tells it by environment variables.
#[derive(Debug)]
struct Unit {
    name: String,
    version: String,
    /// What its paths begin with, and what stands there instead.
    folders: Vec<(PathBuf, String)>,
    /// The package's place: relative to the workspace, or its name and version.
    place: String,
}

impl Unit {
    fn from_environment(workspace: &Path) -> Option<Self> {
        let name = std::env::var("CARGO_PKG_NAME").ok()?;
        let version = std::env::var("CARGO_PKG_VERSION").ok()?;
        let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
        // Cargo compiles the path packages below the workspace's root in that root, all others in
        // their own folder. Their path does not tell: CARGO_HOME may be within the workspace.
        let inside = same_folder(&std::env::current_dir().ok()?, workspace);
        let (root, alias, place) = if inside {
            let place = folder.strip_prefix(workspace).unwrap_or(&folder).to_string_lossy().into_owned();
            (workspace.to_owned(), String::new(), place)
        } else {
            let alias = format!("/deps/{name}-{version}");
            (folder, alias.clone(), alias)
        };
        let mut folders = Vec::new();
        // Of several prefixes that fit, rustc takes the last one: what build scripts wrote lies
        // below the workspace too, under a name with cargo's hash.
        add_both_spellings(&mut folders, root, &alias);
        if let Some(out) = std::env::var_os("OUT_DIR") {
            add_both_spellings(&mut folders, PathBuf::from(out), &format!("/deps/{name}-{version}/out"));
        }
        Some(Self { name, version, folders, place })
    }

    /// The compiler's arguments with machine-independent metadata and paths.
    fn arguments(&self, given: &[OsString]) -> Vec<OsString> {
        // Without `metadata=` this is a question of cargo's to the compiler, not a compilation.
        if !given.iter().any(|word| is_metadata(word)) {
            return given.to_vec();
        }
        let metadata = self.metadata(given);
        let mut arguments: Vec<OsString> = Vec::with_capacity(given.len() + 8);
        if is_for_wasm(given) {
            // First, so that flags of the user's own win.
            arguments.extend(["-C".into(), SIMD.into()]);
        }
        arguments.extend(given.iter().map(|word| {
            if is_metadata(word) { format!("metadata={metadata}").into() } else { word.clone() }
        }));
        let prefixes =
            self.folders.iter().map(|(folder, alias)| remap(folder, alias)).chain(std::env::var_os(LIBRARY));
        for prefix in prefixes {
            arguments.extend(["--remap-path-prefix".into(), prefix]);
        }
        arguments
    }

    /// Tells this compilation from every other one of the same build, on any machine alike.
    fn metadata(&self, given: &[OsString]) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &OsStr| {
            hash.update(part.as_encoded_bytes());
            hash.update([0]);
        };
        for part in [&self.name, &self.version, &self.place] {
            add(OsStr::new(part));
        }
        // Features, kind of crate and target tell apart the units of one package.
        for pair in given.windows(2) {
            if let [flag, value] = pair
                && ["--cfg", "--crate-name", "--crate-type", "--target"].iter().any(|known| flag == known)
            {
                add(flag);
                add(value);
            }
        }
        if given.iter().any(|word| word == "--test") {
            add(OsStr::new("--test"));
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_for_wasm(given: &[OsString]) -> bool {
    given.windows(2).any(|pair| {
        matches!(pair, [flag, target] if flag == "--target" && target.as_encoded_bytes().starts_with(b"wasm32-"))
    })
}

fn is_metadata(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"metadata=")
}

fn same_folder(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// A folder reached through a symbolic link shows up under both names.
fn add_both_spellings(folders: &mut Vec<(PathBuf, String)>, folder: PathBuf, alias: &str) {
    if let Ok(real) = folder.canonicalize()
        && real != folder
    {
        folders.push((real, alias.to_owned()));
    }
    folders.push((folder, alias.to_owned()));
}

fn remap(folder: &Path, alias: &str) -> OsString {
    let mut prefix = folder.as_os_str().to_owned();
    prefix.push("=");
    prefix.push(alias);
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    fn unit() -> Unit {
        let folders = vec![("/one/ext".into(), "/deps/ext-0.1.0".into())];
        Unit { name: "ext".into(), version: "0.1.0".into(), folders, place: "/deps/ext-0.1.0".into() }
    }

    #[test]
    fn cargos_metadata_and_paths_do_not_reach_the_compiler() {
        let given = words("--crate-name ext /one/ext/src/lib.rs -C metadata=abc -C extra-filename=-abc");
        let arguments = unit().arguments(&given);
        assert!(!arguments.contains(&"metadata=abc".into()));
        assert!(arguments.contains(&"/one/ext=/deps/ext-0.1.0".into()));
    }

    #[test]
    fn modules_get_vector_instructions_unless_the_user_says_otherwise() {
        let given =
            words("--crate-name ext -C metadata=abc --target wasm32-wasip1 -C target-feature=-simd128");
        let arguments = unit().arguments(&given);
        assert_eq!(arguments[..2], words("-C target-feature=+simd128"));
        assert!(!unit().arguments(&words("--crate-name ext -C metadata=abc")).contains(&SIMD.into()));
    }

    #[test]
    fn features_and_targets_keep_apart_but_cargos_hash_does_not() {
        let metadata = |text: &str| unit().metadata(&words(text));
        let plain = metadata("--crate-name ext -C metadata=abc");
        assert_eq!(plain, metadata("--crate-name ext -C metadata=def -L dependency=/two"));
        assert_ne!(plain, metadata("--crate-name ext -C metadata=abc --cfg feature=\"std\""));
        assert_ne!(plain, metadata("--crate-name ext -C metadata=abc --target wasm32-wasip1"));
    }

    #[test]
    fn a_question_to_the_compiler_is_passed_on_unchanged() {
        let given = words("- --crate-name ___ --print=file-names");
        assert_eq!(unit().arguments(&given), given);
    }
}
