//! How often a kept value is loaded, and how long it may be used.

use crate::call::DEFAULT_TIMEOUT;
use crate::clock::{millis, secs};
use crate::random;
use std::time::Duration;

/// Unless it is set: the shortest time between two loads.
const MIN_INTERVAL: Duration = secs(5);
/// Unless it is set: how many periods a value may be used for.
const MAX_AGE_PERIODS: u32 = 10;
/// No loads follow each other faster, whatever is set: a VM does nothing else meanwhile.
const LEAST_WAIT: Duration = millis(100);

/// When a [`super::Refreshed`] value is loaded again, and how long it is used.
///
/// ```
/// use mesh_filter::cache::Refresh;
/// use mesh_filter::prelude::*;
///
/// let keys = Refresh::every(secs(300)).max_age(secs(3600)).min_interval(secs(10));
/// # drop(keys);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Refresh {
    pub(super) period: Duration,
    pub(super) max_age: Duration,
    pub(super) min_interval: Duration,
    pub(super) lease: Duration,
}

impl Refresh {
    /// Loads again when a period is over: up to a tenth earlier or later, at random, so that the
    /// workers of many proxies do not ask together.
    pub fn every(period: Duration) -> Self {
        Self {
            period,
            max_age: period.saturating_mul(MAX_AGE_PERIODS),
            min_interval: MIN_INTERVAL.min(period),
            lease: DEFAULT_TIMEOUT * 2,
        }
    }

    /// How long a value is used when it cannot be loaded again; ten periods unless it is set.
    /// After that, exchanges wait for the next load, and get its error.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// The shortest time between the beginnings of two loads, whoever asks for them and whatever
    /// the first one brought; 5 s unless it is set, or the period where that is shorter.
    pub fn min_interval(mut self, min_interval: Duration) -> Self {
        self.min_interval = min_interval;
        self
    }

    /// How long a worker may take to load for the others before another one does it too: twice the
    /// timeout of the calls that the load makes; 10 s unless it is set. Only
    /// [`super::Refreshed::across_workers`] needs it.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long after the beginning of a load the next one begins, after so many failures in a row.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        let wait = match failures {
            0 => self.period,
            // Twice as long after each failure, and no longer than after a success.
            _ => {
                let doubled = 1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
                self.min_interval.saturating_mul(doubled).min(self.period)
            }
        };
        let tenth = u64::try_from((wait / 10).as_micros()).unwrap_or(u64::MAX);
        // Without randomness it is neither earlier nor later.
        let random = random::below(tenth.saturating_mul(2).saturating_add(1)).unwrap_or(tenth);
        let wait = wait.saturating_sub(wait / 10).saturating_add(Duration::from_micros(random));
        wait.max(self.min_interval).max(LEAST_WAIT)
    }
}
