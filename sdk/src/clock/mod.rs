//! The proxy's clocks, which tests own.
//!
//! `std::time::SystemTime::now()` and `Instant::now()` would read the machine's clock in native
//! tests; these read the test's. [`crate::task::sleep`] waits by them.
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # async fn run(cluster: ClusterName, latency: Histogram) -> Result<()> {
//! let asked = clock::monotonic();
//! call::get(&cluster, "/").send().await?;
//! latency.record(u64::try_from(asked.elapsed().as_millis())?);
//! # Ok(()) }
//! ```

mod span;

pub(crate) use span::Shown;
pub use span::Span;

use crate::host::host;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime};

/// The wall clock: what time it is for people. It can be set back.
///
/// 1970 where the proxy does not tell the time.
#[must_use]
pub fn now() -> SystemTime {
    let since_1970 = host().get_current_time_nanoseconds().map(Duration::from_nanos);
    SystemTime::UNIX_EPOCH + since_1970.unwrap_or_default()
}

/// The monotonic clock, which never runs backwards: for measuring how long something takes.
#[must_use]
pub fn monotonic() -> Instant {
    Instant(Duration::from_nanos(host().monotonic_nanoseconds()))
}

/// A moment of the monotonic clock: [`std::time::Instant`], but of the proxy or the test.
///
/// The workers of one proxy count from the same moment; another process, or the same after a
/// restart, from another. So it can be a value of [`crate::shared`], where it stands as nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// How long ago it was; zero where it is yet to come.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        monotonic() - self
    }

    /// The moment so far from the one from which this clock counts.
    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Self(Duration::from_nanos(nanos))
    }

    /// How far it is from the moment from which this clock counts.
    #[must_use]
    pub fn since_start(self) -> Duration {
        self.0
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_nanos)
    }
}

/// The time between two moments; zero where the right one is the later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A later moment.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::host::install;
    use std::rc::Rc;

    #[test]
    fn time_is_the_hosts_and_differences_are_never_negative() {
        let fake = Rc::new(Fake::default());
        let _installed = install(fake.clone());
        let start = monotonic();
        fake.now_ms.set(1500);
        assert_eq!(start.elapsed(), millis(1500));
        assert_eq!(start - monotonic(), Duration::ZERO);
        assert!(start + secs(2) > monotonic());
        assert_eq!((start + secs(2)).elapsed(), Duration::ZERO);
        assert_eq!(now(), SystemTime::UNIX_EPOCH + millis(1500));
        let kept = serde_json::to_string(&(start + millis(1))).unwrap();
        assert_eq!(serde_json::from_str::<Instant>(&kept).unwrap(), start + millis(1));
    }
}
