//! Where a node stands: file, line, column and the path from the root.

use std::fmt;
use std::sync::Arc;

/// The text that a document was read from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) json: bool,
}

impl Source {
    /// A text in YAML.
    pub(super) fn yaml(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { name: name.to_owned(), text: text.to_owned(), json: false }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Root,
    Key(String),
    Index(usize),
}

/// The position of a node. Cheap to clone and independent of the node's life, so that a check
/// made after reading can still name the line.
#[derive(Clone)]
pub struct Place(Arc<Inner>);

struct Inner {
    source: Arc<Source>,
    parent: Option<Place>,
    step: Step,
    line: usize,
    column: usize,
}

impl Place {
    pub(super) fn new(source: &Arc<Source>, parent: Option<&Self>, step: Step, at: (usize, usize)) -> Self {
        Self(Arc::new(Inner {
            source: Arc::clone(source),
            parent: parent.cloned(),
            step,
            line: at.0,
            column: at.1,
        }))
    }

    /// The place where a document named `file` begins; for errors about the file as a whole.
    #[must_use]
    pub fn start_of(file: &str) -> Self {
        let source = Source { name: file.to_owned(), text: String::new(), json: false };
        Self::new(&Arc::new(source), None, Step::Root, (1, 1))
    }

    /// Where a text begins that is in a format of its own, so that the errors of its reader look as
    /// those of documents do.
    #[must_use]
    pub fn start_of_text(file: &str, text: &str) -> Self {
        let source = Source { name: file.to_owned(), text: text.to_owned(), json: false };
        Self::new(&Arc::new(source), None, Step::Root, (1, 1))
    }

    /// The place of what has this name in here, at a line and column counted from 1.
    #[must_use]
    pub fn field(&self, name: &str, line: usize, column: usize) -> Self {
        Self::new(&self.0.source, Some(self), Step::Key(name.to_owned()), (line, column))
    }

    /// The same path at another line and column.
    #[must_use]
    pub fn moved_to(&self, line: usize, column: usize) -> Self {
        Self::new(&self.0.source, self.0.parent.as_ref(), self.0.step.clone(), (line, column))
    }

    /// The name of the file, as it was given to the reader.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.source.name
    }

    /// Whether the document was read as JSON, where what stands without quotes is never a string.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.0.source.json
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// The path from the root, such as `static_resources.listeners[0].address`; empty at the root.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        self.write_path(&mut path);
        path
    }

    /// The text of the line, or `None` if it is not known.
    #[must_use]
    pub fn source_line(&self) -> Option<&str> {
        self.0.source.text.lines().nth(self.line().checked_sub(1)?)
    }

    fn write_path(&self, path: &mut String) {
        if let Some(parent) = &self.0.parent {
            parent.write_path(path);
        }
        match &self.0.step {
            Step::Root => {}
            Step::Index(index) => path.push_str(&format!("[{index}]")),
            Step::Key(key) => {
                let simple = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-@".contains(c));
                match (simple, path.is_empty()) {
                    (true, true) => path.push_str(key),
                    (true, false) => path.push_str(&format!(".{key}")),
                    (false, _) => path.push_str(&format!("[{key:?}]")),
                }
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{} {}", self.file(), self.line(), self.column(), self.path())
    }
}
