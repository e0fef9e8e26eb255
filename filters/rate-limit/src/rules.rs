//! Rules: which requests they are for, whose key and limit they find for them.

use crate::keys::{Action, Entry, Facts, Pattern, bytes, entries};
use crate::limit::Limit;
use crate::metrics::RuleMetrics;
use crate::service::Descriptor;
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

/// Where a rule counts.
#[derive(Debug)]
pub(crate) enum Scope {
    Local(Local),
    /// In the rate limit service, which has the limits.
    Global,
}

/// How this proxy counts, and up to what.
#[derive(Debug)]
pub(crate) struct Local {
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

/// A rule of this proxy with what it found for a request.
#[derive(Debug)]
pub(crate) struct Keyed<'p> {
    pub(crate) rule: &'p Rule,
    pub(crate) local: &'p Local,
    pub(crate) limit: &'p Limit,
    pub(crate) client: Client,
    pub(crate) hits: u32,
}

/// A rule of the service with what it is asked about a request.
#[derive(Debug)]
pub(crate) struct Asked<'p> {
    pub(crate) rule: &'p Rule,
    pub(crate) descriptor: Descriptor,
    pub(crate) key: Vec<u8>,
}

/// The rules that are for a request.
#[derive(Debug, Default)]
pub(crate) struct Found<'p> {
    pub(crate) local: Vec<Keyed<'p>>,
    pub(crate) global: Vec<Asked<'p>>,
}

impl<'p> Found<'p> {
    /// Adds the rule if it is for this request.
    pub(crate) fn add(&mut self, rule: &'p Rule, facts: &Facts<'_>) {
        if rule.matches.as_ref().is_some_and(|matches| !matches.matches(facts.request)) {
            return;
        }
        let Some(entries) = entries(&rule.actions, facts) else { return };
        if rule.exempt.iter().any(|pattern| pattern.matches(&entries)) {
            return;
        }
        let (key, hits) = (bytes(&entries), rule.hits.of(facts.request));
        match &rule.scope {
            Scope::Local(local) => {
                let limit = local.limit(&entries);
                let client = local.table.client(&key, limit.kind());
                self.local.push(Keyed { rule, local, limit, client, hits });
            }
            Scope::Global => {
                let owned = |entry: Entry<'_>| (entry.key.to_owned(), entry.value.into_owned());
                let descriptor = Descriptor { entries: entries.into_iter().map(owned).collect(), hits };
                self.global.push(Asked { rule, descriptor, key });
            }
        }
    }
}

impl Local {
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
