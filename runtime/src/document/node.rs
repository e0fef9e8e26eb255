//! One node of a document: nothing, a scalar, a list or a mapping.

use super::{Error, Place, Result};

/// A node and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    place: Place,
    kind: Kind,
}

/// What a node is. Scalars are text; [`Node::string`] and its siblings give them a type.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nothing: an empty plain scalar, `~` or `null`. Readers treat it as an absent field.
    Null,
    /// A scalar as it was written, and whether it was written without quotes.
    Scalar {
        /// The text, escapes resolved.
        text: String,
        /// Neither quoted nor a block, so that another reader might take it for a number or a bool.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file; keys are unique.
    Mapping(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands; its path is that of the value.
    pub place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    pub(super) fn new(place: Place, kind: Kind) -> Self {
        Self { place, kind }
    }

    /// Another node at the same place, for readers that replace parts of a document.
    #[must_use]
    pub fn with_kind(&self, kind: Kind) -> Self {
        Self { place: self.place.clone(), kind }
    }

    /// Where the node stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the node is.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether the node says nothing: empty, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// An error at this node.
    pub fn error(&self, problem: impl Into<String>) -> Error {
        Error::new(&self.place, problem)
    }

    /// The error `expected <expected>, got <what stands here>`.
    #[must_use]
    pub fn expected(&self, expected: &str) -> Error {
        self.error(format!("expected {expected}, got {}", self.describe()))
    }

    /// The items of a list.
    ///
    /// # Errors
    /// If the node is not a list.
    pub fn list(&self) -> Result<&[Self]> {
        match &self.kind {
            Kind::List(items) => Ok(items),
            _ => Err(self.expected("a list")),
        }
    }

    /// The entries of a mapping whose keys are free, in the order of the file.
    ///
    /// # Errors
    /// If the node is not a mapping.
    pub fn entries(&self) -> Result<&[Entry]> {
        match &self.kind {
            Kind::Mapping(entries) => Ok(entries),
            _ => Err(self.expected("a mapping")),
        }
    }

    fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Scalar { text, .. } => quoted(text),
            Kind::List(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// `text` in backticks for a message: one line, shortened where it is long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = text.escape_debug().to_string();
    if line.chars().count() <= SHOWN {
        return format!("`{line}`");
    }
    let head: String = line.chars().take(SHOWN).collect();
    format!("`{head}...`")
}
