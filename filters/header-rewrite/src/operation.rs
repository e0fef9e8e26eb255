//! What is done to headers, one thing after the other.

use crate::editor::{AppendAction, Editor, Refused};
use crate::safety::trim;
use crate::substitution::Rewrite;
use crate::template::{Look, Template};
use mesh_filter_policy::Text;
use serde::Deserialize;

/// What is done to headers. Names are in lower case and may be changed: that was checked when the configuration came.
#[derive(Debug)]
pub(crate) enum Operation {
    /// A value comes to a header.
    Append(Append),
    /// All values go.
    Remove(String),
    /// All headers go whose names are such.
    RemoveOnMatch(Text),
    /// The values of one header go to another; with `keep` they stay where they were, too.
    Transfer { from: String, to: String, action: AppendAction, keep: bool },
    /// A part of each value becomes another.
    Rewrite(String, Rewrite),
    /// Of values that are there several times some go.
    Dedupe(Dedupe),
    /// The letters of each value become others.
    Letters(String, Letters),
    /// A pseudo header of the request is set.
    Pseudo(Pseudo, Template),
}

/// A value that comes to a header.
#[derive(Debug)]
pub(crate) struct Append {
    pub(crate) name: String,
    pub(crate) value: Template,
    pub(crate) action: AppendAction,
    /// Whether an empty value is one.
    pub(crate) keep_empty: bool,
    /// What stands in place of a value in which something is missing.
    pub(crate) default: Option<String>,
}

/// Of values that are there several times some go.
#[derive(Debug)]
pub(crate) struct Dedupe {
    pub(crate) name: String,
    pub(crate) strategy: Strategy,
    /// What separates the items of a value.
    pub(crate) separator: Option<u8>,
}

/// Which of several values stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum Strategy {
    /// One of each.
    #[default]
    #[serde(rename = "RETAIN_UNIQUE")]
    Unique,
    /// The first.
    #[serde(rename = "RETAIN_FIRST")]
    First,
    /// The last.
    #[serde(rename = "RETAIN_LAST")]
    Last,
}

/// What becomes of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letters {
    Lower,
    Upper,
    /// Space at both ends goes.
    Trim,
}

/// A pseudo header that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pseudo {
    Authority,
    Method,
    Scheme,
}

impl Operation {
    /// Does it. `look` is what templates see beside the headers, which are the editor's.
    pub(crate) fn apply(&self, editor: &mut Editor<'_>, look: Look<'_>) -> Result<(), Refused> {
        match self {
            Self::Append(append) => append.apply(editor, look),
            Self::Remove(name) => Ok(editor.fields.remove(name)?),
            Self::RemoveOnMatch(text) => editor.remove_where(|name| text.matches(name.as_bytes())),
            Self::Transfer { from, to, action, keep } => {
                let values = editor.fields.copies(from);
                if values.is_empty() {
                    return Ok(());
                }
                editor.write_all(to, &values, *action)?;
                if !keep {
                    editor.fields.remove(from)?;
                }
                Ok(())
            }
            Self::Rewrite(name, rewrite) => {
                editor.map(name, |value| Some(rewrite.apply(value)).filter(|value| !value.is_empty()))
            }
            Self::Dedupe(dedupe) => dedupe.apply(editor),
            Self::Letters(name, letters) => editor.map(name, |value| {
                Some(match letters {
                    Letters::Lower => value.to_ascii_lowercase(),
                    Letters::Upper => value.to_ascii_uppercase(),
                    Letters::Trim => trim(value).to_vec(),
                })
            }),
            Self::Pseudo(pseudo, template) => {
                let Some(value) = template.render(&look.over(editor.fields)) else { return Ok(()) };
                pseudo.set(editor, &value)
            }
        }
    }
}

impl Append {
    fn apply(&self, editor: &mut Editor<'_>, look: Look<'_>) -> Result<(), Refused> {
        // Most values are the same for each exchange.
        if let Some(value) = self.value.constant() {
            return self.write(editor, value);
        }
        match (self.value.render(&look.over(editor.fields)), &self.default) {
            (Some(value), _) => self.write(editor, &value),
            (None, Some(default)) => self.write(editor, default.as_bytes()),
            (None, None) => Ok(()),
        }
    }

    fn write(&self, editor: &mut Editor<'_>, value: &[u8]) -> Result<(), Refused> {
        match trim(value) {
            [] if !self.keep_empty => Ok(()),
            value => editor.write(&self.name, value, self.action),
        }
    }
}

impl Dedupe {
    fn apply(&self, editor: &mut Editor<'_>) -> Result<(), Refused> {
        let values = editor.fields.copies(&self.name);
        let Some(separator) = self.separator else {
            return Ok(editor.replace(&self.name, &self.strategy.retain(values))?);
        };
        let items =
            values.iter().flat_map(|value| value.split(|byte| *byte == separator)).map(<[u8]>::trim_ascii);
        let items: Vec<Vec<u8>> = items.filter(|item| !item.is_empty()).map(<[u8]>::to_vec).collect();
        let kept = self.strategy.retain(items.clone());
        // What has nothing twice stays as it is, with its spaces.
        if kept.len() == items.len() {
            return Ok(());
        }
        let joined = kept.join([separator, b' '].as_slice());
        Ok(editor.replace(&self.name, &[joined])?)
    }
}

impl Strategy {
    fn retain(self, values: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        match self {
            Self::First => values.into_iter().take(1).collect(),
            Self::Last => values.into_iter().next_back().into_iter().collect(),
            Self::Unique => {
                let mut unique: Vec<Vec<u8>> = Vec::with_capacity(values.len());
                for value in values {
                    if !unique.contains(&value) {
                        unique.push(value);
                    }
                }
                unique
            }
        }
    }
}

impl Pseudo {
    /// Sets it, if the value can be one.
    pub(crate) fn set(self, editor: &mut Editor<'_>, value: &[u8]) -> Result<(), Refused> {
        let (name, fits) = match self {
            Self::Authority => (":authority", crate::target::is_authority(value)),
            Self::Method => (":method", is_method(value)),
            Self::Scheme => (":scheme", matches!(value, b"http" | b"https")),
        };
        match fits {
            true => Ok(editor.fields.set(name, value)?),
            false => Err(Refused::Target),
        }
    }
}

/// Whether this is a method that a request can be given. A tunnel (`CONNECT`) has no path and no body.
pub(crate) fn is_method(method: &[u8]) -> bool {
    !method.is_empty()
        && method != b"CONNECT"
        && method.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'-')
}
