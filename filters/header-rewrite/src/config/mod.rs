//! The configuration: Envoy's names for what Envoy has, read strictly, then made into what exchanges are changed by.
//!
//! Reading refuses unknown fields and wrong types; `build` in each part refuses what cannot be meant. Both name the place.

mod conditions;
mod mutation;
mod parameter;
mod rule;
mod safety;

use crate::claims::Source;
use crate::rules::Policy;
use crate::safety::Safety;
use crate::template::{Names, Operator, Phase, Template};
use mesh_filter::HeaderName;
use mesh_filter_policy::{Problem, build_all};
use regex_lite::Regex;
use rule::RuleConfig;
use safety::{LimitsConfig, MutationRulesConfig};
use serde::Deserialize;
use std::cell::{Cell, RefCell};

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    rules: Vec<RuleConfig>,
    #[serde(default)]
    mutation_rules: MutationRulesConfig,
    #[serde(default)]
    limits: LimitsConfig,
    claims: Option<ClaimsConfig>,
    pub(crate) stat_prefix: Option<String>,
}

/// Where claims are that somebody else has verified: one of these, by its name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClaimsConfig {
    PayloadHeader(String),
    TokenHeader(TokenHeaderConfig),
    PayloadInMetadata(MetadataConfig),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenHeaderConfig {
    name: String,
    #[serde(default)]
    value_prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetadataConfig {
    namespace: String,
    key: Option<String>,
}

/// What the parts of a rule need to know of each other while they are built.
struct Scope<'c> {
    phase: Phase,
    /// The expression that matches the rule's paths.
    expression: Option<&'c Regex>,
    captured: &'c Cell<bool>,
    claims: bool,
    variable: &'c dyn Fn(&str) -> Option<String>,
    safety: &'c Safety,
    /// What templates for the response need to know of the request.
    saved: &'c RefCell<Vec<Operator>>,
}

impl Config {
    /// Makes everything that exchanges are changed by, or says what cannot be.
    pub(crate) fn build(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Policy, Problem> {
        if self.rules.is_empty() {
            return Err(Problem::new("rules", "there is no rule, so nothing would ever change"));
        }
        let safety = self.mutation_rules.build(&self.limits)?;
        let claims = self.claims.as_ref().map(ClaimsConfig::build).transpose();
        let claims = claims.map_err(|problem| problem.inside("claims"))?;
        let rules = build_all("rules", &self.rules, |rule| rule.build(claims.is_some(), variable, &safety))?;
        Ok(Policy { rules, safety, claims })
    }
}

impl ClaimsConfig {
    fn build(&self) -> Result<Source, Problem> {
        Ok(match self {
            Self::PayloadHeader(name) => Source::Payload(header_name("payload_header", name)?),
            Self::TokenHeader(header) => {
                Source::Token(header_name("token_header.name", &header.name)?, header.value_prefix.clone())
            }
            Self::PayloadInMetadata(metadata) => {
                let key = metadata.key.as_ref().map(|key| format!("\0{key}")).unwrap_or_default();
                Source::Metadata(format!("metadata\0filter_metadata\0{}{key}", metadata.namespace))
            }
        })
    }
}

impl Scope<'_> {
    /// The template that stands in this field; `default` is what stands in its place where a value is missing.
    fn template(&self, place: &str, text: &str, default: Option<&str>) -> Result<Template, Problem> {
        let names = Names {
            phase: self.phase,
            expression: self.expression,
            captured: self.captured,
            claims: self.claims,
            variable: self.variable,
        };
        let problem = |text| Problem::new(place, text);
        let template = Template::new(text, &names, &mut self.saved.borrow_mut()).map_err(problem)?;
        match template.unset() {
            Some(variable) if default.is_none() => {
                let text = format!("the environment has no `{variable}`, and there is no `default_value`");
                Err(Problem::new(place, text))
            }
            _ => Ok(template),
        }
    }

    /// The header of this name, if it may be changed.
    fn name(&self, place: &str, name: &str) -> Result<String, Problem> {
        let problem = |text: String| Problem::new(place, text);
        let name = header_name(place, name)?;
        if name == "host" {
            return Err(problem("`host` is the authority: `host_rewrite` is for that".to_owned()));
        }
        match self.safety.refusal(&name) {
            Some(reason) => Err(problem(format!("`{name}` must not be changed: {reason}"))),
            None => Ok(name),
        }
    }
}

/// The name of a header, in lower case.
fn header_name(place: &str, name: &str) -> Result<String, Problem> {
    let name = HeaderName::new(name).map_err(|error| Problem::new(place, error.to_string()))?;
    Ok(name.as_str().to_owned())
}
