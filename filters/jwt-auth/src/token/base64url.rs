//! Base64url as JWS has it: no padding, no other characters, no bits that mean nothing (RFC 7515, section 2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes; `None` unless the text is the only one that encodes them.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The text.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_texts_that_could_mean_the_same_one_is_taken() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode(""), Some(vec![]));
        for text in ["-_8=", "-_9", "+/8", "-_8 ", " -_8", "-_\n8", "-", "A", "AA\0A", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(encode([0xfb, 0xff]), "-_8");
    }
}
