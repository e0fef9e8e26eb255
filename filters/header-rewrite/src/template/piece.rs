//! What templates are made of: text, operators, and operators around others.

use super::{Operator, View};
use mesh_filter_policy::Encoding;

/// A part of a template.
#[derive(Debug)]
pub(super) enum Piece {
    Literal(String),
    /// What an operator gives, and its greatest length.
    Value(Operator, Option<usize>),
    /// What the first of these gives that gives something.
    First(Vec<Piece>),
    /// What another gives, written otherwise, and its greatest length.
    Coded(Box<Piece>, Coding, Option<usize>),
}

/// How bytes are written, or read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Coding {
    Base64,
    Base64url,
    /// Out of base64 of either alphabet, with its padding or without.
    Decode,
}

impl Piece {
    /// What it gives, and whether that was a part of a path; `None` where a value is missing.
    pub(super) fn bytes(&self, view: &View<'_>) -> Option<(Vec<u8>, bool)> {
        Some(match self {
            Self::Literal(text) => (text.as_bytes().to_vec(), false),
            Self::Value(operator, longest) => {
                let of_path = matches!(operator, Operator::Capture(_) | Operator::Path { .. });
                (shortened(view.value(operator)?, *longest), of_path)
            }
            Self::First(pieces) => pieces.iter().find_map(|piece| piece.bytes(view))?,
            Self::Coded(piece, coding, longest) => {
                (shortened(coding.apply(&piece.bytes(view)?.0)?, *longest), false)
            }
        })
    }
}

fn shortened(mut bytes: Vec<u8>, longest: Option<usize>) -> Vec<u8> {
    bytes.truncate(longest.unwrap_or(bytes.len()));
    bytes
}

impl Coding {
    fn apply(self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => return Some(Encoding::Base64.encode(bytes)),
            Self::Base64url => return Some(Encoding::Base64url.encode(bytes)),
            Self::Decode => {}
        }
        // One alphabet, and the padding is no part of what is said.
        let digits = bytes.strip_suffix(b"==").or(bytes.strip_suffix(b"=")).unwrap_or(bytes);
        let digit = |byte: &u8| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        };
        Encoding::Base64url.decode(&digits.iter().map(digit).collect::<Vec<u8>>())
    }
}
