//! Builds nodes from the parser's events, within bounds.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

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
        if yaml { Self::parse(&name, &text) } else { Self::parse_json(&name, &text) }
    }

    /// Reads YAML, which includes JSON. `name` stands in errors.
    ///
    /// # Errors
    /// If `text` is too large or not one well-formed document.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self::build(Source { name: name.to_owned(), text: text.to_owned(), json: false })
    }

    fn build(source: Source) -> Result<Self> {
        let source = Arc::new(source);
        let start = Place::new(&source, None, Step::Root, (1, 1));
        if source.text.len() > MAX_BYTES {
            return Err(Error::new(&start, too_large(source.text.len())));
        }
        if let Some(line) = lone_carriage_return(&source.text) {
            let place = Place::new(&source, None, Step::Root, (line, 1));
            return Err(Error::new(&place, "a carriage return without a line feed"));
        }
        let raw = Events::new(&source).document()?;
        let mut expansion = Expansion { source: &source, nodes: 0 };
        let root = match raw {
            Some(raw) => {
                let place = Place::new(&source, None, Step::Root, raw.at);
                expansion.node(&raw, place, 0)?
            }
            None => Node::new(start, Kind::Null),
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

/// A node before aliases are replaced and paths are known.
struct Raw {
    at: (usize, usize),
    kind: RawKind,
}

enum RawKind {
    Scalar { text: String, plain: bool },
    List(Vec<Rc<Raw>>),
    Mapping(Vec<(Rc<Raw>, Rc<Raw>)>),
}

/// Reads the parser's events; anchors are shared nodes.
struct Events<'a> {
    source: &'a Arc<Source>,
    lines: Vec<&'a str>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Rc<Raw>>,
}

impl<'a> Events<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        let lines = source.text.split('\n').collect();
        Self { source, lines, parser: Parser::new_from_str(&source.text), anchors: HashMap::new() }
    }

    /// The one document of the stream, `None` if there is none.
    fn document(mut self) -> Result<Option<Rc<Raw>>> {
        let mut document = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(document),
                (Event::DocumentStart(_), span) if document.is_some() => {
                    return Err(self.error(span.start, "a second document begins here, expected one"));
                }
                (Event::DocumentStart(_), _) => {
                    let (event, span) = self.next()?;
                    document = Some(self.node(event, span, At::default())?);
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span)> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.malformed(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, place: At) -> Result<Rc<Raw>> {
        if place.depth > MAX_DEPTH {
            return Err(self.error(span.start, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let at = position(span.start);
        if !place.flow && self.tab_indents(span.start) {
            return Err(self.error(span.start, "a tab in the indentation").with_help("indent with spaces"));
        }
        let (kind, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                self.check_style(&text, style, span.start, place)?;
                (RawKind::Scalar { text: text.into_owned(), plain }, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (self.list(place.inside(span))?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.entries(place.inside(span))?, anchor, tag),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| self.error(span.start, "an alias inside the node that it names"));
            }
            _ => return Err(self.error(span.start, "expected a value")),
        };
        if let Some(tag) = tag {
            return Err(self.error(span.start, format!("the tag `{tag}` is not supported")));
        }
        let raw = Rc::new(Raw { at, kind });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&raw));
        }
        Ok(raw)
    }

    fn list(&mut self, inside: At) -> Result<RawKind> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(RawKind::List(items)),
                (event, span) => items.push(self.node(event, span, inside)?),
            }
        }
    }

    fn entries(&mut self, inside: At) -> Result<RawKind> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(RawKind::Mapping(entries)),
                (event, span) => {
                    let key = self.node(event, span, inside)?;
                    let (event, span) = self.next()?;
                    entries.push((key, self.node(event, span, inside)?));
                }
            }
        }
    }

    fn tab_indents(&self, at: Marker) -> bool {
        let line =
            at.line().checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or_default();
        let mut before = line.chars().take(at.col());
        before.clone().all(char::is_whitespace) && before.any(|c| c == '\t')
    }

    /// Refuses what readers of YAML disagree about, mostly between braces and brackets.
    fn check_style(&self, text: &str, style: ScalarStyle, at: Marker, place: At) -> Result<()> {
        let plain = style == ScalarStyle::Plain;
        let problem = if plain && text.starts_with(['|', '>', '%', '@', '`']) {
            "an unquoted scalar cannot begin with this sign"
        } else if plain && place.flow && text.contains('?') {
            "`?` in an unquoted scalar between braces or brackets"
        } else {
            return Ok(());
        };
        Err(self.error(at, problem).with_help("put the text in double quotes"))
    }

    fn malformed(&self, error: &ScanError) -> Error {
        self.error(*error.marker(), format!("not well-formed YAML: {}", error.info()))
    }

    fn error(&self, at: Marker, problem: impl Into<String>) -> Error {
        Error::new(&Place::new(self.source, None, Step::Root, position(at)), problem)
    }
}

/// How deep a node stands, and whether it stands between braces or brackets.
#[derive(Clone, Copy, Default)]
struct At {
    depth: usize,
    flow: bool,
}

impl At {
    /// The place of the items of a collection that begins with `span`: a brace, or nothing in block style.
    fn inside(self, span: Span) -> Self {
        Self { depth: self.depth + 1, flow: self.flow || !span.is_empty() }
    }
}

/// Line and column, both from 1.
fn position(marker: Marker) -> (usize, usize) {
    (marker.line().max(1), marker.col() + 1)
}

/// Turns raw nodes into nodes with paths, each alias into a copy of what it names.
struct Expansion<'a> {
    source: &'a Arc<Source>,
    nodes: usize,
}

impl Expansion<'_> {
    fn node(&mut self, raw: &Raw, place: Place, depth: usize) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Error::new(&place, format!("more than {MAX_NODES} nodes once aliases are replaced")));
        }
        if depth > MAX_DEPTH {
            return Err(Error::new(&place, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let kind = match &raw.kind {
            RawKind::Scalar { text, plain: true } if is_null(text) => Kind::Null,
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

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
