//! Envoy's `RequirementRule`: the requests that it is for, and what they need.

use super::Problem;
use super::matcher::MatchConfig;
use super::requirement::RequirementConfig;
use crate::rules::Rule;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A rule. One without requirement lets its requests through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleConfig {
    r#match: MatchConfig,
    requires: Option<RequirementConfig>,
    requirement_name: Option<String>,
}

impl RuleConfig {
    pub(crate) fn build(
        &self,
        named: &BTreeMap<&str, &RequirementConfig>,
        providers: &[&str],
    ) -> Result<Rule, Problem> {
        let matches = self.r#match.build().map_err(|problem| problem.inside("match"))?;
        let requires = match (&self.requires, &self.requirement_name) {
            (Some(requirement), None) => Some((requirement, "requires")),
            (None, Some(name)) => {
                let unknown =
                    || Problem::new("requirement_name", format!("`requirement_map` has no `{name}`"));
                Some((*named.get(name.as_str()).ok_or_else(unknown)?, "requirement_name"))
            }
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err(Problem::new("", "expected one of `requires` and `requirement_name`"));
            }
        };
        let requires = requires.map(|(requirement, place)| {
            requirement.build(providers).map_err(|problem| problem.inside(place))
        });
        Ok(Rule { matches, requires: requires.transpose()? })
    }
}
