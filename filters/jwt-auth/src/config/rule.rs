//! Envoy's `RequirementRule`: the requests that it is for, and what they need.

use super::authorization::AuthorizationConfig;
use super::requirement::RequirementConfig;
use crate::rules::Rule;
use mesh_filter_policy::{Enforcement, MatchConfig, Named, Problem};
use serde::Deserialize;

/// A rule. One without requirement lets its requests through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleConfig {
    r#match: MatchConfig,
    requires: Option<RequirementConfig>,
    requirement_name: Option<String>,
    authorization: Option<AuthorizationConfig>,
    enforcement: Option<Enforcement>,
}

impl RuleConfig {
    pub(crate) fn build(
        &self,
        named: &Named<RequirementConfig>,
        providers: &[&str],
        enforcement: Enforcement,
    ) -> Result<Rule, Problem> {
        let matches = self.r#match.build().map_err(|problem| problem.inside("match"))?;
        let requires = match (&self.requires, &self.requirement_name) {
            (Some(requirement), None) => Some((requirement, "requires")),
            (None, Some(name)) => {
                let unknown =
                    || Problem::new("requirement_name", format!("`requirement_map` has no `{name}`"));
                Some((named.get(name).ok_or_else(unknown)?, "requirement_name"))
            }
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err(Problem::new("", "expected one of `requires` and `requirement_name`"));
            }
        };
        let requires = requires.map(|(requirement, place)| {
            requirement.build(providers).map_err(|problem| problem.inside(place))
        });
        let authorization = self.authorization.as_ref().map(AuthorizationConfig::build).transpose();
        let authorization = authorization.map_err(|problem| problem.inside("authorization"))?;
        let requires = requires.transpose()?;
        if requires.is_none() && authorization.is_some() {
            return Err(Problem::new(
                "authorization",
                "there is no `requires`, so there is no token to look at",
            ));
        }
        if requires.is_none() && self.enforcement.is_some() {
            return Err(Problem::new("enforcement", "there is no `requires`, so nothing is refused"));
        }
        let shadow = self.enforcement.unwrap_or(enforcement).is_shadow();
        Ok(Rule { matches, requires, authorization, shadow })
    }
}
