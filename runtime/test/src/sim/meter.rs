//! What all VMs of a simulation have used, together.

use super::shared::lock;
use mesh_filter_runtime::guest::Usage;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// Adds up what guests say of themselves.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Readings>);

#[derive(Debug, Default)]
struct Readings {
    fuel: u64,
    hostcalls: u64,
    copied: u64,
    cpu: Duration,
    /// By guest: bytes that it has now.
    memory: BTreeMap<usize, u64>,
    guests: usize,
    /// What is called now is not counted.
    paused: bool,
    /// By callback; `None` until somebody wants it.
    costs: Option<BTreeMap<&'static str, Vec<CallCost>>>,
}

/// What one call of a callback cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallCost {
    pub(crate) fuel: u64,
    pub(crate) hostcalls: u64,
    pub(crate) copied: u64,
    pub(crate) cpu: Duration,
}

impl Meter {
    /// A number for a guest.
    pub(super) fn number(&self) -> usize {
        let mut readings = lock(&self.0);
        readings.guests += 1;
        readings.guests
    }

    /// From now on what each callback costs is kept.
    pub(crate) fn keep_costs(&self) {
        lock(&self.0).costs = Some(BTreeMap::new());
    }

    /// What callbacks cost, by name.
    pub(crate) fn costs(&self) -> Vec<(&'static str, Vec<CallCost>)> {
        lock(&self.0).costs.clone().unwrap_or_default().into_iter().collect()
    }

    /// What a guest had used before a callback, and after it, and the CPU time in between.
    pub(super) fn add(&self, guest: usize, name: &'static str, before: Usage, after: Usage, cpu: Duration) {
        let mut readings = lock(&self.0);
        readings.memory.insert(guest, after.memory);
        if readings.paused {
            return;
        }
        let fuel = after.fuel.saturating_sub(before.fuel);
        let hostcalls = after.hostcalls.saturating_sub(before.hostcalls);
        readings.fuel += fuel;
        readings.hostcalls += hostcalls;
        let copied = after.copied.saturating_sub(before.copied);
        readings.copied += copied;
        readings.cpu += cpu;
        if let Some(costs) = &mut readings.costs {
            costs.entry(name).or_default().push(CallCost { fuel, hostcalls, copied, cpu });
        }
    }

    /// Whether what is called from now on is counted, but for its memory.
    pub(crate) fn pause(&self, paused: bool) {
        lock(&self.0).paused = paused;
    }

    /// The guest is gone, and its memory with it.
    pub(super) fn remove(&self, guest: usize) {
        lock(&self.0).memory.remove(&guest);
    }

    /// The CPU time of all callbacks.
    pub(crate) fn cpu(&self) -> Duration {
        lock(&self.0).cpu
    }

    /// The sums; `None` where no guest counts.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let Readings { fuel, hostcalls, copied, memory, .. } = &*lock(&self.0);
        let (fuel, hostcalls, copied) = (*fuel, *hostcalls, *copied);
        let usage = Usage { fuel, hostcalls, copied, memory: memory.values().sum() };
        (!memory.is_empty() || usage.hostcalls > 0).then_some(usage)
    }
}

/// The CPU time of this thread, where modules run; native filters are not measured.
#[derive(Debug)]
pub(super) struct Stopwatch(#[cfg(feature = "wasm")] cpu_time::ThreadTime);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(
            #[cfg(feature = "wasm")]
            cpu_time::ThreadTime::now(),
        )
    }

    /// The time since its start, without what it takes to read the clock: as much as a small callback.
    #[cfg(feature = "wasm")]
    pub(super) fn elapsed(&self) -> Duration {
        static OWN: std::sync::OnceLock<Duration> = std::sync::OnceLock::new();
        let elapsed = self.0.elapsed();
        let own = OWN.get_or_init(|| {
            let readings = (0..1000).map(|_| cpu_time::ThreadTime::now().elapsed());
            readings.min().unwrap_or_default()
        });
        elapsed.saturating_sub(*own)
    }

    #[cfg(not(feature = "wasm"))]
    pub(super) fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
