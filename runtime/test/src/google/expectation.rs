//! What a phase is expected to give, each part with its place.

use super::files::Folder;
use super::input::{Header, header};
use super::re2;
use super::tree::{Placed, Value};
use mesh_filter_runtime::document::{Place, Result};
use regex::bytes::Regex;

/// What a phase is expected to give.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    pub(super) has_header: Vec<Header>,
    pub(super) no_header: Vec<Placed<String>>,
    /// On lines `name: value`.
    pub(super) headers: Vec<Placed<StringMatcher>>,
    pub(super) body: Vec<Placed<StringMatcher>>,
    pub(super) log: Vec<Placed<StringMatcher>>,
    pub(super) immediate: Option<Placed<Immediate>>,
}

/// A local reply.
#[derive(Debug, Clone, Default)]
pub(super) struct Immediate {
    pub(super) http_status: Option<Placed<i64>>,
    pub(super) grpc_status: Option<Placed<i64>>,
    pub(super) details: Option<Placed<String>>,
}

/// A condition that one of several texts fulfils, or none.
#[derive(Debug, Clone)]
pub(super) struct StringMatcher {
    pub(super) invert: bool,
    pub(super) pattern: Pattern,
}

/// What a text is compared with.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Exact(Vec<u8>),
    /// In RE2's syntax.
    Regex {
        expression: String,
        compiled: Regex,
    },
    File {
        path: String,
        content: Vec<u8>,
    },
}

const FIELDS: [&str; 6] = ["has_header", "no_header", "headers", "body", "immediate", "log"];

impl Expectation {
    pub(super) fn read(value: &Value, folder: &Folder) -> Result<Self> {
        let fields = value.message(&FIELDS)?;
        let matchers = |name: &str| fields.each(name, |value| StringMatcher::read(value, folder));
        Ok(Self {
            has_header: fields.each("has_header", header)?,
            no_header: fields.each("no_header", |value| Ok(header(value)?.name))?,
            headers: matchers("headers")?,
            body: matchers("body")?,
            log: matchers("log")?,
            immediate: fields.optional("immediate", Immediate::read)?,
        })
    }

    /// Reads what is expected where only the log is looked at. Answers where other things are expected.
    pub(super) fn read_log(value: &Value, folder: &Folder) -> Result<(Self, Vec<(&'static str, Place)>)> {
        let expectation = Self::read(value, folder)?;
        let fields = value.message(&FIELDS)?;
        let others = FIELDS.into_iter().filter(|name| *name != "log");
        let unread = others.filter_map(|name| Some((name, fields.place_of(name)?.clone()))).collect();
        Ok((Self { log: expectation.log, ..Self::default() }, unread))
    }
}

impl Immediate {
    fn read(value: &Value) -> Result<Placed<Self>> {
        let fields = value.message(&["http_status", "grpc_status", "details"])?;
        let number = |name: &str| {
            fields.optional(name, |value| {
                let number = value.integer(i32::MIN.into(), i32::MAX.into())?;
                Ok(Placed { place: value.place.clone(), value: number })
            })
        };
        let immediate = Self {
            http_status: number("http_status")?,
            grpc_status: number("grpc_status")?,
            details: fields.optional("details", |value| {
                Ok(Placed { place: value.place.clone(), value: value.text()?.to_owned() })
            })?,
        };
        Ok(Placed { place: value.place.clone(), value: immediate })
    }
}

impl StringMatcher {
    fn read(value: &Value, folder: &Folder) -> Result<Placed<Self>> {
        let names = ["exact", "regex", "file"];
        let fields = value.message(&["invert", "exact", "regex", "file"])?;
        let invert = fields.optional("invert", Value::bool)?.unwrap_or(false);
        let Some((name, content)) = fields.exclusive(&names)? else {
            return Err(value.error("a condition on text needs one of `exact`, `regex`, `file`"));
        };
        let pattern = match name {
            "regex" => {
                let expression = content.text()?.to_owned();
                // As a whole, whatever alternatives it has.
                let compiled =
                    Regex::new(&format!(r"\A(?:{})\z", re2::translated(&expression))).map_err(|error| {
                        let text = error.to_string();
                        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                        content.error(format!("not a regular expression: {reason}"))
                    })?;
                Pattern::Regex { expression, compiled }
            }
            "file" => Pattern::File { path: content.text()?.to_owned(), content: folder.read(content)? },
            _ => Pattern::Exact(content.bytes()?.to_vec()),
        };
        Ok(Placed { place: content.place.clone(), value: Self { invert, pattern } })
    }
}

impl Pattern {
    pub(super) fn fits(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(wanted) | Self::File { content: wanted, .. } => wanted == text,
            Self::Regex { compiled, .. } => compiled.is_match(text),
        }
    }
}
