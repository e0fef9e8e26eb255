//! The hashes of signature algorithms.

/// A hash of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// How many bytes it has.
    #[cfg_attr(
        not(any(feature = "rsa", feature = "hmac")),
        expect(dead_code, reason = "ECDSA takes any length")
    )]
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of these parts, one after the other; `None` where this build does not have it.
    #[cfg(any(feature = "es256", feature = "es384", feature = "es512", feature = "rsa"))]
    pub(crate) fn of(self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        match self {
            Self::Sha256 => Some(digest::<sha2::Sha256>(parts)),
            #[cfg(feature = "sha512")]
            Self::Sha384 => Some(digest::<sha2::Sha384>(parts)),
            #[cfg(feature = "sha512")]
            Self::Sha512 => Some(digest::<sha2::Sha512>(parts)),
            #[cfg(not(feature = "sha512"))]
            _ => None,
        }
    }
}

#[cfg(any(feature = "es256", feature = "es384", feature = "es512", feature = "rsa"))]
fn digest<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().to_vec()
}
