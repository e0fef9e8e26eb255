//! What may be changed at all: Envoy's `HeaderMutationRules`, and bounds.

use crate::safety::Safety;
use mesh_filter_policy::{Problem, RegexConfig};
use serde::Deserialize;

/// Bounds of what may be asked for: proxies refuse headers of more than 60 KiB by default.
const LARGEST: u32 = 64 * 1024;

/// Envoy's `HeaderMutationRules`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MutationRulesConfig {
    #[serde(default)]
    allow_all_routing: bool,
    #[serde(default)]
    allow_envoy: bool,
    #[serde(default)]
    disallow_system: bool,
    #[serde(default)]
    disallow_all: bool,
    allow_expression: Option<RegexConfig>,
    disallow_expression: Option<RegexConfig>,
    #[serde(default)]
    disallow_is_error: bool,
}

/// How large what is written may be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsConfig {
    #[serde(default = "longest_value")]
    max_value_bytes: u32,
    #[serde(default = "most_added")]
    max_added_bytes: u32,
}

fn longest_value() -> u32 {
    8 * 1024
}

fn most_added() -> u32 {
    32 * 1024
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { max_value_bytes: longest_value(), max_added_bytes: most_added() }
    }
}

impl MutationRulesConfig {
    pub(super) fn build(&self, limits: &LimitsConfig) -> Result<Safety, Problem> {
        let expression = |place: &str, regex: &Option<RegexConfig>| {
            let built = regex.as_ref().map(RegexConfig::whole).transpose();
            built.map_err(|problem| problem.inside(&format!("mutation_rules.{place}")))
        };
        let bytes = |field: &str, value: u32| match usize::try_from(value) {
            Ok(bytes) if (1..=LARGEST).contains(&value) => Ok(bytes),
            _ => Err(Problem::new(format!("limits.{field}"), format!("expected 1 to {LARGEST}"))),
        };
        Ok(Safety {
            allow_routing: self.allow_all_routing,
            allow_envoy: self.allow_envoy,
            disallow_system: self.disallow_system,
            disallow_all: self.disallow_all,
            allow: expression("allow_expression", &self.allow_expression)?,
            disallow: expression("disallow_expression", &self.disallow_expression)?,
            is_error: self.disallow_is_error,
            longest_value: bytes("max_value_bytes", limits.max_value_bytes)?,
            most_added: bytes("max_added_bytes", limits.max_added_bytes)?,
        })
    }
}
