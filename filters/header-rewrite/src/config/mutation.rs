//! Operations on headers: Envoy's `HeaderMutation`, and more.

use super::{Scope, header_name};
use crate::editor::AppendAction;
use crate::operation::{Append, Dedupe, Letters, Operation, Pseudo, Strategy};
use crate::presets::Preset;
use crate::substitution::Rewrite;
use crate::template::Phase;
use mesh_filter_policy::{Problem, RegexConfig, Text, TextConfig};
use serde::Deserialize;

/// One of these, by its name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MutationConfig {
    Append(AppendConfig),
    Remove(String),
    RemoveOnMatch(RemoveOnMatchConfig),
    Rename(TransferConfig),
    Copy(TransferConfig),
    RegexRewrite(HeaderRegexConfig),
    Dedupe(DedupeConfig),
    Lower(String),
    Upper(String),
    Trim(String),
    Preset(Preset),
}

/// Envoy's `HeaderValueOption`, with a default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppendConfig {
    header: PairConfig,
    #[serde(default)]
    append_action: AppendAction,
    #[serde(default)]
    keep_empty_value: bool,
    default_value: Option<String>,
}

/// Envoy's `HeaderValue` and `KeyValuePair`: each type that is read has 2 KiB of the module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairConfig {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveOnMatchConfig {
    key_matcher: TextConfig,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferConfig {
    from: String,
    to: String,
    #[serde(default = "overwrite")]
    append_action: AppendAction,
}

fn overwrite() -> AppendAction {
    AppendAction::OverwriteIfExistsOrAdd
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderRegexConfig {
    header: String,
    pattern: RegexConfig,
    substitution: String,
    #[serde(default)]
    max: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DedupeConfig {
    header: String,
    #[serde(default)]
    strategy: Strategy,
    separator: Option<String>,
}

/// Envoy's `RegexMatchAndSubstitute`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegexRewriteConfig {
    pattern: RegexConfig,
    substitution: String,
}

impl RegexRewriteConfig {
    pub(super) fn build(&self) -> Result<Rewrite, Problem> {
        rewrite(&self.pattern, &self.substitution, 0)
    }
}

fn rewrite(pattern: &RegexConfig, substitution: &str, max: u32) -> Result<Rewrite, Problem> {
    let pattern = pattern.part().map_err(|problem| problem.inside("pattern"))?;
    Rewrite::new(pattern, substitution, usize::try_from(max).unwrap_or(0))
        .map_err(|text| Problem::new("substitution", text))
}

impl MutationConfig {
    /// Adds the operation to the others; a preset is several.
    pub(super) fn build(&self, scope: &Scope<'_>, operations: &mut Vec<Operation>) -> Result<(), Problem> {
        let (place, built) = match self {
            Self::Append(append) => ("append", append.build(scope)),
            Self::Remove(name) => ("remove", scope.name("", name).map(Operation::Remove)),
            Self::RemoveOnMatch(remove) => ("remove_on_match", remove.build().map(Operation::RemoveOnMatch)),
            Self::Rename(rename) => ("rename", rename.build(scope, false)),
            Self::Copy(copy) => ("copy", copy.build(scope, true)),
            Self::RegexRewrite(regex) => ("regex_rewrite", regex.build(scope)),
            Self::Dedupe(dedupe) => ("dedupe", dedupe.build(scope)),
            Self::Lower(name) => ("lower", letters(scope, name, Letters::Lower)),
            Self::Upper(name) => ("upper", letters(scope, name, Letters::Upper)),
            Self::Trim(name) => ("trim", letters(scope, name, Letters::Trim)),
            Self::Preset(preset) => {
                return all_of(*preset, scope, operations).map_err(|problem| problem.inside("preset"));
            }
        };
        operations.push(built.map_err(|problem| problem.inside(place))?);
        Ok(())
    }
}

fn letters(scope: &Scope<'_>, name: &str, letters: Letters) -> Result<Operation, Problem> {
    scope.name("", name).map(|name| Operation::Letters(name, letters))
}

fn all_of(preset: Preset, scope: &Scope<'_>, operations: &mut Vec<Operation>) -> Result<(), Problem> {
    if scope.phase == Phase::Request {
        return Err(Problem::new("", "presets are for responses"));
    }
    for operation in preset.operations(&mut scope.saved.borrow_mut()) {
        if let Operation::Append(Append { name, .. }) | Operation::Remove(name) = &operation {
            scope.name("", name)?;
        }
        operations.push(operation);
    }
    Ok(())
}

impl RemoveOnMatchConfig {
    /// What names are like.
    pub(super) fn build(&self) -> Result<Text, Problem> {
        self.key_matcher.build().map_err(|problem| problem.inside("key_matcher"))
    }
}

impl AppendConfig {
    fn build(&self, scope: &Scope<'_>) -> Result<Operation, Problem> {
        if let Some(pseudo) = self.pseudo(scope)? {
            return Ok(pseudo);
        }
        let name = scope.name("header.key", &self.header.key)?;
        let default = self.default_value.as_deref();
        if default.is_some_and(|default| default.chars().any(char::is_control)) {
            return Err(Problem::new("default_value", "it holds a control character"));
        }
        Ok(Operation::Append(Append {
            name,
            value: scope.template("header.value", &self.header.value, default)?,
            action: self.append_action,
            keep_empty: self.keep_empty_value,
            default: self.default_value.clone(),
        }))
    }

    /// Pseudo headers of requests can be overwritten where `allow_all_routing` is set, but for the path.
    fn pseudo(&self, scope: &Scope<'_>) -> Result<Option<Operation>, Problem> {
        let key = self.header.key.to_ascii_lowercase();
        let pseudo = match key.as_str() {
            ":authority" | "host" => Pseudo::Authority,
            ":method" => Pseudo::Method,
            ":scheme" => Pseudo::Scheme,
            _ => return Ok(None),
        };
        let problem =
            |text: &str| Err(Problem::new("header.key", format!("`{key}` must not be changed: {text}")));
        let overwrites = matches!(
            self.append_action,
            AppendAction::OverwriteIfExistsOrAdd | AppendAction::OverwriteIfExists
        );
        match scope.safety.refusal(&key) {
            Some(reason) => problem(reason),
            None if scope.phase == Phase::Response => problem("responses have none"),
            None if !overwrites => problem("a request has one, which can be overwritten only"),
            None => {
                let template = scope.template("header.value", &self.header.value, None)?;
                Ok(Some(Operation::Pseudo(pseudo, template)))
            }
        }
    }
}

impl TransferConfig {
    fn build(&self, scope: &Scope<'_>, keep: bool) -> Result<Operation, Problem> {
        let from = match keep {
            true => header_name("from", &self.from)?,
            false => scope.name("from", &self.from)?,
        };
        let to = scope.name("to", &self.to)?;
        if from == to {
            return Err(Problem::new("to", "expected another header than `from`"));
        }
        Ok(Operation::Transfer { from, to, action: self.append_action, keep })
    }
}

impl HeaderRegexConfig {
    fn build(&self, scope: &Scope<'_>) -> Result<Operation, Problem> {
        let name = scope.name("header", &self.header)?;
        Ok(Operation::Rewrite(name, rewrite(&self.pattern, &self.substitution, self.max)?))
    }
}

impl DedupeConfig {
    fn build(&self, scope: &Scope<'_>) -> Result<Operation, Problem> {
        let separator = match self.separator.as_deref().map(str::as_bytes) {
            None => None,
            Some([separator]) if separator.is_ascii_punctuation() => Some(*separator),
            Some(_) => return Err(Problem::new("separator", "expected a character such as `,` or `;`")),
        };
        let name = scope.name("header", &self.header)?;
        Ok(Operation::Dedupe(Dedupe { name, strategy: self.strategy, separator }))
    }
}
