//! HMAC (RFC 2104), with keys that are secrets of both sides.

use super::hash::Hash;
use hmac::{Hmac, Mac};

/// A shared secret. It has no `Debug`, so that it cannot get into a log.
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// RFC 7518, section 3.2: a key of the hash's size or larger must be used.
    pub(crate) fn is_long_enough(&self, hash: Hash) -> bool {
        self.0.len() >= hash.len()
    }

    /// Compares in constant time, with the whole length.
    pub(crate) fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        macro_rules! verify {
            ($hash:ty) => {
                Hmac::<$hash>::new_from_slice(&self.0)
                    .is_ok_and(|mac| mac.chain_update(message).verify_slice(signature).is_ok())
            };
        }
        match hash {
            Hash::Sha256 => verify!(sha2::Sha256),
            #[cfg(feature = "sha512")]
            Hash::Sha384 => verify!(sha2::Sha384),
            #[cfg(feature = "sha512")]
            Hash::Sha512 => verify!(sha2::Sha512),
            #[cfg(not(feature = "sha512"))]
            _ => false,
        }
    }
}
