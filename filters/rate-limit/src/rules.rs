//! Rules: which requests they are for, whose key and limit they find for them.

use crate::keys::{Action, Entry, Facts, Pattern, bytes, entries};
use crate::limit::Limit;
use crate::metrics::RuleMetrics;
use crate::table::{Client, Table};
use mesh_filter::{HeaderName, Request};
use mesh_filter_policy::RouteMatch;

/// Which requests, told apart by what, may come how often.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// These requests; all where there is none.
    pub(crate) matches: Option<RouteMatch>,
    pub(crate) actions: Vec<Action>,
    /// Keys that are not limited.
    pub(crate) exempt: Vec<Pattern>,
    pub(crate) hits: Hits,
    pub(crate) scope: Scope,
    /// Whether what is too much is only counted.
    pub(crate) shadow: bool,
    pub(crate) metrics: RuleMetrics,
}

/// Where a rule counts, and up to what.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) limit: Limit,
    pub(crate) overrides: Vec<Override>,
    pub(crate) table: Table,
}

/// Another limit for some keys.
#[derive(Debug)]
pub(crate) struct Override {
    pub(crate) pattern: Pattern,
    pub(crate) limit: Limit,
}

/// For how many a request counts.
#[derive(Debug)]
pub(crate) enum Hits {
    Number(u32),
    /// The number in this header; one where there is none.
    Header(HeaderName),
}

/// A rule with what it found for a request.
#[derive(Debug)]
pub(crate) struct Keyed<'r> {
    pub(crate) rule: &'r Rule,
    pub(crate) limit: &'r Limit,
    pub(crate) client: Client,
    pub(crate) hits: u32,
}

impl Rule {
    /// What the rule has for a request; `None` if it is not for it.
    pub(crate) fn keyed(&self, facts: &Facts<'_>) -> Option<Keyed<'_>> {
        if self.matches.as_ref().is_some_and(|matches| !matches.matches(facts.request)) {
            return None;
        }
        let entries = entries(&self.actions, facts)?;
        if self.exempt.iter().any(|pattern| pattern.matches(&entries)) {
            return None;
        }
        let limit = self.scope.limit(&entries);
        let client = self.scope.table.client(&bytes(&entries), limit);
        Some(Keyed { rule: self, limit, client, hits: self.hits.of(facts.request) })
    }
}

impl Scope {
    /// The first override for this key, or the rule's own limit.
    fn limit(&self, entries: &[Entry<'_>]) -> &Limit {
        let other = self.overrides.iter().find(|other| other.pattern.matches(entries));
        other.map_or(&self.limit, |other| &other.limit)
    }
}

impl Hits {
    fn of(&self, request: &Request) -> u32 {
        match self {
            Self::Number(number) => *number,
            Self::Header(name) => {
                let text = request.headers().get(name).and_then(|value| value.as_str().ok());
                text.and_then(|text| text.parse().ok()).unwrap_or(1)
            }
        }
    }
}
