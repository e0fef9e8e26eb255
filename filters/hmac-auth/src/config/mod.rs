//! The filter's configuration. Reading refuses unknown fields and wrong types; building it refuses what cannot be meant, and
//! secrets that are not there. Both name the place.

mod keys;
mod scheme;
mod sign;
mod verify;

use crate::keys::{Key, Secret};
use crate::nonces::Nonces;
use crate::refusal::Manner;
use crate::scheme::{DigestRule, Scheme};
use crate::sign::Sign;
use crate::verify::{Nonce, Verify};
use keys::KeyConfig;
use mesh_filter::{HeaderName, Setup, random};
use mesh_filter_policy::{Enforcement, MatchConfig, Owned, Problem, RouteMatch};
use serde::Deserialize;
use sign::SignConfig;
use std::time::Duration;
use verify::VerifyConfig;

/// Unless it is set: how many requests are remembered.
const NONCES: u32 = 65_536;
/// As many take about 20 MiB of the proxy's memory.
const MOST_NONCES: u32 = 1 << 20;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    keys: Vec<KeyConfig>,
    #[serde(default)]
    rules: Vec<RuleConfig>,
    #[serde(default)]
    sign: Vec<SignConfig>,
    consumer_header: Option<HeaderName>,
    nonce_cache_entries: Option<u32>,
    #[serde(default)]
    default: Unmatched,
    #[serde(default)]
    enforcement: Enforcement,
    #[serde(default)]
    strip_failure_response: bool,
    realm: Option<String>,
    pub(crate) stat_prefix: Option<String>,
}

/// Requests, and how they are verified. Without that they are public.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleConfig {
    r#match: MatchConfig,
    verify: Option<VerifyConfig>,
    enforcement: Option<Enforcement>,
}

/// What becomes of requests that no rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unmatched {
    /// They pass.
    #[default]
    Allow,
    /// They get 403.
    Deny,
}

/// What requests are judged by, and signed by.
pub(crate) struct Policy {
    pub(crate) keys: Vec<Key>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) sign: Vec<Sign>,
    pub(crate) consumer_header: Option<HeaderName>,
    /// Headers that only this filter sets.
    pub(crate) owned: Owned,
    pub(crate) unmatched: Unmatched,
    /// Whether refusals of requests that no rule matches are only counted.
    pub(crate) shadow: bool,
    pub(crate) manner: Manner,
    /// Is compared with where there is no secret.
    pub(crate) stand_in: Secret,
    pub(crate) nonces: Option<Nonces>,
}

/// A rule.
pub(crate) struct Rule {
    pub(crate) matches: RouteMatch,
    /// Nothing where these requests are public.
    pub(crate) verify: Option<Verify>,
    /// Whether refusals are only counted.
    pub(crate) shadow: bool,
    /// Headers that tell clients how to sign.
    pub(crate) demand: Vec<(&'static str, String)>,
}

impl Config {
    /// Makes everything that requests are judged and signed by, or says what cannot be.
    pub(crate) fn build(self, setup: &mut Setup) -> mesh_filter::Result<Policy> {
        if self.rules.is_empty() && self.sign.is_empty() && self.default == Unmatched::Allow {
            return Err(
                Problem::new("rules", "there is no rule, so nothing would be verified or signed").into()
            );
        }
        if let Some(realm) = &self.realm
            && (realm.chars().any(char::is_control) || realm.contains(['"', '\\']) || !realm.is_ascii())
        {
            return Err(Problem::new("realm", "expected printable ASCII without `\"` and `\\`").into());
        }
        let keys = keys::build(self.keys, setup)?;
        let can_hold = setup.environment_variable("MESH_FILTER_HOLD_HEADERS").as_deref() == Some("1");
        let tells_consumer = self.consumer_header.is_some();
        let mut rules = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let built = rule.build(&keys, can_hold, tells_consumer, self.enforcement);
            rules.push(built.map_err(|problem| problem.inside(&format!("rules[{index}]")))?);
        }
        if let Some(header) = &self.consumer_header
            && let Some(index) = rules.iter().position(|rule| rule.reads(header))
        {
            let text = format!(
                "only this filter sets `{header}`, and removes it first: it cannot be part of a signature"
            );
            return Err(Problem::new(format!("rules[{index}].verify"), text).into());
        }
        let mut sign = Vec::new();
        for (index, signed) in self.sign.iter().enumerate() {
            let built = signed.build(&keys, can_hold, setup);
            sign.push(built.map_err(|problem| problem.inside(&format!("sign[{index}]")))?);
        }
        let shadow = self.enforcement.is_shadow();
        Ok(Policy {
            nonces: nonces(self.nonce_cache_entries, &rules)?,
            keys,
            rules,
            sign,
            owned: Owned::new(self.consumer_header.iter()),
            consumer_header: self.consumer_header,
            unmatched: self.default,
            shadow,
            manner: Manner { strip: self.strip_failure_response, realm: self.realm },
            stand_in: Secret::new(random::bytes::<32>()?.to_vec(), None, None, false),
        })
    }
}

/// The table of requests, if a rule has one. All rules share it: a request that is sent again stays the same under another rule.
fn nonces(entries: Option<u32>, rules: &[Rule]) -> Result<Option<Nonces>, Problem> {
    let remembered =
        rules.iter().filter_map(|rule| rule.verify.as_ref()).filter(|verify| verify.nonce != Nonce::Off);
    let window = remembered.map(|verify| verify.max_age).max();
    match (window, entries) {
        (None, Some(_)) => {
            Err(Problem::new("nonce_cache_entries", "no rule has `nonce`, so no request is remembered"))
        }
        (_, Some(entries)) if !(1..=MOST_NONCES).contains(&entries) => {
            Err(Problem::new("nonce_cache_entries", format!("expected 1 to {MOST_NONCES}")))
        }
        (window, entries) => {
            Ok(window.map(|window: Duration| Nonces::new(entries.unwrap_or(NONCES), window)))
        }
    }
}

impl RuleConfig {
    fn build(
        &self,
        keys: &[Key],
        can_hold: bool,
        tells_consumer: bool,
        enforcement: Enforcement,
    ) -> Result<Rule, Problem> {
        let matches = self.r#match.build().map_err(|problem| problem.inside("match"))?;
        if self.verify.is_none() && self.enforcement.is_some() {
            return Err(Problem::new("enforcement", "there is no `verify`, so nothing is refused"));
        }
        let verify = self.verify.as_ref().map(|verify| verify.build(keys, can_hold, tells_consumer));
        let verify = verify.transpose().map_err(|problem| problem.inside("verify"))?;
        let demand = match verify.as_ref().map(|verify| &verify.scheme) {
            Some(Scheme::Rfc9421(scheme)) => {
                let digest = matches!(scheme.digest, DigestRule::Required | DigestRule::WithBody);
                vec![("accept-signature", scheme.demand(digest))]
            }
            _ => Vec::new(),
        };
        Ok(Rule { matches, verify, shadow: self.enforcement.unwrap_or(enforcement).is_shadow(), demand })
    }
}

impl Rule {
    /// Whether a header is part of what is verified.
    fn reads(&self, header: &HeaderName) -> bool {
        let own = Owned::new([header]);
        let names = self.verify.iter().flat_map(|verify| verify.scheme.reads());
        names.filter_map(|name| HeaderName::new(name).ok()).any(|name| own.contains(&name))
    }
}
