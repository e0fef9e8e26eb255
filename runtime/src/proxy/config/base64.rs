//! Base64 as protobuf's JSON has it: written in the standard alphabet, read in both.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes with padding.
pub(in crate::proxy) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().chain(&[0, 0]).take(3).fold(0usize, |word, byte| (word << 8) | usize::from(*byte));
        for index in 0..4 {
            let sign = ALPHABET.get((word >> (18 - 6 * index)) & 63).filter(|_| index <= chunk.len());
            text.push(sign.copied().map_or('=', char::from));
        }
    }
    text
}

/// Decodes either alphabet, with or without padding; `None` if `text` is no base64.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let data = text.trim_end_matches('=');
    let padding = text.len() - data.len();
    if data.len() % 4 == 1 || padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3 + 2);
    for chunk in data.as_bytes().chunks(4) {
        let mut word = 0u32;
        for byte in chunk {
            word = (word << 6) | value(*byte)?;
        }
        let missing = 4 - chunk.len();
        let [_, bits @ ..] = (word << (6 * missing)).to_be_bytes();
        let (kept, unused) = bits.split_at_checked(3 - missing)?;
        if unused.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

fn value(byte: u8) -> Option<u32> {
    let byte = match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    ALPHABET.iter().position(|sign| *sign == byte).and_then(|position| u32::try_from(position).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for length in 0..20u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(89)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
        assert_eq!(encode(b"hello"), "aGVsbG8=");
    }

    #[test]
    fn both_alphabets_are_read_and_other_text_is_refused() {
        assert_eq!(decode("-_8"), decode("+/8="));
        for wrong in ["a", "aGVsbG8==", "aGVs bG8=", "aGVsbG9=", "=", "é"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
