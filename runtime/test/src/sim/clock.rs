//! The two clocks of a simulation; only its driver moves them.

use super::shared::Common;
use mesh_filter_runtime::host::Clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the wall clock stands at first unless the test says otherwise: 2026-01-01T00:00:00Z.
pub(crate) const DEFAULT_START: Duration = Duration::from_secs(1_767_225_600);
/// Where the monotonic clock stands at first: some plugins take 0 for "never".
const MONOTONIC_START: Duration = Duration::from_secs(1);

/// Time that passes only when it is told to.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    /// Since 1970, at the beginning.
    start: Duration,
    elapsed_ns: AtomicU64,
}

impl VirtualClock {
    pub(crate) fn new(start: Duration) -> Self {
        Self { start, elapsed_ns: AtomicU64::new(0) }
    }

    /// Time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_ns.load(Ordering::Relaxed))
    }

    /// Moves on to this time since the beginning; never back.
    pub(crate) fn move_to(&self, elapsed: Duration) {
        self.elapsed_ns.fetch_max(nanoseconds(elapsed), Ordering::Relaxed);
    }
}

impl Clock for Common<VirtualClock> {
    fn realtime_ns(&self) -> u64 {
        nanoseconds(self.0.start.saturating_add(self.0.elapsed()))
    }

    fn monotonic_ns(&self) -> u64 {
        nanoseconds(MONOTONIC_START.saturating_add(self.0.elapsed()))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
