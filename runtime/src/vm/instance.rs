//! A running module: one VM, on one thread.

use super::engine::Engine;
use super::exports::{Exports, find};
use super::limits::MemoryLimit;
use super::module::Module;
use super::state::{Restriction, State};
use super::trap;
use crate::abi::AbiVersion;
use crate::guest::{Callback, Guest, Trap, Usage};
use crate::host::{Phase, SharedHost};
use wasmtime::{Store, TypedFunc};

/// A VM.
pub struct Instance {
    engine: Engine,
    module: Module,
    store: Store<State>,
    exports: Exports,
    fuel_consumed: u64,
    /// Why it cannot be called any more.
    dead: Option<Box<Trap>>,
}

/// A VM did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its own code failed.
    #[error("cannot start module `{module}`: {trap}")]
    Trap {
        /// Module.
        module: String,
        /// How.
        trap: Trap,
    },
    /// It needs more than a VM may have.
    #[error("cannot start module `{module}`: {message}")]
    Refused {
        /// Module.
        module: String,
        /// What it needs.
        message: String,
    },
}

impl Instance {
    /// Starts a VM: its start section, then `_initialize` and `main`, or else `_start`.
    ///
    /// # Errors
    /// When it traps on the way, or needs more memory than it may have.
    pub fn new(engine: &Engine, module: &Module, host: SharedHost) -> Result<Self, StartError> {
        let refused = |message: String| StartError::Refused { module: module.name().to_owned(), message };
        if !engine.same_as(module.linked().module().engine()) {
            return Err(refused("it was loaded for another engine".to_owned()));
        }
        {
            let mut host = host.try_borrow_mut().map_err(|error| refused(error.to_string()))?;
            host.set_legacy(module.abi_version() == AbiVersion::V0_1_0);
            host.enter(0, Phase::Start);
        }
        let mut state = State::new(host, MemoryLimit::new(None));
        state.limit_memory(engine.limits().memory);
        state.capabilities = module.capabilities().clone();
        if state.trace.is_some() {
            state.symbols = module.symbols().cloned();
        }
        let mut store = Store::new(engine.inner(), state);
        store.limiter(|state| &mut state.memory_limit);
        engine.attach_meter(&mut store);
        engine.refill(&mut store);

        let started = start(module, &mut store);
        store.data().tell_refused_memory();
        let exports = started.map_err(|error| {
            if !trap::is_trap(&error) {
                return refused(format!("{error:#}"));
            }
            let trap = trap::describe(engine, module, &store, &error);
            StartError::Trap { module: module.name().to_owned(), trap }
        })?;
        store.data_mut().restriction = Restriction::None;
        let fuel_consumed = engine.used(&store);
        let (engine, module) = (engine.clone(), module.clone());
        Ok(Self { engine, module, store, exports, fuel_consumed, dead: None })
    }

    /// Bytes of memory that it has now.
    #[must_use]
    pub fn memory_size(&self) -> u64 {
        self.store.data().memory.map_or(0, |memory| memory.data_size(&self.store) as u64)
    }

    /// Fuel used since the beginning; 0 when serving.
    #[must_use]
    pub fn fuel_consumed(&self) -> u64 {
        self.fuel_consumed
    }

    /// The module that runs.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }
}

impl Guest for Instance {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        if let Some(trap) = &self.dead {
            return Err(trap.clone());
        }
        self.engine.refill(&mut self.store);
        let state = self.store.data_mut();
        state.limit_memory(self.engine.limits().memory);
        state.exits = 0;
        state.calls.clear();
        let result = self.exports.call(&mut self.store, callback);
        self.store.data().tell_refused_memory();
        self.fuel_consumed = self.fuel_consumed.saturating_add(self.engine.used(&self.store));
        result.map_err(|error| {
            let trap = trap::describe(&self.engine, &self.module, &self.store, &error);
            self.dead.insert(Box::new(trap)).clone()
        })
    }

    fn usage(&self) -> Option<Usage> {
        let State { calls, copied, .. } = self.store.data();
        Some(Usage {
            fuel: self.fuel_consumed,
            hostcalls: calls.total(),
            copied: copied.total(),
            memory: self.memory_size(),
        })
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("module", &self.module).field("dead", &self.dead).finish()
    }
}

fn start(module: &Module, store: &mut Store<State>) -> wasmtime::Result<Exports> {
    let instance = module.linked().instantiate(&mut *store)?;
    store.data_mut().memory = instance.get_memory(&mut *store, "memory");
    // The specification has the other order; Envoy asks for `malloc` first.
    let mut allocator = find(&instance, store, "malloc")?;
    if allocator.is_none() {
        allocator = find(&instance, store, "proxy_on_memory_allocate")?;
    }
    store.data_mut().allocator = allocator;
    let exports = Exports::of(&instance, store)?;

    let initialize: Option<TypedFunc<(), ()>> = find(&instance, store, "_initialize")?;
    if let Some(initialize) = initialize {
        initialize.call(&mut *store, ())?;
        let main: Option<TypedFunc<(u32, u32), u32>> = find(&instance, store, "main")?;
        let main_void: Option<TypedFunc<(), u32>> = find(&instance, store, "__main_void")?;
        match (main, main_void) {
            (Some(main), _) => drop(main.call(&mut *store, (0, 0))?),
            (None, Some(main)) => drop(main.call(&mut *store, ())?),
            (None, None) => {}
        }
    } else if let Some(start) = find::<(), ()>(&instance, store, "_start")? {
        start.call(&mut *store, ())?;
    }
    Ok(exports)
}
