//! Bytes as text: base64, base64url and hexadecimal digits. Of all texts that could mean the same bytes one is taken.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// As they are.
    #[default]
    Text,
    /// RFC 4648, section 4, with padding.
    Base64,
    /// RFC 4648, section 5, without padding.
    Base64url,
    /// Two digits for each byte, of either case.
    Hex,
}

impl Encoding {
    /// The bytes; `None` unless the text is the one that encodes them (of hexadecimal digits the case is free).
    #[must_use]
    pub fn decode(self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Text => Some(text.to_vec()),
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Base64url => URL_SAFE_NO_PAD.decode(text).ok(),
            Self::Hex => {
                let (pairs, []) = text.as_chunks::<2>() else { return None };
                pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
            }
        }
    }

    /// The text; hexadecimal digits in lower case. Bytes that are no text stay what they are.
    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Text => bytes.to_vec(),
            Self::Base64 => STANDARD.encode(bytes).into_bytes(),
            Self::Base64url => URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
            Self::Hex => bytes.iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect(),
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn letter(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + digit - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_found_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        for encoding in [Encoding::Text, Encoding::Base64, Encoding::Base64url, Encoding::Hex] {
            for end in [0, 1, 2, 3, 256] {
                let text = encoding.encode(&bytes[..end]);
                assert_eq!(encoding.decode(&text).as_deref(), Some(&bytes[..end]), "{encoding:?} {end}");
            }
        }
        assert_eq!(Encoding::Hex.encode(&[0xfb, 0x0f]), b"fb0f");
        assert_eq!(Encoding::Hex.decode(b"FB0f"), Some(vec![0xfb, 0x0f]));
        assert_eq!(Encoding::Base64url.encode(&[0xfb, 0xff]), b"-_8");
    }

    #[test]
    fn of_texts_that_could_mean_the_same_one_is_taken() {
        for text in ["-_8=", "-_9", "+/8", "-_8 ", "-_\n8", "-", "A"] {
            assert_eq!(Encoding::Base64url.decode(text.as_bytes()), None, "{text}");
        }
        for text in ["+/8", "+/9=", "-_8=", "+/8==", " +/8=", "+/8=\n"] {
            assert_eq!(Encoding::Base64.decode(text.as_bytes()), None, "{text}");
        }
        for text in ["f", "fg", "0x", " f", "f\n"] {
            assert_eq!(Encoding::Hex.decode(text.as_bytes()), None, "{text}");
        }
    }
}
