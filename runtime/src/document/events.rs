//! Reads the parser's events into nodes that do not know their paths yet.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::load::MAX_DEPTH;
use super::place::{Source, Step};
use super::{Error, Place, Result};

/// A node before aliases are replaced and paths are known.
pub(super) struct Raw {
    pub(super) at: (usize, usize),
    pub(super) kind: RawKind,
}

pub(super) enum RawKind {
    Scalar { text: String, plain: bool },
    List(Vec<Rc<Raw>>),
    Mapping(Vec<(Rc<Raw>, Rc<Raw>)>),
}

impl Raw {
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, RawKind::Scalar { text, plain: true } if is_null(text))
    }
}

/// Reads the parser's events; anchors are shared nodes.
pub(super) struct Events<'a> {
    source: &'a Arc<Source>,
    lines: Vec<&'a str>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Rc<Raw>>,
}

impl<'a> Events<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Self {
        let lines = source.text.split('\n').collect();
        Self { source, lines, parser: Parser::new_from_str(&source.text), anchors: HashMap::new() }
    }

    /// The documents of the stream; a second one is an error unless there may be `several`.
    pub(super) fn documents(mut self, several: bool) -> Result<Vec<Rc<Raw>>> {
        let mut documents = Vec::new();
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(documents),
                (Event::DocumentStart(_), span) if !several && !documents.is_empty() => {
                    return Err(self.error(span.start, "a second document begins here, expected one"));
                }
                (Event::DocumentStart(_), _) => {
                    let (event, span) = self.next()?;
                    documents.push(self.node(event, span, At::default())?);
                    // Anchors are of one document.
                    self.anchors.clear();
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

/// Whether a plain scalar of this text says nothing.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
