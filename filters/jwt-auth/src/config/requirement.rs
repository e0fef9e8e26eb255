//! Envoy's `JwtRequirement`: a tree whose leaves are providers.

use crate::rules::{Allowance, Requirement};
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// How deep requirements may lie inside each other.
const DEEPEST: usize = 8;

/// Envoy's `JwtRequirement`: one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum RequirementConfig {
    ProviderName(String),
    ProviderAndAudiences(ProviderAndAudiences),
    RequiresAny(Several),
    RequiresAll(Several),
    AllowMissing(Nothing),
    AllowMissingOrFailed(Nothing),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderAndAudiences {
    provider_name: String,
    audiences: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Several {
    requirements: Vec<RequirementConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl RequirementConfig {
    /// The requirement, with the places of providers among these names.
    pub(crate) fn build(&self, names: &[&str]) -> Result<Requirement, Problem> {
        let mut scope = Vec::new();
        self.collect(names, &mut scope);
        if scope.is_empty() {
            // It is about the tokens of all providers, as in Envoy.
            scope = (0..names.len()).collect();
        }
        self.node(names, &scope, DEEPEST)
    }

    /// The providers that are named here.
    fn collect(&self, names: &[&str], scope: &mut Vec<usize>) {
        match self {
            Self::ProviderName(name)
            | Self::ProviderAndAudiences(ProviderAndAudiences { provider_name: name, .. }) => {
                scope.extend(names.iter().position(|known| known == name));
            }
            Self::RequiresAny(several) | Self::RequiresAll(several) => {
                several.requirements.iter().for_each(|member| member.collect(names, scope));
            }
            Self::AllowMissing(_) | Self::AllowMissingOrFailed(_) => {}
        }
    }

    fn node(&self, names: &[&str], scope: &[usize], depth: usize) -> Result<Requirement, Problem> {
        let provider = |place: &str, name: &str| {
            let found = names.iter().position(|known| *known == name);
            found.ok_or_else(|| {
                Problem::new(place, format!("there is no provider `{name}`; there are: {}", list(names)))
            })
        };
        match self {
            Self::ProviderName(name) => {
                Ok(Requirement::Provider { provider: provider("provider_name", name)?, audiences: None })
            }
            Self::ProviderAndAudiences(both) => {
                if both.audiences.is_empty() {
                    return Err(Problem::new("provider_and_audiences.audiences", "expected at least one"));
                }
                let provider = provider("provider_and_audiences.provider_name", &both.provider_name)?;
                Ok(Requirement::Provider { provider, audiences: Some(both.audiences.clone()) })
            }
            Self::RequiresAny(several) => any(&several.requirements, names, scope, depth),
            Self::RequiresAll(several) => {
                let members = members("requires_all", &several.requirements, names, scope, depth);
                members.map(Requirement::All)
            }
            // Alone it is about whatever token there is.
            Self::AllowMissing(_) | Self::AllowMissingOrFailed(_) => {
                let member =
                    |provider: &usize| Requirement::Provider { provider: *provider, audiences: None };
                Ok(Requirement::Any {
                    members: scope.iter().map(member).collect(),
                    allowance: self.allowance(scope),
                })
            }
        }
    }

    fn allowance(&self, scope: &[usize]) -> Allowance {
        match self {
            Self::AllowMissing(_) => Allowance::Missing(scope.to_vec()),
            Self::AllowMissingOrFailed(_) => Allowance::MissingOrFailed,
            _ => Allowance::None,
        }
    }
}

/// `requires_any`: an allowance among the members is what remains when all others have failed, wherever it stands.
fn any(
    all: &[RequirementConfig],
    names: &[&str],
    scope: &[usize],
    depth: usize,
) -> Result<Requirement, Problem> {
    let built = members("requires_any", all, names, scope, depth)?;
    let allowances = || all.iter().map(|member| member.allowance(scope));
    let allowance = match allowances().any(|allowance| allowance == Allowance::MissingOrFailed) {
        true => Allowance::MissingOrFailed,
        false => allowances().find(|allowance| *allowance != Allowance::None).unwrap_or(Allowance::None),
    };
    let pairs = built.into_iter().zip(allowances());
    let mut members: Vec<_> =
        pairs.filter(|(_, allowance)| *allowance == Allowance::None).map(|(member, _)| member).collect();
    if members.is_empty() {
        members = scope
            .iter()
            .map(|provider| Requirement::Provider { provider: *provider, audiences: None })
            .collect();
    }
    Ok(Requirement::Any { members, allowance })
}

fn members(
    place: &str,
    all: &[RequirementConfig],
    names: &[&str],
    scope: &[usize],
    depth: usize,
) -> Result<Vec<Requirement>, Problem> {
    let inside = format!("{place}.requirements");
    let depth =
        depth.checked_sub(1).ok_or_else(|| Problem::new(&inside, "requirements are nested too deep"))?;
    if all.is_empty() {
        return Err(Problem::new(inside, "expected at least one"));
    }
    let build = |(index, member): (usize, &RequirementConfig)| {
        let built = member.node(names, scope, depth);
        built.map_err(|problem| problem.inside(&format!("{inside}[{index}]")))
    };
    all.iter().enumerate().map(build).collect()
}

fn list(names: &[&str]) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
