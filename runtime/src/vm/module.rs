//! A module that has been checked, compiled and linked: ready for any number of VMs.

use super::capabilities::Capabilities;
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

#[derive(Clone)]
struct Inner {
    name: String,
    version: AbiVersion,
    linked: InstancePre<State>,
    symbols: Option<Symbols>,
    /// Imports that this host does not have: module and name.
    unknown: Vec<(String, String)>,
    capabilities: Capabilities,
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
    /// The module loads with a warning; a call of one traps.
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

    /// The same module, compiled once, whose VMs have only these capabilities.
    ///
    /// A host function that is not listed answers `InternalFailure`, one of WASI `NOTCAPABLE`; a
    /// callback that is not listed is not called.
    ///
    /// # Errors
    /// When `engine` is another one than that which compiled the module.
    pub fn restricted(&self, engine: &Engine, capabilities: Capabilities) -> Result<Self, LoadError> {
        let mut inner = (*self.inner).clone();
        let compiled = inner.linked.module();
        let linked = link(engine, compiled, &inner.unknown, &capabilities);
        inner.linked = linked.map_err(|fault| LoadError { module: inner.name.clone(), fault })?;
        inner.capabilities = capabilities;
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

    pub(super) fn capabilities(&self) -> &Capabilities {
        &self.inner.capabilities
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

        let unknown: Vec<_> =
            unknown.into_iter().map(|import| (import.module.clone(), import.name.clone())).collect();
        if !unknown.is_empty() {
            tracing::warn!(module = name, imports = names.join(", "), "the module imports unknown functions");
        }
        let compiled = engine.compile(bytes).map_err(failed)?;
        let linked = link(engine, &compiled, &unknown, &Capabilities::ALL)?;
        Ok(Self { name: name.to_owned(), version, linked, symbols, unknown, capabilities: Capabilities::ALL })
    }
}

/// Gives a module the host's functions, and stubs for those that it does not have or may not call.
fn link(
    engine: &Engine,
    compiled: &wasmtime::Module,
    unknown: &[(String, String)],
    capabilities: &Capabilities,
) -> Result<InstancePre<State>, LoadFault> {
    if unknown.is_empty() && !capabilities.is_restricted() {
        return engine.linker().instantiate_pre(compiled).map_err(failed);
    }
    let mut linker = engine.linker().clone();
    linker.allow_shadowing(true);
    for import in compiled.imports() {
        let wasmtime::ExternType::Func(ty) = import.ty() else { continue };
        let (module, name) = (import.module(), import.name());
        if unknown.iter().any(|(in_module, known)| in_module == module && known == name) {
            hostcalls::stub(&mut linker, module, name, ty).map_err(failed)?;
        } else if let Some(known) = check::known(module, name)
            && !capabilities.allows_import(known)
        {
            hostcalls::restricted(&mut linker, module, known, ty).map_err(failed)?;
        }
    }
    linker.instantiate_pre(compiled).map_err(failed)
}

fn failed(error: wasmtime::Error) -> LoadFault {
    LoadFault::Compile { message: format!("{error:#}") }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { name, version, .. } = &*self.inner;
        f.debug_struct("Module").field("name", name).field("version", version).finish()
    }
}
