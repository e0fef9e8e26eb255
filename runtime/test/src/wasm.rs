//! Runs built modules in the Wasm engine, with fuel instead of CPU time so that runs repeat exactly.

use crate::world::{Kind, ProfileLimits, World};
use mesh_filter_runtime::guest::Guest;
use mesh_filter_runtime::vm::{
    Engine, EngineError, Instance, Limits, LoadError, LoadOptions, Module, Profile,
};

/// Fuel of one call: about the second of CPU time that a proxy allows.
const FUEL_PER_CALL: u64 = 2_000_000_000;

/// A module cannot be tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WasmError {
    /// The engine does not run on this machine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The bytes are no module that a proxy would load.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl World {
    /// The module, compiled once; each case runs in a new VM. `name` stands in messages.
    ///
    /// `symbols` are the bytes of its side file with names and line numbers, for traps of a
    /// stripped module.
    ///
    /// # Errors
    /// When it is not a module that can be loaded.
    pub fn wasm(bytes: &[u8], name: &str, symbols: Option<&[u8]>) -> Result<Self, WasmError> {
        Self::wasm_in(Profile::Tolerant, bytes, name, symbols)
    }

    /// As [`Self::wasm`], refusing what proxies of this profile refuse: modules with imports that
    /// they do not have, and settings of scenarios that they cannot make.
    ///
    /// # Errors
    /// As [`Self::wasm`].
    pub fn wasm_in(
        profile: Profile,
        bytes: &[u8],
        name: &str,
        symbols: Option<&[u8]>,
    ) -> Result<Self, WasmError> {
        let limits = Limits { fuel_per_call: Some(FUEL_PER_CALL), ..Limits::default() };
        let options = LoadOptions { unknown_imports: profile.unknown_imports(), symbols };
        let world = Self::in_engine(Engine::simulating(limits)?, bytes, name, options)?;
        let (kept, kept_name) = (bytes.to_vec(), name.to_owned());
        let world = world.served_by(move || {
            let options = LoadOptions { unknown_imports: profile.unknown_imports(), symbols: None };
            let serving = Engine::serving(Limits::default()).map_err(WasmError::from);
            serving
                .and_then(|engine| Self::in_engine(engine, &kept, &kept_name, options))
                .map_err(|error| error.to_string())
        });
        let limits = ProfileLimits {
            name: profile.name(),
            holds_headers: profile.holds_headers(),
            reloads: profile.reloads(),
        };
        Ok(if profile == Profile::Tolerant { world } else { world.limited(limits) })
    }

    fn in_engine(
        engine: Engine,
        bytes: &[u8],
        name: &str,
        options: LoadOptions<'_>,
    ) -> Result<Self, WasmError> {
        let module = Module::load_with(&engine, bytes, name, options)?;
        let world = Self::new(Kind::Wasm, move |host| {
            let instance = Instance::new(&engine, &module, host).map_err(|error| error.to_string())?;
            let guest: Box<dyn Guest> = Box::new(instance);
            Ok(guest)
        });
        Ok(world.of_module(bytes.len()))
    }
}
