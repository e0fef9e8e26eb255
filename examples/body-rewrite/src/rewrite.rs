//! Replaces a string in a body that comes in pieces.

use memchr::memmem::Finder;
use serde::{Deserialize, Deserializer, de};

/// What is searched for: at least one byte.
pub(crate) struct Pattern(Finder<'static>);

impl From<&[u8]> for Pattern {
    fn from(bytes: &[u8]) -> Self {
        Self(Finder::new(bytes).into_owned())
    }
}

/// A piece of the body after the replacement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// The new bytes; `None` where nothing was replaced.
    pub(crate) bytes: Option<Vec<u8>>,
    /// How many bytes at the end may be the beginning of the pattern, and cannot be sent yet.
    pub(crate) undecided: usize,
}

impl Pattern {
    /// Replaces each occurrence in `bytes`, which begin with what was undecided before.
    pub(crate) fn replace(&self, bytes: &[u8], with: &[u8], last: bool) -> Rewritten {
        let mut out: Option<Vec<u8>> = None;
        let mut rest = bytes;
        while let Some((before, after)) = self.split(rest) {
            let out = out.get_or_insert_with(|| Vec::with_capacity(bytes.len() + with.len()));
            out.extend_from_slice(before);
            out.extend_from_slice(with);
            rest = after;
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(rest);
        }
        Rewritten { bytes: out, undecided: if last { 0 } else { self.undecided(rest) } }
    }

    /// What stands before and after the first occurrence.
    fn split<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let start = self.0.find(bytes)?;
        Some((bytes.get(..start)?, bytes.get(start + self.0.needle().len()..)?))
    }

    /// Length of the longest end of `bytes` with which the pattern could begin.
    fn undecided(&self, bytes: &[u8]) -> usize {
        let longest = bytes.len().min(self.0.needle().len().saturating_sub(1));
        (1..=longest)
            .rev()
            .find(|length| {
                let end = bytes.len().checked_sub(*length).and_then(|start| bytes.get(start..));
                end.is_some_and(|end| self.0.needle().starts_with(end))
            })
            .unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Err(de::Error::custom("the pattern is empty: expected at least one character"));
        }
        Ok(Self::from(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends chunks through as the filter does.
    fn stream(pattern: &str, with: &str, chunks: &[&[u8]]) -> Vec<u8> {
        let pattern = Pattern::from(pattern.as_bytes());
        let (mut sent, mut kept) = (Vec::new(), Vec::new());
        for (index, chunk) in chunks.iter().enumerate() {
            let bytes = [kept.as_slice(), chunk].concat();
            let done = pattern.replace(&bytes, with.as_bytes(), index + 1 == chunks.len());
            let mut bytes = done.bytes.unwrap_or(bytes);
            kept = bytes.split_off(bytes.len() - done.undecided);
            sent.extend(bytes);
        }
        assert!(kept.is_empty());
        sent
    }

    #[test]
    fn every_way_to_cut_a_body_in_two_gives_the_same() {
        for (pattern, with, body) in [
            ("https://foo.com", "https://bar.example", "<a href=\"https://foo.com/x\">https://foo.co"),
            ("aab", "X", "aaaabaabaaab"),
            ("abab", "<>", "abababab ab"),
            ("x", "", "xxaxx"),
            ("a", "aa", "banana"),
        ] {
            let whole = body.replace(pattern, with);
            for cut in 0..=body.len() {
                let (head, tail) = body.as_bytes().split_at(cut);
                assert_eq!(stream(pattern, with, &[head, tail]), whole.as_bytes(), "{body} cut at {cut}");
            }
            let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
            assert_eq!(stream(pattern, with, &bytes), whole.as_bytes(), "{body} byte by byte");
        }
    }

    #[test]
    fn a_piece_without_the_pattern_is_not_copied() {
        let pattern = Pattern::from(&b"foo"[..]);
        assert_eq!(pattern.replace(b"bar fo", b"x", false), Rewritten { bytes: None, undecided: 2 });
        assert_eq!(pattern.replace(b"bar fo", b"x", true), Rewritten { bytes: None, undecided: 0 });
    }
}
