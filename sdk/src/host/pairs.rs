//! Names and values, and the serialised list in which they cross the border.
//!
//! `u32 count | count * (u32 name size, u32 value size) | for each: name, 0x00, value, 0x00`,
//! little-endian, sizes without the NUL bytes. The empty list may come as no bytes at all.

use std::fmt;

/// Names and values in the order in which the proxy holds them.
///
/// They lie where the proxy wrote them, in one block, beside a list of their places: to read a list of headers takes two
/// allocations, however long it is.
#[derive(Clone, Default)]
pub struct Pairs {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// Where a name and its value lie.
#[derive(Clone, Copy)]
struct Place {
    name: Span,
    value: Span,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    size: usize,
}

impl Pairs {
    /// No pair.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), places: Vec::new() }
    }

    /// Reads a list from the proxy; `None` where it is malformed.
    pub(crate) fn decode(bytes: Vec<u8>) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::new());
        }
        let count = size_at(&bytes, 0)?;
        // Each pair takes at least ten bytes, so a wrong count cannot ask for more than the list holds.
        if count > bytes.len() / 10 {
            return None;
        }
        let (sizes, _) = bytes.get(4..)?.as_chunks::<8>();
        let mut places = Vec::with_capacity(count);
        let mut start = 4 + 8 * count;
        for sizes in sizes.get(..count)? {
            let name = terminated(&bytes, &mut start, size_at(sizes, 0)?)?;
            let value = terminated(&bytes, &mut start, size_at(sizes, 4)?)?;
            places.push(Place { name, value });
        }
        Some(Self { bytes, places })
    }

    /// Adds a pair at the end.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let place = self.keep(name, value);
        self.places.push(place);
    }

    /// Adds a pair before the one at this position, or at the end.
    pub(crate) fn insert(&mut self, position: usize, name: &[u8], value: &[u8]) {
        let place = self.keep(name, value);
        self.places.insert(position.min(self.places.len()), place);
    }

    /// Keeps the pairs whose names are chosen.
    pub(crate) fn retain(&mut self, mut choose: impl FnMut(&[u8]) -> bool) {
        let Self { bytes, places } = self;
        places.retain(|place| choose(place.name.of(bytes)));
    }

    /// Makes every name another one of the same size, or one that has another size.
    pub(crate) fn rename(&mut self, mut change: impl FnMut(&mut [u8]) -> Option<Vec<u8>>) {
        for index in 0..self.places.len() {
            let Some(place) = self.places.get_mut(index) else { return };
            let name = self.bytes.get_mut(place.name.start..place.name.start + place.name.size);
            if let Some(other) = name.and_then(&mut change) {
                place.name = append(&mut self.bytes, &other);
            }
        }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.places.iter().map(|place| (place.name.of(&self.bytes), place.value.of(&self.bytes)))
    }

    /// How many pairs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn keep(&mut self, name: &[u8], value: &[u8]) -> Place {
        Place { name: append(&mut self.bytes, name), value: append(&mut self.bytes, value) }
    }
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start..self.start + self.size).unwrap_or_default()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut all = Self::new();
        for (name, value) in pairs {
            all.push(name.as_ref(), value.as_ref());
        }
        all
    }
}

impl PartialEq for Pairs {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Pairs {}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        f.debug_map().entries(self.iter().map(|(name, value)| (text(name), text(value)))).finish()
    }
}

fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Span {
    let start = bytes.len();
    bytes.extend_from_slice(more);
    Span { start, size: more.len() }
}

/// Encodes a list for the proxy.
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) fn encode(pairs: &[(&str, &[u8])]) -> Vec<u8> {
    let payload: usize = pairs.iter().map(|(name, value)| name.len() + value.len() + 10).sum();
    let mut out = Vec::with_capacity(4 + payload);
    push_size(&mut out, pairs.len());
    for (name, value) in pairs {
        push_size(&mut out, name.len());
        push_size(&mut out, value.len());
    }
    for (name, value) in pairs {
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.extend_from_slice(value);
        out.push(0);
    }
    out
}

#[cfg(any(target_arch = "wasm32", test))]
fn push_size(out: &mut Vec<u8>, size: usize) {
    // A guest's memory ends at 4 GiB, so that no part of it is longer than a `u32` can say.
    out.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
}

fn size_at(bytes: &[u8], position: usize) -> Option<usize> {
    let size: [u8; 4] = bytes.get(position..position.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(size)).ok()
}

/// The bytes from here on, so many, behind which a NUL stands.
fn terminated(bytes: &[u8], start: &mut usize, size: usize) -> Option<Span> {
    let span = Span { start: *start, size };
    let end = start.checked_add(size)?;
    if *bytes.get(end)? != 0 {
        return None;
    }
    *start = end + 1;
    Some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_the_border_in_order_with_duplicates() {
        let pairs: [(&str, &[u8]); 3] = [("a", b"1"), ("b", b""), ("a", b"\xff")];
        let decoded = Pairs::decode(encode(&pairs)).unwrap();
        assert_eq!(decoded, pairs.iter().copied().collect());
        assert_eq!(decoded.iter().nth(2).unwrap(), (&b"a"[..], &b"\xff"[..]));
    }

    #[test]
    fn every_form_of_the_empty_list_is_read() {
        assert_eq!(Pairs::decode(vec![]), Some(Pairs::new()));
        assert_eq!(Pairs::decode(vec![0, 0, 0, 0]), Some(Pairs::new()));
    }

    #[test]
    fn a_truncated_or_lying_list_is_refused() {
        let bytes = encode(&[("name", b"value")]);
        for end in 1..bytes.len() {
            assert_eq!(Pairs::decode(bytes[..end].to_vec()), None, "cut at {end}");
        }
        let mut lying = bytes;
        lying[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Pairs::decode(lying), None);
    }

    #[test]
    fn pairs_are_added_left_out_and_renamed_where_they_stand() {
        let mut pairs = Pairs::decode(encode(&[("A", b"1"), ("b", b"2"), ("\u{e4}", b"3")])).unwrap();
        pairs.insert(1, b"C", b"4");
        pairs.insert(9, b"d", b"");
        pairs.retain(|name| name != b"b");
        pairs.rename(|name| {
            name.make_ascii_lowercase();
            (!name.is_ascii()).then(|| b"longer".to_vec())
        });
        assert_eq!(format!("{pairs:?}"), r#"{"a": "1", "c": "4", "longer": "3", "d": ""}"#);
    }
}
