//! The proxy's clocks, which tests own.
//!
//! `std::time::SystemTime::now()` and `Instant::now()` would read the machine's clock in native
//! tests; these read the test's.

use crate::host::host;
use std::time::{Duration, SystemTime};

/// The wall clock.
///
/// 1970 where the proxy does not tell the time.
#[must_use]
pub fn now() -> SystemTime {
    let since_1970 = host().get_current_time_nanoseconds().map(Duration::from_nanos);
    SystemTime::UNIX_EPOCH + since_1970.unwrap_or_default()
}

/// Time since some moment, never running backwards: for measuring how long something takes.
#[must_use]
pub fn monotonic() -> Duration {
    Duration::from_nanos(host().monotonic_nanoseconds())
}

/// So many milliseconds.
#[must_use]
pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// So many seconds.
#[must_use]
pub const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}
