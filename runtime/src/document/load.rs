//! Builds documents from what the parser saw, within bounds.

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::events::{Events, Raw, RawKind, is_null};
use super::node::quoted;
use super::place::{Source, Step};
use super::{Entry, Error, Kind, Node, Place, Result};

/// The largest document: hand-written configuration is far smaller, generated files fit.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The deepest nesting, which bounds the recursion of every reader.
pub const MAX_DEPTH: usize = 64;
/// The most nodes once aliases are replaced, which bounds what a small file can expand to.
pub const MAX_NODES: usize = 200_000;

/// A whole document.
#[derive(Debug, Clone)]
pub struct Document {
    root: Node,
}

impl Document {
    /// Reads the file at `path`. A name that does not end in `.yaml` or `.yml` is JSON.
    ///
    /// # Errors
    /// If the file cannot be read, is too large, is no UTF-8 or not one well-formed document.
    pub fn load(path: &Path) -> Result<Self> {
        let (name, text, yaml) = Self::text_of(path)?;
        if yaml { Self::parse(&name, &text) } else { Self::parse_json(&name, &text) }
    }

    /// Reads the file at `path`, in which several documents of YAML may follow each other, parted by `---`. Empty ones
    /// are left out.
    ///
    /// # Errors
    /// If the file cannot be read, is too large, is no UTF-8 or not well-formed.
    pub fn load_all(path: &Path) -> Result<Vec<Self>> {
        let (name, text, yaml) = Self::text_of(path)?;
        if yaml { Self::parse_all(&name, &text) } else { Ok(vec![Self::parse_json(&name, &text)?]) }
    }

    /// The name that stands in errors, the text, and whether it is YAML.
    fn text_of(path: &Path) -> Result<(String, String, bool)> {
        let name = path.display().to_string();
        let at_start = |problem: String| Error::new(&Place::start_of(&name), problem);
        let size = std::fs::metadata(path)
            .map_err(|error| at_start(format!("cannot read the file: {error}")))?
            .len();
        if usize::try_from(size).is_ok_and(|size| size > MAX_BYTES) {
            return Err(at_start(too_large(size)));
        }
        let bytes =
            std::fs::read(path).map_err(|error| at_start(format!("cannot read the file: {error}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| at_start(format!("the file is not UTF-8: {}", error.utf8_error())))?;
        let yaml = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"));
        Ok((name, text, yaml))
    }

    /// Reads YAML, which includes JSON. `name` stands in errors.
    ///
    /// # Errors
    /// If `text` is too large or not one well-formed document.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        Self::build(Source::yaml(name, text))
    }

    /// Reads documents of YAML that follow each other. Empty ones are left out.
    ///
    /// # Errors
    /// If `text` is too large or not well-formed.
    pub fn parse_all(name: &str, text: &str) -> Result<Vec<Self>> {
        let source = Arc::new(Source::yaml(name, text));
        check_text(&source)?;
        let mut expansion = Expansion { source: &source, nodes: 0 };
        let documents = Events::new(&source).documents(true)?;
        let roots = documents.iter().filter(|raw| !raw.is_null());
        roots.map(|raw| Ok(Self { root: expansion.root(raw)? })).collect()
    }

    fn build(source: Source) -> Result<Self> {
        let source = Arc::new(source);
        check_text(&source)?;
        let raw = Events::new(&source).documents(false)?.pop();
        let mut expansion = Expansion { source: &source, nodes: 0 };
        let root = match raw {
            Some(raw) => expansion.root(&raw)?,
            None => Node::new(Place::new(&source, None, Step::Root, (1, 1)), Kind::Null),
        };
        Ok(Self { root })
    }

    /// Reads JSON, refusing what only YAML allows.
    ///
    /// # Errors
    /// If `text` is too large or not one well-formed JSON value.
    pub fn parse_json(name: &str, text: &str) -> Result<Self> {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
            let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned(), json: true });
            let place = Place::new(&source, None, Step::Root, (error.line().max(1), error.column().max(1)));
            let text = error.to_string();
            let problem = text.split(" at line ").next().unwrap_or(&text);
            return Err(Error::new(&place, format!("not valid JSON: {problem}"))
                .with_help("a file whose name ends in `.yaml` or `.yml` is read as YAML"));
        }
        Self::build(Source { name: name.to_owned(), text: join_surrogates(text), json: true })
    }

    /// The outermost node; [`Kind::Null`] for an empty document.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }
}

/// Refuses texts that are too large, and lines that readers of YAML disagree about.
fn check_text(source: &Arc<Source>) -> Result<()> {
    let at = |line| Place::new(source, None, Step::Root, (line, 1));
    if source.text.len() > MAX_BYTES {
        return Err(Error::new(&at(1), too_large(source.text.len())));
    }
    match lone_carriage_return(&source.text) {
        Some(line) => Err(Error::new(&at(line), "a carriage return without a line feed")),
        None => Ok(()),
    }
}

/// Rewrites the escape of a surrogate pair, which only JSON has, as the one that YAML has.
fn join_surrogates(json: &str) -> String {
    let mut joined = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((head, tail)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        joined.push_str(head);
        let pair = escaped(tail, 0).zip(escaped(tail, 6)).and_then(|(high, low)| {
            char::decode_utf16([high, low])
                .next()
                .and_then(|decoded| decoded.ok())
                .filter(|c| u32::from(*c) > 0xffff)
        });
        let taken = match pair {
            Some(character) => {
                joined.push_str(&format!("\\U{:08x}", u32::from(character)));
                12
            }
            None => {
                joined.extend(tail.chars().take(2));
                1 + tail.chars().nth(1).map_or(0, char::len_utf8)
            }
        };
        rest = tail.get(taken..).unwrap_or_default();
    }
    joined.push_str(rest);
    joined
}

/// The code unit of the `\uXXXX` at byte `at` of `text`.
fn escaped(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

/// The line that has a `\r` which ends no line: YAML's readers differ in what it means.
fn lone_carriage_return(text: &str) -> Option<usize> {
    let lone = |line: &str| line.strip_suffix('\r').unwrap_or(line).contains('\r');
    text.split('\n').position(lone).map(|index| index + 1)
}

fn too_large(size: impl std::fmt::Display) -> String {
    format!("the document has {size} bytes, the limit is {MAX_BYTES}")
}

/// Turns raw nodes into nodes with paths, each alias into a copy of what it names.
struct Expansion<'a> {
    source: &'a Arc<Source>,
    nodes: usize,
}

impl Expansion<'_> {
    fn root(&mut self, raw: &Raw) -> Result<Node> {
        let place = Place::new(self.source, None, Step::Root, raw.at);
        self.node(raw, place, 0)
    }

    fn node(&mut self, raw: &Raw, place: Place, depth: usize) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Error::new(&place, format!("more than {MAX_NODES} nodes once aliases are replaced")));
        }
        if depth > MAX_DEPTH {
            return Err(Error::new(&place, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let kind = match &raw.kind {
            _ if raw.is_null() => Kind::Null,
            RawKind::Scalar { text, plain } => Kind::Scalar { text: text.clone(), plain: *plain },
            RawKind::List(items) => Kind::List(self.list(items, &place, depth)?),
            RawKind::Mapping(entries) => Kind::Mapping(self.entries(entries, &place, depth)?),
        };
        Ok(Node::new(place, kind))
    }

    fn list(&mut self, items: &[Rc<Raw>], parent: &Place, depth: usize) -> Result<Vec<Node>> {
        let place = |index, raw: &Raw| Place::new(self.source, Some(parent), Step::Index(index), raw.at);
        let placed: Vec<_> = items.iter().enumerate().map(|(index, raw)| (raw, place(index, raw))).collect();
        placed.into_iter().map(|(raw, place)| self.node(raw, place, depth + 1)).collect()
    }

    fn entries(
        &mut self,
        entries: &[(Rc<Raw>, Rc<Raw>)],
        parent: &Place,
        depth: usize,
    ) -> Result<Vec<Entry>> {
        let mut seen = HashSet::new();
        let mut read = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let RawKind::Scalar { text, plain } = &key.kind else {
                let place = Place::new(self.source, Some(parent), Step::Root, key.at);
                return Err(Error::new(&place, "expected a scalar as key"));
            };
            let place = Place::new(self.source, Some(parent), Step::Key(text.clone()), key.at);
            if *plain && is_null(text) {
                return Err(Error::new(&place, "expected a key, got nothing"));
            }
            if *plain && text == "<<" {
                return Err(Error::new(&place, "merge keys are not supported")
                    .with_help("use an alias for the whole value, or repeat the fields"));
            }
            if !seen.insert(text.as_str()) {
                return Err(Error::new(&place, format!("duplicate key {}", quoted(text))));
            }
            let at = Place::new(self.source, Some(parent), Step::Key(text.clone()), value.at);
            read.push(Entry { key: text.clone(), place, value: self.node(value, at, depth + 1)? });
        }
        Ok(read)
    }
}
