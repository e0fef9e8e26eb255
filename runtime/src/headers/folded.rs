//! Headers as one sorted map: each name once, whatever its case, with its values joined.
//!
//! No proxy keeps headers so; testers that play single phases of a filter do.

use super::Headers;
use bytes::Bytes;
use std::cmp::Ordering;

impl Headers {
    /// An empty map in which a name that is added again joins its values by a comma and a space, names
    /// stay as they were first written, and entries stand in the order of their names without regard
    /// to case.
    #[must_use]
    pub fn folded() -> Self {
        Self { folded: true, ..Self::default() }
    }

    /// An empty list of the same kind.
    pub(crate) fn emptied(&self, capacity: usize) -> Self {
        Self { folded: self.folded, ..Self::with_capacity(capacity) }
    }

    pub(super) fn folded_get(&self, name: &[u8]) -> Option<&Bytes> {
        let index = self.place_of(name).ok()?;
        self.entries.get(index).map(|(_, value)| value)
    }

    pub(super) fn fold(&mut self, name: Bytes, value: Bytes) {
        match self.place_of(&name) {
            Ok(index) => {
                if let Some((_, first)) = self.entries.get_mut(index) {
                    *first = [first.as_ref(), value.as_ref()].join(&b", "[..]).into();
                }
            }
            Err(index) => self.entries.insert(index, (name, value)),
        }
    }

    pub(super) fn folded_set(&mut self, name: Bytes, value: Bytes) {
        match self.place_of(&name) {
            Ok(index) => {
                if let Some((_, old)) = self.entries.get_mut(index) {
                    *old = value;
                }
            }
            Err(index) => self.entries.insert(index, (name, value)),
        }
    }

    fn place_of(&self, name: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|(key, _)| without_case(key, name))
    }
}

fn without_case(one: &[u8], other: &[u8]) -> Ordering {
    one.iter().map(u8::to_ascii_lowercase).cmp(other.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(headers: &Headers) -> Vec<String> {
        let line = |(name, value): (&[u8], &[u8])| {
            format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        headers.iter().map(line).collect()
    }

    #[test]
    fn names_are_kept_once_in_sorted_order_and_found_in_any_case() {
        let mut headers = Headers::folded();
        for (name, value) in [("X-B", "1"), (":path", "/"), ("a", "2"), ("x-b", "3"), ("0", "4")] {
            headers.append(name.into(), value.into());
        }
        assert_eq!(pairs(&headers), ["0: 4", ":path: /", "a: 2", "X-B: 1, 3"]);
        assert_eq!(headers.get(b"x-b").unwrap(), "1, 3");
        headers.set("x-B".into(), "5".into());
        headers.overwrite("C".into(), "6".into());
        assert_eq!(headers.remove(b":PATH"), 1);
        assert_eq!(pairs(&headers), ["0: 4", "a: 2", "C: 6", "X-B: 5"]);
        assert_eq!(pairs(&headers.emptied(1)), Vec::<String>::new());
    }
}
