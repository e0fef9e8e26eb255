//! Key sets: read from JWK (RFC 7517) or PEM, and searched for the key of a token.

mod der;
mod jwk;
mod pem;
mod set;

pub(crate) use set::KeySet;

use crate::crypto::{Algorithm, Material};

/// A key with what its owner says about it.
pub(crate) struct Key {
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) material: Material,
}

impl Key {
    /// The keys of a PEM file.
    #[cfg(test)]
    pub(crate) fn all_in_pem(bytes: &[u8]) -> Vec<Result<Self, crate::crypto::Unusable>> {
        pem::read(bytes)
    }

    /// Whether it may verify a token with this header. A key without a name fits every name.
    fn fits(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        let is_named = match (&self.kid, kid) {
            (Some(own), Some(kid)) => own == kid,
            _ => true,
        };
        is_named && self.algorithm.is_none_or(|own| own == algorithm) && self.material.fits(algorithm)
    }
}
