//! Texts with operators in them, read when the configuration comes: `%REQ(x-user)%`, `%CAPTURE(tenant)%`.
//!
//! The form is that of Envoy's access logs: `%NAME%`, `%NAME(parameter)%`, `%NAME(parameter):LENGTH%`; `%%` is a percent sign.

mod operator;
mod parse;
mod piece;
mod time;
mod value;

pub(crate) use operator::{Kind, Names, Operator, Phase};
pub(crate) use time::TimeFormat;
pub(crate) use value::{Look, View, number};

use crate::target;
use piece::Piece;

/// A text with operators in it.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
    /// A variable of the environment that it names and that is not set.
    unset: Option<String>,
}

impl Template {
    /// Text as it is.
    pub(crate) fn literal(text: &str) -> Self {
        Self { pieces: vec![Piece::Literal(text.to_owned())], unset: None }
    }

    /// This text, for requests that came encrypted; it has to be hoisted into `saved`.
    pub(crate) fn secure(text: &'static str, saved: &mut Vec<Operator>) -> Self {
        saved.push(Operator::Secure(text));
        let value = Piece::Value(Operator::Saved(saved.len() - 1), None);
        Self { pieces: vec![value], unset: None }
    }

    /// The text of a template without operators.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match (self.pieces.as_slice(), &self.unset) {
            ([], None) => Some(b""),
            ([Piece::Literal(text)], None) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// A variable of the environment that is named and not set: without it there is never a value.
    pub(crate) fn unset(&self) -> Option<&str> {
        self.unset.as_deref()
    }

    /// The text outside of operators.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The whole; `None` where a value is missing.
    pub(crate) fn render(&self, view: &View<'_>) -> Option<Vec<u8>> {
        self.join(view, false)
    }

    /// The whole as a path: what operators give cannot end it or lead out of it. What was a part of a path keeps
    /// its `/` and its escapes.
    pub(crate) fn render_path(&self, view: &View<'_>) -> Option<Vec<u8>> {
        self.join(view, true)
    }

    fn join(&self, view: &View<'_>, escapes: bool) -> Option<Vec<u8>> {
        if self.unset.is_some() {
            return None;
        }
        let mut text = Vec::new();
        for piece in &self.pieces {
            if let Piece::Literal(literal) = piece {
                text.extend_from_slice(literal.as_bytes());
                continue;
            }
            let (mut bytes, of_path) = piece.bytes(view)?;
            if escapes {
                bytes = target::escape(&bytes, of_path);
            }
            text.append(&mut bytes);
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests;
