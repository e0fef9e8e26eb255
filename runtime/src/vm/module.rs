//! A module that has been checked, compiled and linked: ready for any number of VMs.

use super::check;
use super::engine::Engine;
use super::fault::{LoadError, LoadFault};
use super::outline::Outline;
use super::state::State;
use super::symbols::Symbols;
use crate::abi::AbiVersion;
use crate::hostcalls;
use std::fmt;
use std::sync::Arc;
use wasmtime::InstancePre;

/// A loaded module; cheap to clone, shared by the workers.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    version: AbiVersion,
    linked: InstancePre<State>,
    symbols: Option<Symbols>,
}

/// How a module is loaded.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadOptions<'a> {
    /// What becomes of imports that the host does not have.
    pub unknown_imports: UnknownImports,
    /// The side file of a stripped module: the same code with names and line numbers, for traps.
    pub symbols: Option<&'a [u8]>,
}

/// What becomes of imports that the host does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownImports {
    /// They answer `InternalFailure` and log a warning, once.
    #[default]
    Stub,
    /// The module is refused, as in Envoy; so are imports of another version of the ABI.
    Refuse,
}

impl Module {
    /// Loads a module; `name` stands in messages.
    ///
    /// # Errors
    /// When the bytes are not a Proxy-Wasm module that this host can run.
    pub fn load(engine: &Engine, bytes: &[u8], name: &str) -> Result<Self, LoadError> {
        Self::load_with(engine, bytes, name, LoadOptions::default())
    }

    /// Loads a stripped module with the side file that has its names and line numbers.
    ///
    /// # Errors
    /// As [`Self::load`], and when the side file is of another build.
    pub fn load_with_symbols(
        engine: &Engine,
        bytes: &[u8],
        name: &str,
        symbols: &[u8],
    ) -> Result<Self, LoadError> {
        let options = LoadOptions { symbols: Some(symbols), ..LoadOptions::default() };
        Self::load_with(engine, bytes, name, options)
    }

    /// As [`Self::load`], with options.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(
        engine: &Engine,
        bytes: &[u8],
        name: &str,
        options: LoadOptions<'_>,
    ) -> Result<Self, LoadError> {
        let inner = Inner::load(engine, bytes, name, options);
        let inner = inner.map_err(|fault| LoadError { module: name.to_owned(), fault })?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Its name, as given to [`Self::load`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The version of the ABI that it was built for.
    #[must_use]
    pub fn abi_version(&self) -> AbiVersion {
        self.inner.version
    }

    pub(super) fn symbols(&self) -> Option<&Symbols> {
        self.inner.symbols.as_ref()
    }

    pub(super) fn linked(&self) -> &InstancePre<State> {
        &self.inner.linked
    }
}

impl Inner {
    fn load(engine: &Engine, bytes: &[u8], name: &str, options: LoadOptions<'_>) -> Result<Self, LoadFault> {
        let outline = Outline::read(bytes)?;
        let version = check::version(&outline)?;
        let strict = options.unknown_imports == UnknownImports::Refuse;
        let unknown = check::imports(&outline, version, strict)?;
        check::exports(&outline)?;
        let symbols = options.symbols.map(|file| Symbols::new(bytes, &outline, file)).transpose()?;
        let names: Vec<_> = unknown.iter().map(|import| check::qualified(import)).collect();
        if strict && !unknown.is_empty() {
            return Err(LoadFault::MissingImports { names });
        }

        let failed = |error: wasmtime::Error| LoadFault::Compile { message: format!("{error:#}") };
        let compiled = wasmtime::Module::new(engine.inner(), bytes).map_err(failed)?;
        let mut linker = engine.linker().clone();
        if !unknown.is_empty() {
            tracing::warn!(module = name, imports = names.join(", "), "the module imports unknown functions");
            for import in compiled.imports() {
                if let wasmtime::ExternType::Func(ty) = import.ty()
                    && unknown
                        .iter()
                        .any(|unknown| unknown.module == import.module() && unknown.name == import.name())
                {
                    hostcalls::stub(&mut linker, import.module(), import.name(), ty).map_err(failed)?;
                }
            }
        }
        let linked = linker.instantiate_pre(&compiled).map_err(failed)?;
        Ok(Self { name: name.to_owned(), version, linked, symbols })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { name, version, .. } = &*self.inner;
        f.debug_struct("Module").field("name", name).field("version", version).finish()
    }
}
