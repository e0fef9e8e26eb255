//! The codec of pairs: what decodes encodes again, and what encodes decodes to the same.

use mesh_filter_runtime::abi::pairs::{MAX_PAIRS, decode, encode};

pub(crate) fn run(bytes: &[u8]) {
    let decoded = decode(bytes);
    assert!(decoded.len() <= MAX_PAIRS);
    let encoded = encode(decoded.iter().map(|(key, value)| (&key[..], &value[..])));
    assert!(encoded.len() <= bytes.len());
    assert_eq!(decode(&encoded), decoded);

    // The same bytes as keys and values in turn.
    let parts: Vec<_> = bytes.split(|byte| *byte == b'\n').take(MAX_PAIRS).collect();
    let pairs = parts.chunks(2).map(|pair| (pair[0], pair.get(1).copied().unwrap_or_default()));
    let again = decode(&encode(pairs.clone()));
    assert!(again.iter().map(|(key, value)| (&key[..], &value[..])).eq(pairs));
}
