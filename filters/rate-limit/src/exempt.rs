//! Requests that no rule is for.

use crate::keys::{Facts, Range};
use mesh_filter_policy::RouteMatch;

/// Requests that no rule is for.
#[derive(Debug, Default)]
pub(crate) struct Exempt {
    /// Of these clients.
    pub(crate) ranges: Vec<Range>,
    /// Or like these.
    pub(crate) requests: Vec<RouteMatch>,
}

impl Exempt {
    pub(crate) fn is_for(&self, facts: &Facts<'_>) -> bool {
        let client = if self.ranges.is_empty() { None } else { facts.ip() };
        client.is_some_and(|ip| self.ranges.iter().any(|range| range.contains(ip)))
            || self.requests.iter().any(|request| request.matches(facts.request))
    }
}
