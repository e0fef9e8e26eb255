//! Binary metadata: what a plugin gives under names with `-bin` goes out as base64, as Envoy does it.

use bytes::Bytes;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of a name as it is sent.
pub(super) fn sent(name: &[u8], value: Bytes) -> Bytes {
    if is_binary(name) { base64(&value).into() } else { value }
}

/// Whether a name is one of bytes.
pub(super) fn is_binary(name: &[u8]) -> bool {
    name.to_ascii_lowercase().ends_with(b"-bin")
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).ok();
            let known = value.and_then(|value| ALPHABET.get(value)).filter(|_| digit <= chunk.len());
            text.push(known.copied().unwrap_or(b'='));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_their_end_are_encoded() {
        for (value, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(sent(b"x-a-Bin", Bytes::from(value)), expected);
            assert_eq!(sent(b"x-a", Bytes::from(value)), value);
        }
        assert_eq!(sent(b"x-bin", Bytes::from_static(&[0, 128, 255])), "AID/");
    }
}
