//! A set of keys, and the search for the one that signed a token.

use super::{Key, jwk, pem};
use crate::crypto::Unusable;
use crate::refusal::Refusal;
use crate::token::{Jws, object};
use serde_json::Value;

/// No set has more keys: issuers have two or three.
pub(crate) const MOST_KEYS: usize = 100;
/// How many keys one token may be tried with. It names its key, unless the issuer has one or two.
const MOST_TRIES: usize = 8;

/// Keys that verify.
pub(crate) struct KeySet {
    keys: Vec<Key>,
    /// Keys that are not used, by their place, and why.
    pub(crate) unused: Vec<(usize, Unusable)>,
}

/// Why bytes are no set of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetError {
    #[error("it is neither PEM nor a JSON object with an array `keys`, in which each name stands once")]
    Shape,
    #[error("it has {0} keys: expected no more than {MOST_KEYS}")]
    TooMany(usize),
    #[error("`keys[{0}]` is no object")]
    NoObject(usize),
}

impl KeySet {
    /// Reads a JWK set, or PEM. Keys that cannot be used are left out (RFC 7517, section 5).
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, SetError> {
        let read = match pem::is_pem(bytes) {
            true => pem::read(bytes),
            false => read_json(bytes)?,
        };
        if read.len() > MOST_KEYS {
            return Err(SetError::TooMany(read.len()));
        }
        let mut set = Self { keys: Vec::new(), unused: Vec::new() };
        for (place, key) in read.into_iter().enumerate() {
            match key {
                Ok(key) => set.keys.push(key),
                Err(unusable) => set.unused.push((place, unusable)),
            }
        }
        Ok(set)
    }

    /// Whether no key can be used.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key is a secret by which tokens could be signed, too.
    pub(crate) fn has_secrets(&self) -> bool {
        self.keys.iter().any(|key| key.material.is_symmetric())
    }

    /// Whether a key verifies the token. Keys of other kinds, names and algorithms are not even tried.
    pub(crate) fn verify(&self, jws: &Jws<'_>) -> Result<(), Refusal> {
        let (kid, algorithm) = (jws.header.kid.as_deref(), jws.header.algorithm);
        let mut fitting = self.keys.iter().filter(|key| key.fits(kid, algorithm)).take(MOST_TRIES).peekable();
        if fitting.peek().is_none() {
            return Err(Refusal::KeyUnknown);
        }
        match fitting.any(|key| key.material.verify(algorithm, jws.signed, &jws.signature)) {
            true => Ok(()),
            false => Err(Refusal::Signature),
        }
    }
}

fn read_json(bytes: &[u8]) -> Result<Vec<Result<Key, Unusable>>, SetError> {
    let set = object(bytes).ok_or(SetError::Shape)?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or(SetError::Shape)?;
    if keys.len() > MOST_KEYS {
        return Err(SetError::TooMany(keys.len()));
    }
    let read =
        |(place, key): (usize, &Value)| key.as_object().map(jwk::read).ok_or(SetError::NoObject(place));
    keys.iter().enumerate().map(read).collect()
}
