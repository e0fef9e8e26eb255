//! Bytes as text: base64, base64url and hexadecimal digits. Of all texts that could mean the same bytes one is taken.

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
            Self::Base64 => ALPHABET.decode(unpadded(text)?),
            Self::Base64url => URL_ALPHABET.decode(text),
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
            Self::Base64 => padded(ALPHABET.encode(bytes)),
            Self::Base64url => URL_ALPHABET.encode(bytes),
            Self::Hex => bytes.iter().flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect(),
        }
    }
}

/// The 64 digits of base64: letters, decimal digits, and these two.
struct Alphabet([u8; 2]);

const ALPHABET: Alphabet = Alphabet(*b"+/");
const URL_ALPHABET: Alphabet = Alphabet(*b"-_");

/// A codec of thirty lines has a tenth of the size of the crate `base64`, whose engines do for streams and any alphabet.
impl Alphabet {
    fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
        for group in text.chunks(4) {
            let bits = group
                .iter()
                .try_fold(0_u32, |bits, digit| Some(bits << 6 | u32::from(self.value(*digit)?)))?;
            let [_, whole @ ..] = (bits << (24 - 6 * group.len())).to_be_bytes();
            // Four digits are three bytes; of fewer, the last has bits that are nought.
            let (whole, rest) = whole.split_at_checked(group.len() * 3 / 4)?;
            if whole.is_empty() || rest.iter().any(|byte| *byte != 0) {
                return None;
            }
            bytes.extend_from_slice(whole);
        }
        Some(bytes)
    }

    fn encode(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
        for group in bytes.chunks(3) {
            let bits =
                group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (24 - 8 * group.len());
            // A byte takes two digits, two take three, three take four.
            text.extend(
                (0..=group.len()).map(|place| self.digit((bits >> (18 - 6 * place)).to_le_bytes()[0] & 63)),
            );
        }
        text
    }

    fn value(&self, digit: u8) -> Option<u8> {
        match digit {
            b'A'..=b'Z' => Some(digit - b'A'),
            b'a'..=b'z' => Some(digit - b'a' + 26),
            b'0'..=b'9' => Some(digit - b'0' + 52),
            _ => (62..).zip(self.0).find(|(_, known)| *known == digit).map(|(value, _)| value),
        }
    }

    fn digit(&self, value: u8) -> u8 {
        match value {
            0..=25 => b'A' + value,
            26..=51 => b'a' + value - 26,
            52..=61 => b'0' + value - 52,
            62 => self.0[0],
            _ => self.0[1],
        }
    }
}

/// The digits before the padding, which fills the text to a multiple of four.
fn unpadded(text: &[u8]) -> Option<&[u8]> {
    let digits = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    text.len().is_multiple_of(4).then_some(digits)
}

fn padded(mut text: Vec<u8>) -> Vec<u8> {
    text.resize(text.len().next_multiple_of(4), b'=');
    text
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

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(Encoding::Base64.encode(bytes.as_bytes()), text.as_bytes());
            assert_eq!(Encoding::Base64.decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
        let (all, text) = ([0, 16, 131, 16, 81, 135, 32, 146, 139, 255, 255, 255], b"ABCDEFGHIJKL////");
        assert_eq!(Encoding::Base64.encode(&all), text);
    }

    #[test]
    fn of_texts_that_could_mean_the_same_one_is_taken() {
        for text in ["-_8=", "-_9", "+/8", "-_8 ", "-_\n8", "-", "A"] {
            assert_eq!(Encoding::Base64url.decode(text.as_bytes()), None, "{text}");
        }
        for text in [
            "+/8", "+/9=", "-_8=", "+/8==", " +/8=", "+/8=\n", "=", "====", "A===", "Zg=a", "Zm==",
            "AA==AA==",
        ] {
            assert_eq!(Encoding::Base64.decode(text.as_bytes()), None, "{text}");
        }
        for text in ["f", "fg", "0x", " f", "f\n"] {
            assert_eq!(Encoding::Hex.decode(text.as_bytes()), None, "{text}");
        }
    }
}
