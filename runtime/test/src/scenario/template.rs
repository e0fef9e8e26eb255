//! Replaces `{{name}}` in the scalars of a scenario by the values of variables.
//!
//! A scalar that is nothing but one expression becomes the variable's value, whatever it is:
//! a list, a mapping, or nothing. Elsewhere the value stands in the text, lists and mappings as JSON.
//! A variable that is a token is minted where it is used, because only there the clock is known.

use super::arithmetic::Operation;
use super::files::Folder;
use super::jwt::{mint, specification};
use crate::sim::DEFAULT_START;
use mesh_filter_runtime::document::{Entry, Kind, Node, Result};
use std::collections::BTreeMap;
use std::time::Duration;

/// Variables by name, and what tokens among them are minted with.
#[derive(Debug, Clone)]
pub(crate) struct Variables {
    values: BTreeMap<String, Node>,
    /// What files say they are, in order: for a case with another clock they are computed anew.
    definitions: Vec<(String, Node)>,
    folder: Folder,
    /// Where the case's clock begins.
    clock: Duration,
}

impl Variables {
    /// No variables yet.
    pub(crate) fn new(folder: &Folder) -> Self {
        Self {
            values: BTreeMap::new(),
            definitions: Vec::new(),
            folder: folder.clone(),
            clock: DEFAULT_START,
        }
    }

    /// The same variables in a case whose clock begins at this moment.
    pub(crate) fn at(&self, clock: Duration) -> Result<Self> {
        if clock == self.clock {
            return Ok(self.clone());
        }
        let mut variables = Self { clock, ..Self::new(&self.folder) };
        self.definitions.iter().try_for_each(|(name, value)| variables.define(name, value))?;
        Ok(variables)
    }

    /// Sets a variable whose value may use those that are set.
    pub(crate) fn define(&mut self, name: &str, value: &Node) -> Result<()> {
        self.definitions.push((name.to_owned(), value.clone()));
        let value = self.expand(value)?;
        self.set(name, value);
        Ok(())
    }

    /// Sets a variable, in place of an older one of this name.
    fn set(&mut self, name: &str, value: Node) {
        self.values.insert(name.to_owned(), value);
    }

    /// These variables and `i`, the number of a repetition from 0.
    pub(crate) fn with_index(&self, at: &Node, index: usize) -> Self {
        let mut variables = self.clone();
        let kind = Kind::Scalar { text: index.to_string(), plain: true };
        variables.set("i", at.with_kind(kind));
        variables
    }

    /// The node with all expressions replaced.
    pub(crate) fn expand(&self, node: &Node) -> Result<Node> {
        let kind = match node.kind() {
            Kind::Scalar { text, .. } if text.contains("{{") => return self.expand_text(node, text),
            Kind::List(items) => {
                Kind::List(items.iter().map(|item| self.expand(item)).collect::<Result<_>>()?)
            }
            Kind::Mapping(entries) => {
                let entry = |entry: &Entry| {
                    Ok(Entry {
                        key: entry.key.clone(),
                        place: entry.place.clone(),
                        value: self.expand(&entry.value)?,
                    })
                };
                Kind::Mapping(entries.iter().map(entry).collect::<Result<_>>()?)
            }
            other => other.clone(),
        };
        Ok(node.with_kind(kind))
    }

    fn expand_text(&self, node: &Node, text: &str) -> Result<Node> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((expression, tail)) = after.split_once("}}") else {
                return Err(node
                    .error("`{{` without `}}`")
                    .with_help("for the two characters themselves write `{{\"{{\"}}`"));
            };
            let value = self.value(node, expression.trim())?;
            if before.is_empty() && out.is_empty() && tail.is_empty() {
                return Ok(node.with_kind(value.kind().clone()));
            }
            out.push_str(before);
            match value.scalar() {
                Some((text, _)) => out.push_str(text),
                None if value.is_null() => {}
                None => out.push_str(&value.to_json()?.to_string()),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(node.with_kind(Kind::Scalar { text: out, plain: false }))
    }

    fn value(&self, node: &Node, expression: &str) -> Result<Node> {
        if let Some(literal) = expression.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Ok(node.with_kind(Kind::Scalar { text: literal.to_owned(), plain: false }));
        }
        if let Some(operation) = Operation::of(expression) {
            let operand = |text: &str| -> Result<String> {
                let literal = text.bytes().all(|byte| byte.is_ascii_digit());
                if literal { Ok(text.to_owned()) } else { Ok(self.value(node, text)?.string()?.to_owned()) }
            };
            let (left, right) = (operand(operation.left)?, operand(operation.right)?);
            let result = operation
                .result(&left, &right)
                .map_err(|problem| node.error(format!("`{expression}`: {problem}")))?;
            return Ok(node.with_kind(Kind::Scalar { text: result.to_string(), plain: true }));
        }
        let mut names = expression.split('.');
        let first = names.next().unwrap_or_default();
        let Some(mut value) = self.values.get(first) else {
            let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
            let help = match known.as_slice() {
                [] => "no variable is set here; `vars`, `each` and `repeat` set some".to_owned(),
                names => format!("known here: `{}`", names.join("`, `")),
            };
            return Err(node.error(format!("unknown variable `{first}`")).with_help(help));
        };
        for name in names {
            let member = match value.kind() {
                Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == name),
                _ => None,
            };
            value = match member {
                Some(entry) => &entry.value,
                None => return Err(node.error(format!("`{expression}`: there is no `{name}`"))),
            };
        }
        match specification(value) {
            Some(token) => {
                let text = mint(token, &self.folder, self.clock)?;
                Ok(value.with_kind(Kind::Scalar { text, plain: false }))
            }
            None => Ok(value.clone()),
        }
    }
}
