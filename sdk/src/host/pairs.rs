//! The serialised list of pairs in which header maps cross the border.
//!
//! `u32 count | count * (u32 name size, u32 value size) | for each: name, 0x00, value, 0x00`,
//! little-endian, sizes without the NUL bytes. The empty list may come as no bytes at all.

use super::Pairs;

/// Decodes a list from the proxy; `None` where it is malformed.
pub(crate) fn decode(bytes: &[u8]) -> Option<Pairs> {
    if bytes.is_empty() {
        return Some(Pairs::new());
    }
    let count = size_at(bytes, 0)?;
    // Each pair takes at least ten bytes, so a wrong count cannot ask for more than the list holds.
    if count > bytes.len() / 10 {
        return None;
    }
    let mut position = 4 + 8 * count;
    let mut pairs = Vec::with_capacity(count);
    for index in 0..count {
        let name = terminated(bytes, &mut position, size_at(bytes, 4 + 8 * index)?)?;
        let value = terminated(bytes, &mut position, size_at(bytes, 8 + 8 * index)?)?;
        pairs.push((name, value));
    }
    Some(pairs)
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

fn terminated(bytes: &[u8], position: &mut usize, size: usize) -> Option<Vec<u8>> {
    let end = position.checked_add(size)?;
    let value = bytes.get(*position..end)?;
    if *bytes.get(end)? != 0 {
        return None;
    }
    *position = end + 1;
    Some(value.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_the_border_in_order_with_duplicates() {
        let bytes = encode(&[("a", b"1"), ("b", b""), ("a", b"\xff")]);
        let pairs = decode(&bytes).unwrap();
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[2], (b"a".to_vec(), b"\xff".to_vec()));
    }

    #[test]
    fn every_form_of_the_empty_list_is_read() {
        assert_eq!(decode(&[]), Some(Pairs::new()));
        assert_eq!(decode(&[0, 0, 0, 0]), Some(Pairs::new()));
    }

    #[test]
    fn a_truncated_or_lying_list_is_refused() {
        let bytes = encode(&[("name", b"value")]);
        for end in 1..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "cut at {end}");
        }
        let mut lying = bytes;
        lying[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(&lying), None);
    }
}
