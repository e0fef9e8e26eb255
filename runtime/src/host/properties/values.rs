//! Values as Envoy puts them into bytes.

use crate::abi::pairs;
use crate::headers::Headers;
use bytes::Bytes;

pub(super) fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(super) fn number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_le_bytes())
}

pub(super) fn boolean(value: bool) -> Bytes {
    Bytes::from_static(if value { &[1] } else { &[0] })
}

/// A map without entries, which is not as short as an empty header map.
pub(super) fn empty_map() -> Bytes {
    Bytes::from_static(&[0; 4])
}

/// How many bytes headers are; none where they are not open.
pub(super) fn byte_size(headers: Option<&Headers>) -> u64 {
    headers.map_or(0, |headers| headers.byte_size() as u64)
}

/// Headers as a map: each name once, its values joined.
pub(super) fn map(headers: Option<&Headers>) -> Bytes {
    let Some(headers) = headers else { return empty_map() };
    let mut names: Vec<&[u8]> = Vec::new();
    for (name, _) in headers.iter() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return empty_map();
    }
    let values: Vec<Bytes> = names.iter().map(|name| joined(headers, name).unwrap_or_default()).collect();
    pairs::encode(names.iter().copied().zip(values.iter().map(AsRef::as_ref))).into()
}

/// All values of one name.
pub(super) fn joined(headers: &Headers, name: &[u8]) -> Option<Bytes> {
    let name = name.to_ascii_lowercase();
    let values: Vec<&[u8]> = headers.get_all(&name).map(AsRef::as_ref).collect();
    (!values.is_empty()).then(|| values.join(&b","[..]).into())
}
