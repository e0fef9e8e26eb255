//! Counters of what becomes of requests, of all and of each rule.

use mesh_filter::prelude::*;

/// The filter's metrics, below `rate_limit.`, or `rate_limit.PREFIX.` where there is a prefix.
pub(crate) struct Metrics {
    /// Requests that were looked at.
    pub(crate) enabled: Counter,
    /// Those that were not too many.
    pub(crate) ok: Counter,
    /// Those that were, by at least one rule, whatever became of them.
    pub(crate) rate_limited: Counter,
    /// Those of them that were refused.
    pub(crate) enforced: Counter,
    /// Requests that no rule is for by `exempt`.
    pub(crate) exempt: Counter,
    /// Writes that were tried again because another worker wrote at the same time.
    pub(crate) cas_retry: Counter,
    /// Counts that could not be written at all.
    pub(crate) contention: Counter,
    /// Questions to the rate limit service without an answer.
    pub(crate) rls_error: Counter,
    /// Those that let the request pass.
    pub(crate) failure_mode_allowed: Counter,
}

impl Metrics {
    pub(crate) fn new(setup: &mut Setup, prefix: &str) -> Result<Self> {
        let mut counter = |name: &str| setup.counter(&format!("{prefix}{name}"));
        Ok(Self {
            enabled: counter("enabled")?,
            ok: counter("ok")?,
            rate_limited: counter("rate_limited")?,
            enforced: counter("enforced")?,
            exempt: counter("exempt")?,
            cas_retry: counter("cas_retry")?,
            contention: counter("contention")?,
            rls_error: counter("rls_error")?,
            failure_mode_allowed: counter("failure_mode_allowed")?,
        })
    }
}

/// What becomes of the requests that a rule is for, below `rule.NAME.`.
#[derive(Debug)]
pub(crate) struct RuleMetrics {
    /// Requests that were counted.
    pub(crate) ok: Counter,
    /// Requests that were too many.
    pub(crate) rate_limited: Counter,
    /// Those of them that passed, because the rule is in the shadow or was not enforced.
    pub(crate) shadow: Counter,
    /// Requests of clients for which there was no place.
    pub(crate) overflow: Counter,
}

impl RuleMetrics {
    pub(crate) fn new(setup: &mut Setup, prefix: &str, rule: &str) -> Result<Self> {
        let mut counter = |name: &str| setup.counter(&format!("{prefix}rule.{rule}.{name}"));
        Ok(Self {
            ok: counter("ok")?,
            rate_limited: counter("rate_limited")?,
            shadow: counter("shadow")?,
            overflow: counter("overflow")?,
        })
    }
}
