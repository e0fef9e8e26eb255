//! One rule: which requests, told apart by what, may come how often.

use super::Needs;
use super::action::ActionConfig;
use super::limit::{self, BucketConfig, WindowConfig};
use crate::keys::Pattern;
use crate::rules::{Hits, Override, Rule, Scope};
use crate::table::{Overflow, Store, Table};
use mesh_filter::shared::Pages;
use mesh_filter_policy::{MatchConfig, Problem};
use serde::Deserialize;
use std::num::NonZeroU32;
use std::rc::Rc;

/// Envoy's `RateLimit`, with the limit itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleConfig {
    pub(crate) name: String,
    #[serde(rename = "match")]
    matches: Option<MatchConfig>,
    actions: Vec<ActionConfig>,
    token_bucket: Option<BucketConfig>,
    fixed_window: Option<WindowConfig>,
    #[serde(default)]
    overrides: Vec<OverrideConfig>,
    #[serde(default)]
    exempt: Vec<EntriesConfig>,
    hits_addend: Option<HitsConfig>,
    #[serde(default)]
    scope: ScopeConfig,
    slots: Option<NonZeroU32>,
    #[serde(default)]
    overflow: Overflow,
    #[serde(default)]
    shadow_mode: bool,
}

/// Who counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeConfig {
    /// The requests of one worker.
    Worker,
    /// Those of all workers of a proxy.
    #[default]
    Process,
}

/// Another limit for some keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideConfig {
    entries: Vec<EntryConfig>,
    token_bucket: Option<BucketConfig>,
    fixed_window: Option<WindowConfig>,
}

/// Keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntriesConfig {
    entries: Vec<EntryConfig>,
}

/// Envoy's `RateLimitDescriptor.Entry`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryConfig {
    key: String,
    value: Option<String>,
}

/// Envoy's `HitsAddend`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HitsConfig {
    number: Option<u32>,
    format: Option<String>,
}

/// Clients that are told apart at the same time.
const SLOTS: u32 = 16_384;
/// The largest table: 42 MiB of shared data.
const MOST_SLOTS: u32 = 1 << 20;

impl RuleConfig {
    pub(crate) fn build(&self, needs: &mut Needs<'_>) -> Result<Rule, Problem> {
        if !is_name(&self.name) {
            return Err(Problem::new("name", "expected up to 64 letters, digits, `_` and `-`"));
        }
        let matches = self.matches.as_ref().map(MatchConfig::build).transpose();
        let mut actions = Vec::new();
        for (index, action) in self.actions.iter().enumerate() {
            actions.push(action.build().map_err(|problem| problem.inside(&format!("actions[{index}]")))?);
        }
        let keys: Vec<&str> = actions.iter().map(|action| action.key.as_str()).collect();
        let mut exempt = Vec::new();
        for (index, entries) in self.exempt.iter().enumerate() {
            let built = pattern(&entries.entries, &keys);
            exempt.push(built.map_err(|problem| problem.inside(&format!("exempt[{index}]")))?);
        }
        let scope = self.local(&keys, needs)?;
        let hits = match &self.hits_addend {
            None => Hits::Number(1),
            Some(hits) => hits.build().map_err(|problem| problem.inside("hits_addend"))?,
        };
        Ok(Rule {
            metrics: needs.metrics(&self.name)?,
            name: self.name.clone(),
            matches: matches.map_err(|problem| problem.inside("match"))?,
            actions,
            exempt,
            hits,
            scope,
            shadow: self.shadow_mode,
        })
    }

    fn local(&self, keys: &[&str], needs: &mut Needs<'_>) -> Result<Scope, Problem> {
        let epoch = Rc::clone(&needs.epoch);
        let limit = limit::build(self.token_bucket.as_ref(), self.fixed_window.as_ref(), &epoch)?;
        let mut overrides = Vec::new();
        for (index, other) in self.overrides.iter().enumerate() {
            let built = pattern(&other.entries, keys).and_then(|pattern| {
                let limit = limit::build(other.token_bucket.as_ref(), other.fixed_window.as_ref(), &epoch)?;
                Ok(Override { pattern, limit })
            });
            overrides.push(built.map_err(|problem| problem.inside(&format!("overrides[{index}]")))?);
        }
        let windows =
            self.fixed_window.is_some() || self.overrides.iter().any(|other| other.fixed_window.is_some());
        needs.windows |= windows;
        let slots = self.slots.map_or(SLOTS, NonZeroU32::get);
        if slots > MOST_SLOTS {
            return Err(Problem::new("slots", format!("expected 1 to {MOST_SLOTS}")));
        }
        let groups = Table::groups(slots);
        let store = match self.scope {
            ScopeConfig::Worker => Store::worker(groups),
            // The size is part of the name: in a table of another size clients have other places.
            ScopeConfig::Process => Store::Process(Pages::new(&format!("{}/{groups}", self.name))),
        };
        let table = Table { store, groups, secret: needs.secret()?, overflow: self.overflow };
        Ok(Scope { limit, overrides, table })
    }
}

impl HitsConfig {
    fn build(&self) -> Result<Hits, Problem> {
        match (self.number, &self.format) {
            (Some(number), None) => Ok(Hits::Number(number)),
            (None, Some(format)) => {
                let name = format.strip_prefix("%REQ(").and_then(|rest| rest.strip_suffix(")%"));
                let name = name.and_then(|name| mesh_filter::HeaderName::new(name).ok());
                name.map(Hits::Header).ok_or_else(|| Problem::new("format", "expected `%REQ(name)%`"))
            }
            _ => Err(Problem::new("", "expected one of `number` and `format`")),
        }
    }
}

fn pattern(entries: &[EntryConfig], keys: &[&str]) -> Result<Pattern, Problem> {
    if entries.is_empty() {
        return Err(Problem::new("entries", "expected at least one"));
    }
    if let Some((index, entry)) = entries.iter().enumerate().find(|(_, entry)| !keys.contains(&&*entry.key)) {
        let text = format!("no action of this rule has the key `{}`", entry.key);
        return Err(Problem::new(format!("entries[{index}].key"), text));
    }
    Ok(Pattern::new(entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()))
}

/// Whether this can be part of a metric's name, and of headers.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}
