//! Counters of what was not done. What was done is not counted: that would be a hostcall for each exchange.

use mesh_filter::prelude::*;

/// The filter's metrics, below `header_rewrite.`, or `header_rewrite.PREFIX.` where there is a prefix.
pub(crate) struct Metrics {
    /// Changes that were not made: the name may not be changed, or the value cannot be.
    pub(crate) rejected: Counter,
    /// Requests that were refused, because path or authority could not be.
    pub(crate) target: Counter,
    /// Exchanges that were ended, because of `disallow_is_error`.
    pub(crate) error: Counter,
}

impl Metrics {
    pub(crate) fn new(setup: &mut Setup, prefix: Option<&str>) -> Result<Self> {
        let prefix = mesh_filter_policy::metrics_prefix("header_rewrite", prefix)?;
        let mut counter = |name: &str| setup.counter(&format!("{prefix}{name}"));
        Ok(Self {
            rejected: counter("rejected_header_mutations")?,
            target: counter("rejected_targets")?,
            error: counter("mutation_errors")?,
        })
    }
}
