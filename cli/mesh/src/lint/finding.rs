//! What a rule says about a place.

use std::fmt;

use serde::Serialize;

use crate::Resource;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something to know.
    Info,
    /// It works, and not as its author may think.
    Warning,
    /// The proxy or the API server refuses it, or it never takes effect.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Where {
    /// The file, or the reference of an image.
    pub file: String,
    /// The line of a file of text, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Which resource: `Kind namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The field, such as `spec.url`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
}

impl Where {
    /// A module or an image as a whole.
    #[must_use]
    pub fn whole(name: &str) -> Self {
        Self { file: name.to_owned(), line: None, column: None, resource: None, path: String::new() }
    }

    /// A field of a resource.
    #[must_use]
    pub fn field(resource: &Resource, path: &str) -> Self {
        let place = resource.place(path);
        Self {
            file: place.file().to_owned(),
            line: Some(place.line()),
            column: Some(place.column()),
            resource: Some(format!("{} {}/{}", resource.kind, resource.namespace(), resource.name)),
            path: path.to_owned(),
        }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(resource) = &self.resource {
            write!(f, ": {resource}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        Ok(())
    }
}

/// How the text of a resource has to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The text at the path becomes another.
    Set(String),
    /// The field at the path goes away.
    Remove,
    /// The mapping at the path gets a field, after the one named first.
    Insert {
        /// The field that is there.
        after: String,
        /// The new one.
        key: String,
        /// Its text.
        value: String,
    },
    /// The list at the path gets a text.
    Append(String),
}

/// A change that mends a finding and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The field.
    pub path: String,
    /// What becomes of it.
    pub change: Change,
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Where it is.
    #[serde(rename = "where")]
    pub place: Where,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What mends it without changing anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding of a rule, or of what is checked beside the rules.
    pub fn new(rule: &'static str, level: Level, place: Where, message: impl Into<String>) -> Self {
        Self { rule, level, place, message: message.into(), help: None, fix: None }
    }

    /// The same at another level.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what mends it.
    #[must_use]
    pub fn fix(mut self, path: &str, change: Change) -> Self {
        self.fix = Some(Fix { path: path.to_owned(), change });
        self
    }
}
