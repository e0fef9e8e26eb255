//! The two clocks that a plugin can read; the driver owns both.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time as plugins see it, through the Proxy-Wasm and the WASI clock alike.
pub trait Clock {
    /// Nanoseconds since 1970, UTC.
    fn realtime_ns(&self) -> u64;
    /// Nanoseconds since some moment in the past; never goes back.
    fn monotonic_ns(&self) -> u64;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn realtime_ns(&self) -> u64 {
        nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn monotonic_ns(&self) -> u64 {
        nanoseconds(self.started.elapsed())
    }
}

/// A duration as the ABI counts it; saturates after 584 years.
#[must_use]
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
