//! The two kinds of engine: one for serving, bounded by CPU time, one for simulating, by fuel.
//!
//! They are never mixed: both meters at once would cost far more than either.

use super::cache::{CacheFolder, ModuleCache};
use super::state::State;
use crate::hostcalls;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wasmtime::{Config, EngineWeak, Linker, Store, UpdateDeadline, WasmBacktraceDetails};

/// Most frames of a backtrace, as many as Envoy shows.
const MAX_FRAMES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(19);
/// Address space set aside for a VM: all that 32 bits reach, so that guest code needs no bounds
/// checks. It costs no memory; resident is what the guest has touched.
const MEMORY_RESERVATION: u64 = 4 << 30;
/// Between looks at a call's CPU time; its error is at most two of them.
const LONGEST_TICK: Duration = Duration::from_millis(10);
const SHORTEST_TICK: Duration = Duration::from_millis(1);
/// So many ticks fit into the CPU time of a call, where the bounds above allow it.
const TICKS_PER_CALL: u32 = 20;

/// What a VM may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of one call, when serving.
    pub cpu_per_call: Option<Duration>,
    /// Fuel of one call, when simulating.
    pub fuel_per_call: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_per_call: Some(Duration::from_secs(1)),
            fuel_per_call: Some(10_000_000_000),
            memory: Some(1 << 30),
        }
    }
}

impl Limits {
    /// No limits at all, as in Envoy but for its 1 GiB of memory.
    pub const NONE: Self = Self { cpu_per_call: None, fuel_per_call: None, memory: None };
}

/// The engine cannot run on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the Wasm engine: {0}")]
pub struct EngineError(String);

/// Compiles modules and bounds their calls; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    linker: Arc<Linker<State>>,
    cache: Option<Arc<ModuleCache>>,
    compilations: Arc<AtomicUsize>,
    meter: Meter,
    limits: Limits,
}

/// How the length of a call is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meter {
    CpuTime,
    Fuel,
}

impl Engine {
    /// An engine that ends calls when they have used their CPU time.
    ///
    /// # Errors
    /// When the machine or the operating system is not supported.
    pub fn serving(limits: Limits) -> Result<Self, EngineError> {
        Self::serving_with(limits, &CacheFolder::default())
    }

    /// As [`Self::serving`], with compiled modules kept in `cache`.
    ///
    /// # Errors
    /// As [`Self::serving`].
    pub fn serving_with(limits: Limits, cache: &CacheFolder) -> Result<Self, EngineError> {
        let engine = Self::new(Meter::CpuTime, limits, cache)?;
        if let Some(cpu) = limits.cpu_per_call {
            spawn_ticker(engine.inner.weak(), (cpu / TICKS_PER_CALL).clamp(SHORTEST_TICK, LONGEST_TICK))?;
        }
        Ok(engine)
    }

    /// An engine that counts fuel: the same calls cost the same on every machine.
    ///
    /// # Errors
    /// When the machine or the operating system is not supported.
    pub fn simulating(limits: Limits) -> Result<Self, EngineError> {
        Self::simulating_with(limits, &CacheFolder::default())
    }

    /// As [`Self::simulating`], with compiled modules kept in `cache`.
    ///
    /// # Errors
    /// As [`Self::simulating`].
    pub fn simulating_with(limits: Limits, cache: &CacheFolder) -> Result<Self, EngineError> {
        Self::new(Meter::Fuel, limits, cache)
    }

    /// How many modules it has compiled, rather than taken from its cache.
    #[must_use]
    pub fn compilations(&self) -> usize {
        self.compilations.load(Ordering::Relaxed)
    }

    /// The limits of its VMs.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    fn new(meter: Meter, limits: Limits, cache: &CacheFolder) -> Result<Self, EngineError> {
        let cache = ModuleCache::open(cache);
        let mut config = Config::new();
        config
            .memory_reservation(MEMORY_RESERVATION)
            .wasm_backtrace_details(WasmBacktraceDetails::Enable)
            .wasm_backtrace_max_frames(Some(MAX_FRAMES))
            .epoch_interruption(meter == Meter::CpuTime)
            .consume_fuel(meter == Meter::Fuel)
            .cache(cache.as_ref().map(ModuleCache::inner));
        let failed = |error: wasmtime::Error| EngineError(format!("{error:#}"));
        let inner = wasmtime::Engine::new(&config).map_err(failed)?;
        let linker = Arc::new(hostcalls::linker(&inner).map_err(failed)?);
        Ok(Self { inner, linker, cache: cache.map(Arc::new), compilations: Arc::default(), meter, limits })
    }

    /// The machine code of a module.
    pub(super) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<wasmtime::Module> {
        let (module, compiled) = match &self.cache {
            Some(cache) => cache.compile(&self.inner, bytes)?,
            None => (wasmtime::Module::new(&self.inner, bytes)?, true),
        };
        self.compilations.fetch_add(compiled.into(), Ordering::Relaxed);
        Ok(module)
    }

    pub(super) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    pub(super) fn linker(&self) -> &Linker<State> {
        &self.linker
    }

    pub(super) fn same_as(&self, other: &wasmtime::Engine) -> bool {
        wasmtime::Engine::same(&self.inner, other)
    }

    /// Prepares a new store for [`Self::refill`].
    pub(super) fn attach_meter(&self, store: &mut Store<State>) {
        if self.meter == Meter::CpuTime {
            store.epoch_deadline_callback(|mut context| {
                let over = context.data_mut().cpu.is_over();
                Ok(if over { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) })
            });
        }
    }

    /// Gives the store what one call may use.
    pub(super) fn refill(&self, store: &mut Store<State>) {
        match (self.meter, self.limits.cpu_per_call) {
            (Meter::CpuTime, Some(limit)) => {
                store.data_mut().cpu.start(limit);
                store.set_epoch_deadline(1);
            }
            // Without a ticker no epoch passes.
            (Meter::CpuTime, None) => store.set_epoch_deadline(1),
            (Meter::Fuel, _) => {
                // Fails only where fuel is not counted, and here it is.
                let _counted = store.set_fuel(self.fuel());
            }
        }
    }

    /// Fuel used since the last refill; 0 when serving.
    pub(super) fn used(&self, store: &Store<State>) -> u64 {
        match self.meter {
            Meter::CpuTime => 0,
            Meter::Fuel => self.fuel().saturating_sub(store.get_fuel().unwrap_or_default()),
        }
    }

    fn fuel(&self) -> u64 {
        self.limits.fuel_per_call.unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("meter", &self.meter).field("limits", &self.limits).finish()
    }
}

/// The clock of all deadlines of an engine; ends with the engine.
fn spawn_ticker(engine: EngineWeak, tick: Duration) -> Result<(), EngineError> {
    let ticking = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(tick);
        }
    };
    let spawned = std::thread::Builder::new().name("wasm-deadlines".into()).spawn(ticking);
    spawned.map(drop).map_err(|error| EngineError(format!("no thread for deadlines: {error}")))
}
