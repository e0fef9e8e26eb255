//! Body bytes: a list of shared slices, forwarded without copying unless a guest writes.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// A piece of a body, or a whole buffered one.
#[derive(Debug, Clone, Default)]
pub struct Body {
    slices: VecDeque<Bytes>,
    len: usize,
}

impl Body {
    /// A body without bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds bytes at the end.
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.slices.push_back(bytes);
        }
    }

    /// Adds bytes at the beginning.
    pub fn prepend(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.len += bytes.len();
            self.slices.push_front(bytes);
        }
    }

    /// Moves all of `other` to the end.
    pub fn append(&mut self, other: &mut Self) {
        self.len += other.len;
        other.len = 0;
        self.slices.append(&mut other.slices);
    }

    /// Drops up to `count` bytes from the beginning.
    pub fn drain(&mut self, mut count: usize) {
        while count > 0 {
            let Some(first) = self.slices.front_mut() else { return };
            if first.len() > count {
                let _dropped = first.split_to(count);
                self.len -= count;
                return;
            }
            count -= first.len();
            self.len -= first.len();
            self.slices.pop_front();
        }
    }

    /// The bytes from `start`, `len` at most; without a copy where they lie in one slice.
    #[must_use]
    pub fn range(&self, start: usize, len: usize) -> Bytes {
        let end = start.saturating_add(len).min(self.len);
        let mut offset = 0;
        let mut out: Option<BytesMut> = None;
        for slice in &self.slices {
            let from = start.clamp(offset, offset + slice.len()) - offset;
            let to = end.clamp(offset, offset + slice.len()) - offset;
            offset += slice.len();
            if from >= to {
                continue;
            }
            if out.is_none() && to - from == end - start {
                return slice.slice(from..to);
            }
            out.get_or_insert_with(|| BytesMut::with_capacity(end - start))
                .extend_from_slice(slice.get(from..to).unwrap_or_default());
        }
        out.map(BytesMut::freeze).unwrap_or_default()
    }

    /// All bytes as one slice.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.range(0, self.len)
    }

    /// Takes the slices out, in order.
    pub fn into_slices(self) -> impl Iterator<Item = Bytes> {
        self.slices.into_iter()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let mut body = Self::new();
        body.push(bytes);
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(parts: &[&'static str]) -> Body {
        let mut body = Body::new();
        for part in parts {
            body.push(Bytes::from_static(part.as_bytes()));
        }
        body
    }

    #[test]
    fn every_range_equals_the_range_of_the_joined_bytes() {
        let body = body(&["ab", "c", "", "defg"]);
        let joined = b"abcdefg";
        for start in 0..9 {
            for len in 0..9 {
                let end = (start + len).min(7);
                let expected = joined.get(start..end).unwrap_or_default();
                assert_eq!(body.range(start, len), expected, "{start}+{len}");
            }
        }
    }

    #[test]
    fn draining_any_prefix_leaves_the_rest() {
        for count in 0..9 {
            let mut body = body(&["ab", "c", "defg"]);
            body.drain(count);
            assert_eq!(body.to_bytes(), b"abcdefg".get(count..).unwrap_or_default());
            assert_eq!(body.len(), 7usize.saturating_sub(count));
        }
    }
}
