//! Key sets: read from JWK (RFC 7517) or PEM, and searched for the key of a token.

mod der;
mod jwk;
mod pem;
mod remote;
mod set;
mod source;

pub(crate) use remote::{Fetches, Remote};
pub(crate) use set::KeySet;
pub(crate) use source::Source;

use crate::crypto::{Algorithm, Material};
use std::rc::Rc;

/// The keys of a provider.
pub(crate) enum Keys {
    /// Those of the configuration.
    Local(Rc<KeySet>),
    /// Those of a server.
    Remote(Remote),
}

impl Keys {
    /// The keys, and whether they are others than last time; `None` where there are none now.
    pub(crate) fn current(&self) -> Option<(Rc<KeySet>, bool)> {
        match self {
            Self::Local(set) => Some((Rc::clone(set), false)),
            Self::Remote(remote) => remote.current(),
        }
    }
}

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
