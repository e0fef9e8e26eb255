//! One field of an exchange, such as `upstream.headers.x-variant`, and its value in each.

use super::message::{REQUEST_PARTS, header_name};
use crate::matcher::shown;
use crate::sim::Finished;
use crate::traffic::Received;
use mesh_filter_runtime::document::{Node, Result};

/// What stands for a field that is not there.
const ABSENT: &str = "absent";

/// A field of an exchange.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// As the file writes it.
    pub(crate) name: String,
    side: Side,
    part: Part,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Upstream,
    Response,
}

#[derive(Debug, Clone)]
enum Part {
    /// Pseudo headers included.
    Header(String),
    Trailer(String),
    Body,
}

/// What a field is in one exchange; `None` where it is not there. Several headers of one name are
/// one value, joined by commas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Value(Option<Vec<u8>>);

impl Field {
    /// Reads the name of a field.
    pub(crate) fn read(node: &Node) -> Result<Self> {
        let name = node.string()?.to_owned();
        let wrong = || {
            node.expected("a field of an exchange").with_help(
                "such as `upstream.headers.x-variant`, `upstream.path`, `response.status`, `response.body`",
            )
        };
        let (side, rest) = name.split_once('.').ok_or_else(wrong)?;
        let side = match side {
            "upstream" => Side::Upstream,
            "response" => Side::Response,
            _ => return Err(wrong()),
        };
        let part = match (side, rest.split_once('.')) {
            (_, Some((kind @ ("headers" | "trailers"), header))) => {
                header_name(header).map_err(|problem| node.error(problem))?;
                let header = header.to_ascii_lowercase();
                if kind == "headers" { Part::Header(header) } else { Part::Trailer(header) }
            }
            (_, None) if rest == "body" => Part::Body,
            (Side::Response, None) if rest == "status" => Part::Header(":status".to_owned()),
            (Side::Upstream, None) => {
                let part = REQUEST_PARTS.iter().find(|(part, _)| *part == rest).ok_or_else(wrong)?;
                Part::Header(part.1.to_owned())
            }
            _ => return Err(wrong()),
        };
        Ok(Self { name, side, part })
    }

    /// What it is in an exchange.
    pub(crate) fn of(&self, finished: &Finished) -> Value {
        let message = match self.side {
            Side::Upstream => &finished.upstream,
            Side::Response => &finished.response,
        };
        Value(message.as_ref().and_then(|message| self.part.of(message)))
    }
}

impl Part {
    fn of(&self, message: &Received) -> Option<Vec<u8>> {
        let joined = |values: Vec<&[u8]>| (!values.is_empty()).then(|| values.join(&b", "[..]));
        match self {
            Self::Header(name) => {
                joined(message.headers.get_all(name.as_bytes()).map(AsRef::as_ref).collect())
            }
            Self::Trailer(name) => {
                joined(message.trailers.get_all(name.as_bytes()).map(AsRef::as_ref).collect())
            }
            Self::Body => (!message.body.is_empty()).then(|| message.body.clone()),
        }
    }
}

impl Value {
    /// The value that a file names; `absent` is none.
    pub(crate) fn named(name: &str) -> Self {
        Self((name != ABSENT).then(|| name.as_bytes().to_vec()))
    }

    /// Whether the field is not there.
    pub(crate) fn is_absent(&self) -> bool {
        self.0.is_none()
    }

    /// For messages.
    pub(crate) fn shown(&self) -> String {
        self.0.as_deref().map_or_else(|| ABSENT.to_owned(), shown)
    }
}
