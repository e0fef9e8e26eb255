//! How often something may happen: Envoy's token bucket, and the windows of rate limit services.

use crate::limit::{Bucket, Limit, Unit, Window};
use mesh_filter::clock::Span;
use mesh_filter_policy::Problem;
use serde::Deserialize;
use std::cell::Cell;
use std::num::{NonZeroU32, NonZeroU64};
use std::rc::Rc;

/// Envoy's `TokenBucket`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BucketConfig {
    max_tokens: NonZeroU32,
    #[serde(default = "one")]
    tokens_per_fill: NonZeroU32,
    fill_interval: Span,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Hits in each window, named as rate limit services do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowConfig {
    requests_per_unit: NonZeroU32,
    unit: UnitConfig,
    unit_multiplier: Option<NonZeroU64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnitConfig {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// The longest window in seconds: a year.
const LONGEST: u64 = 366 * 86_400;

impl BucketConfig {
    fn build(&self) -> Result<Limit, Problem> {
        let interval = u64::try_from(self.fill_interval.as_nanos()).unwrap_or(u64::MAX);
        let bucket = Bucket::new(self.max_tokens, self.tokens_per_fill, interval);
        bucket.map(Limit::Bucket).ok_or_else(|| {
            let text = "expected a time in which each token has a nanosecond at least, and the bucket fills in 292 years at most";
            Problem::new("fill_interval", text)
        })
    }
}

impl WindowConfig {
    /// `epoch`: where the wall clock was when the monotonic clock began, in nanoseconds.
    fn build(&self, epoch: &Rc<Cell<u64>>) -> Result<Limit, Problem> {
        let seconds = match self.unit {
            UnitConfig::Second => 1,
            UnitConfig::Minute => 60,
            UnitConfig::Hour => 3600,
            UnitConfig::Day => 86_400,
            UnitConfig::Week | UnitConfig::Month | UnitConfig::Year => 0,
        };
        let unit = match (self.unit, self.unit_multiplier) {
            (UnitConfig::Week, None) => Unit::Week,
            (UnitConfig::Month, None) => Unit::Month,
            (UnitConfig::Year, None) => Unit::Year,
            (UnitConfig::Week | UnitConfig::Month | UnitConfig::Year, Some(_)) => {
                let text = "windows of several weeks, months or years are not supported";
                return Err(Problem::new("unit_multiplier", text));
            }
            (_, multiplier) => {
                let length = multiplier.map_or(Some(seconds), |times| times.get().checked_mul(seconds));
                let length = length.filter(|length| *length <= LONGEST);
                Unit::Seconds(length.ok_or_else(|| {
                    Problem::new("unit_multiplier", "expected a window of 366 days at most")
                })?)
            }
        };
        Ok(Limit::Window(Window::new(self.requests_per_unit, unit, Rc::clone(epoch))))
    }
}

/// The one limit of two that may be given.
pub(crate) fn build(
    bucket: Option<&BucketConfig>,
    window: Option<&WindowConfig>,
    epoch: &Rc<Cell<u64>>,
) -> Result<Limit, Problem> {
    match (bucket, window) {
        (Some(bucket), None) => bucket.build().map_err(|problem| problem.inside("token_bucket")),
        (None, Some(window)) => window.build(epoch).map_err(|problem| problem.inside("fixed_window")),
        _ => Err(Problem::new("", "expected one of `token_bucket` and `fixed_window`")),
    }
}
