//! Operations on query parameters: Envoy's `KeyValueMutation`, and more.

use super::Scope;
use super::mutation::{PairConfig, RemoveOnMatchConfig};
use crate::editor::AppendAction;
use crate::parameter::ParameterOperation;
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// One of these, by its name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParameterConfig {
    Append(AppendConfig),
    Remove(String),
    RemoveOnMatch(RemoveOnMatchConfig),
    Rename(RenameConfig),
}

/// Envoy's `KeyValueAppend`, with a default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppendConfig {
    record: PairConfig,
    #[serde(default)]
    action: AppendAction,
    default_value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameConfig {
    from: String,
    to: String,
}

impl ParameterConfig {
    pub(super) fn build(&self, scope: &Scope<'_>) -> Result<ParameterOperation, Problem> {
        let (place, built) = match self {
            Self::Append(append) => ("append", append.build(scope)),
            Self::Remove(name) => ("remove", Ok(ParameterOperation::Remove(name.clone()))),
            Self::RemoveOnMatch(remove) => {
                ("remove_on_match", remove.build().map(ParameterOperation::RemoveOnMatch))
            }
            Self::Rename(RenameConfig { from, to }) => {
                ("rename", Ok(ParameterOperation::Rename { from: from.clone(), to: to.clone() }))
            }
        };
        built.map_err(|problem| problem.inside(place))
    }
}

impl AppendConfig {
    fn build(&self, scope: &Scope<'_>) -> Result<ParameterOperation, Problem> {
        if self.record.key.is_empty() {
            return Err(Problem::new("record.key", "expected a name"));
        }
        Ok(ParameterOperation::Append {
            name: self.record.key.clone(),
            value: scope.template("record.value", &self.record.value, self.default_value.as_deref())?,
            action: self.action,
            default: self.default_value.clone(),
        })
    }
}
