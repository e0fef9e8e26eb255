//! The configuration: Envoy's names for what Envoy has, read strictly, then made into what requests are judged by.
//!
//! Reading refuses unknown fields and wrong types; `build` in each part refuses what cannot be meant. Both name the place.

mod authorization;
mod keys;
mod provider;
mod requirement;
mod rule;

use crate::keys::Fetches;
use crate::provider::Provider;
use crate::rules::Rule;
use crate::token::Location;
use mesh_filter::Setup;
use mesh_filter_policy::{Enforcement, Named, Owned, Problem};
use provider::ProviderConfig;
use requirement::RequirementConfig;
use rule::RuleConfig;
use serde::Deserialize;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    providers: Named<ProviderConfig>,
    rules: Vec<RuleConfig>,
    #[serde(default)]
    requirement_map: Named<RequirementConfig>,
    #[serde(default)]
    default: Unmatched,
    #[serde(default)]
    enforcement: Enforcement,
    #[serde(default)]
    multiple_tokens: MultipleTokens,
    #[serde(default)]
    pub(crate) bypass_cors_preflight: bool,
    #[serde(default)]
    pub(crate) strip_failure_response: bool,
    #[serde(default)]
    pub(crate) failure_mode_allow: bool,
    #[serde(default)]
    pub(crate) realm: Option<String>,
    #[serde(default)]
    pub(crate) stat_prefix: Option<String>,
}

/// What becomes of requests that no rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unmatched {
    /// They pass, as in Envoy.
    #[default]
    Allow,
    /// They get 403.
    Deny,
}

/// What becomes of requests with several tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MultipleTokens {
    /// They pass if all are valid, as in Envoy.
    #[default]
    AllMustBeValid,
    /// They get 400 (RFC 6750, section 2).
    Reject,
}

/// What requests are judged by.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) providers: Vec<Provider>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) unmatched: Unmatched,
    /// Whether refusals of requests that no rule matches are only counted.
    pub(crate) shadow: bool,
    pub(crate) multiple: MultipleTokens,
}

impl Config {
    /// Makes everything that requests are judged by, or says what cannot be.
    pub(crate) fn build(&self, setup: &mut Setup, fetches: &Fetches) -> Result<Policy, Problem> {
        if self.rules.is_empty() && self.default == Unmatched::Allow {
            return Err(Problem::new("rules", "there is no rule, so no request would need a token"));
        }
        if let Some(realm) = &self.realm
            && (realm.chars().any(char::is_control) || realm.contains(['"', '\\']) || !realm.is_ascii())
        {
            return Err(Problem::new("realm", "expected printable ASCII without `\"` and `\\`"));
        }
        let mut providers = Vec::new();
        for (name, provider) in self.providers.iter() {
            let place = format!("providers.{name}");
            providers.push(provider.build(name, setup, fetches).map_err(|problem| problem.inside(&place))?);
        }
        own_headers(&providers)?;
        let names: Vec<&str> = self.providers.iter().map(|(name, _)| name.as_str()).collect();
        for (name, requirement) in self.requirement_map.iter() {
            // Those that no rule uses are checked as well.
            let built = requirement.build(&names);
            built.map_err(|problem| problem.inside(&format!("requirement_map.{name}")))?;
        }
        let mut rules = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let built = rule.build(&self.requirement_map, &names, self.enforcement);
            rules.push(built.map_err(|problem| problem.inside(&format!("rules[{index}]")))?);
        }
        Ok(Policy {
            providers,
            rules,
            unmatched: self.default,
            shadow: self.enforcement.is_shadow(),
            multiple: self.multiple_tokens,
        })
    }
}

/// Headers that this filter sets are removed from requests first, so tokens cannot stand in them.
fn own_headers(providers: &[Provider]) -> Result<(), Problem> {
    let headers = providers.iter().flat_map(|provider| &provider.locations).filter_map(Location::header);
    let read = Owned::new(headers);
    for provider in providers {
        if let Some(own) = provider.owned_headers().find(|own| read.contains(own)) {
            let text =
                format!("tokens are read from the header `{own}`, so no claim and no payload can go to it");
            return Err(Problem::new(format!("providers.{}", provider.name), text));
        }
    }
    Ok(())
}
