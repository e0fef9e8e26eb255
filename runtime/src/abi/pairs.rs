//! The serialised list of pairs in which header maps cross the border.
//!
//! `u32 count | count * (u32 key size, u32 value size) | for each: key, 0x00, value, 0x00`,
//! little-endian, sizes without the NUL bytes. Envoy encodes the empty list as no bytes at all;
//! guests also send four zero bytes (Rust) or one (the specification's text).

use bytes::Bytes;

/// Most bytes that a guest may send in one list (Envoy's limit).
pub const MAX_BYTES: usize = 1 << 20;
/// Most pairs that a guest may send in one list (Envoy's limit).
pub const MAX_PAIRS: usize = 1024;

/// Encodes a list; the empty list becomes an empty vector.
#[must_use]
pub fn encode<'a>(pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let count = pairs.len();
    if count == 0 {
        return Vec::new();
    }
    let payload: usize = pairs.clone().map(|(key, value)| key.len() + value.len() + 2).sum();
    let mut out = Vec::with_capacity(4 + 8 * count + payload);
    push_size(&mut out, count);
    for (key, value) in pairs.clone() {
        push_size(&mut out, key.len());
        push_size(&mut out, value.len());
    }
    for (key, value) in pairs {
        out.extend_from_slice(key);
        out.push(0);
        out.extend_from_slice(value);
        out.push(0);
    }
    out
}

/// Decodes a list from a guest.
///
/// What is malformed or beyond the limits is an empty list, as in Envoy.
#[must_use]
pub fn decode(bytes: &[u8]) -> Vec<(Bytes, Bytes)> {
    if bytes.len() > MAX_BYTES {
        return Vec::new();
    }
    try_decode(bytes).unwrap_or_default()
}

fn push_size(out: &mut Vec<u8>, size: usize) {
    // A list never reaches 4 GiB: its parts are bounded by guest memory and header limits.
    out.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
}

fn try_decode(bytes: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
    let count = size_at(bytes, 0)?;
    if count > MAX_PAIRS {
        return None;
    }
    let mut position = 4 + 8 * count;
    let mut pairs = Vec::with_capacity(count);
    for index in 0..count {
        let key_size = size_at(bytes, 4 + 8 * index)?;
        let value_size = size_at(bytes, 8 + 8 * index)?;
        let key = terminated(bytes, &mut position, key_size)?;
        let value = terminated(bytes, &mut position, value_size)?;
        pairs.push((key, value));
    }
    Some(pairs)
}

fn size_at(bytes: &[u8], position: usize) -> Option<usize> {
    let size: [u8; 4] = bytes.get(position..position + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(size)).ok()
}

fn terminated(bytes: &[u8], position: &mut usize, size: usize) -> Option<Bytes> {
    let end = position.checked_add(size)?;
    let value = bytes.get(*position..end)?;
    if *bytes.get(end)? != 0 {
        return None;
    }
    *position = end + 1;
    Some(Bytes::copy_from_slice(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(pairs: &[(&str, &str)]) -> Vec<(Bytes, Bytes)> {
        decode(&encode(pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes()))))
    }

    #[test]
    fn pairs_survive_the_border_in_order_with_duplicates() {
        let pairs = round_trip(&[("a", "1"), ("b", ""), ("a", "2")]);
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[2], (Bytes::from("a"), Bytes::from("2")));
    }

    #[test]
    fn all_three_forms_of_the_empty_list_are_read() {
        for form in [&[][..], &[0][..], &[0, 0, 0, 0][..]] {
            assert!(decode(form).is_empty(), "{form:?}");
        }
        assert!(encode(std::iter::empty::<(&[u8], &[u8])>()).is_empty());
    }

    #[test]
    fn a_truncated_or_oversized_list_is_empty() {
        let bytes = encode([(&b"name"[..], &b"value"[..])].into_iter());
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_empty(), "cut at {end}");
        }
        let mut many = bytes;
        many[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(&many).is_empty());
    }
}
