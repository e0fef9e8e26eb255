//! Digests of contents, as `sha256:` and 64 hexadecimal digits (OCI image specification, "Digests").

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The digest of some bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Digest(String);

/// A text that is no digest.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no digest: expected `sha256:` and 64 digits of 0-9 and a-f")]
pub(crate) struct NoDigest(String);

impl Digest {
    const ALGORITHM: &str = "sha256:";

    /// The digest of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{}{hex}", Self::ALGORITHM))
    }

    /// The digits alone.
    pub(crate) fn hex(&self) -> &str {
        self.0.strip_prefix(Self::ALGORITHM).unwrap_or_default()
    }
}

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let hex = text.strip_prefix(Self::ALGORITHM);
        let fits = hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_digit));
        if fits { Ok(Self(text)) } else { Err(NoDigest(text)) }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_its_bytes() {
        let digest = Digest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(Digest::try_from(text.to_owned()).unwrap(), digest);
        assert_ne!(digest, Digest::of(b"a"));
    }

    #[test]
    fn other_texts_are_none() {
        let digits = "0".repeat(64);
        for text in [
            &*digits,
            "sha256:",
            "sha256:0",
            &format!("sha512:{digits}"),
            &format!("sha256:{}G", &digits[1..]),
        ] {
            assert!(Digest::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
