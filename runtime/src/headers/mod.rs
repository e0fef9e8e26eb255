//! Headers and trailers: an ordered list of byte pairs, pseudo headers included.
//!
//! Names are lower case. Pseudo headers stand first, as in Envoy's map. `http::HeaderMap` is
//! not used because it regroups repeated names, which a guest can see. What a tester without a
//! proxy has instead of such a list is in `folded.rs`.

mod folded;
mod joined;

pub use joined::is_joined;

use crate::exchange::Side;
use bytes::Bytes;

/// An ordered multimap of header names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    entries: Vec<(Bytes, Bytes)>,
    pseudo: usize,
    /// One entry for each name, see [`Self::folded`].
    folded: bool,
}

impl Headers {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list with room for `capacity` entries.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), ..Self::default() }
    }

    /// The first value of `name`, which must be lower case.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Bytes> {
        if self.folded {
            return self.folded_get(name);
        }
        self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Bytes> {
        self.entries.iter().filter(move |(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether `name` is there.
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.get(name).is_some()
    }

    /// Adds an entry, also where the name is there already.
    pub fn append(&mut self, name: Bytes, value: Bytes) {
        if self.folded {
            return self.fold(name, value);
        }
        let name = lower(name);
        if name.first() == Some(&b':') {
            self.entries.insert(self.pseudo, (name, value));
            self.pseudo += 1;
        } else {
            self.entries.push((name, value));
        }
    }

    /// Adds an entry as Envoy does: a second copy of a well-known header is joined to the first.
    pub fn add(&mut self, side: Side, name: Bytes, value: Bytes) {
        if self.folded {
            return self.fold(name, value);
        }
        let name = lower(name);
        if is_joined(side, &name)
            && let Some((_, first)) = self.entries.iter_mut().find(|(key, _)| *key == name)
        {
            // Nothing joins without a comma.
            if first.is_empty() {
                *first = value;
            } else if !value.is_empty() {
                *first = [first.as_ref(), value.as_ref()].join(&b',').into();
            }
        } else {
            self.append(name, value);
        }
    }

    /// The same entries as Envoy has them when they arrive, each [added](Self::add) to those before it.
    #[must_use]
    pub fn arrived(self, side: Side) -> Self {
        let mut arrived = Self { folded: self.folded, ..Self::default() };
        self.entries.into_iter().for_each(|(name, value)| arrived.add(side, name, value));
        arrived
    }

    /// Removes every copy of `name` and adds one at the end.
    pub fn set(&mut self, name: Bytes, value: Bytes) {
        if self.folded {
            return self.folded_set(name, value);
        }
        let name = lower(name);
        self.remove(&name);
        self.append(name, value);
    }

    /// Gives the first copy of `name` this value where it stands, and removes the others; adds it
    /// at the end where there is none.
    pub fn overwrite(&mut self, name: Bytes, value: Bytes) {
        if self.folded {
            return self.folded_set(name, value);
        }
        let Some(first) = self.entries.iter().position(|(key, _)| *key == name) else {
            return self.append(name, value);
        };
        let mut place = 0;
        self.entries.retain(|(key, _)| {
            place += 1;
            place <= first + 1 || *key != name
        });
        if let Some((_, old)) = self.entries.get_mut(first) {
            *old = value;
        }
    }

    /// Keeps the headers for which `keep` holds; pseudo headers stay.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        self.entries.retain(|(name, value)| name.first() == Some(&b':') || keep(name, value));
    }

    /// Removes every copy of `name`; returns how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let before = self.entries.len();
        if name.first() == Some(&b':') && !self.folded {
            self.pseudo -= self.entries.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).count();
        }
        self.entries.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        before - self.entries.len()
    }

    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[(Bytes, Bytes)] {
        &self.entries
    }

    /// All entries as slices, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + Clone {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all names and values.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        self.entries.iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}

impl<K: Into<Bytes>, V: Into<Bytes>> FromIterator<(K, V)> for Headers {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        let mut headers = Self::new();
        for (name, value) in pairs {
            headers.append(name.into(), value.into());
        }
        headers
    }
}

fn lower(name: Bytes) -> Bytes {
    if name.iter().any(u8::is_ascii_uppercase) { name.to_ascii_lowercase().into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_headers_stand_first_whenever_they_are_added() {
        let headers: Headers =
            [("a", "1"), (":path", "/"), (":method", "GET"), ("b", "2")].into_iter().collect();
        let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [b":path".as_slice(), b":method", b"a", b"b"]);
    }

    #[test]
    fn overwriting_keeps_the_place_of_the_first_copy() {
        let mut headers: Headers = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        headers.overwrite("a".into(), "4".into());
        headers.overwrite("c".into(), "5".into());
        let pairs: Vec<_> = headers.iter().collect();
        assert_eq!(pairs, [(&b"a"[..], &b"4"[..]), (b"b", b"2"), (b"c", b"5")]);
    }

    #[test]
    fn a_second_copy_of_a_well_known_header_is_joined_to_the_first() {
        let mut sent = Headers::new();
        for (name, value) in
            [(":path", "/"), ("authorization", "a"), ("x", "1"), ("authorization", "b"), ("x", "2")]
        {
            sent.append(name.into(), value.into());
        }
        let arrived = sent.arrived(Side::Request);
        assert_eq!(arrived.get_all(b"authorization").collect::<Vec<_>>(), ["a,b"]);
        assert_eq!(arrived.get_all(b"x").collect::<Vec<_>>(), ["1", "2"]);
        let mut headers = Headers::new();
        for (name, value) in
            [("Accept", "a"), ("x-own", "1"), ("accept", "b"), ("x-own", "2"), ("etag", "e"), ("etag", "f")]
        {
            headers.add(Side::Request, name.into(), value.into());
        }
        assert_eq!(headers.get(b"accept").unwrap(), "a,b");
        assert_eq!(headers.get_all(b"x-own").count(), 2);
        assert_eq!(headers.get_all(b"etag").count(), 2, "joined in responses only");
    }

    #[test]
    fn set_replaces_every_copy_and_lowers_the_name() {
        let mut headers: Headers = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        headers.set("A".into(), "4".into());
        assert_eq!(headers.iter().collect::<Vec<_>>(), [(&b"b"[..], &b"2"[..]), (b"a", b"4")]);
    }
}
