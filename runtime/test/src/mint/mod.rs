//! Mints JSON Web Tokens (RFC 7519) and key sets (RFC 7517) for tests, the same bytes every time.
//!
//! The crates that sign by all of these algorithms are fifty in the build of every filter's tests, and most want
//! randomness. What is here may be slow and leak its keys by time: they belong to tests.

mod der;
mod ec;
mod hash;
mod key;
mod rsa;

pub(crate) use key::Key;

use crate::base64::encode_url;
use hash::Hash;
use num_bigint::BigUint;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An algorithm of RFC 7518 or RFC 8037.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    None,
    Hs(Hash),
    Rs(Hash),
    Ps(Hash),
    Es(Hash),
    EdDsa,
}

/// The algorithms by name.
pub(crate) const ALGORITHMS: [(&str, Algorithm); 14] = [
    ("none", Algorithm::None),
    ("HS256", Algorithm::Hs(Hash::Sha256)),
    ("HS384", Algorithm::Hs(Hash::Sha384)),
    ("HS512", Algorithm::Hs(Hash::Sha512)),
    ("RS256", Algorithm::Rs(Hash::Sha256)),
    ("RS384", Algorithm::Rs(Hash::Sha384)),
    ("RS512", Algorithm::Rs(Hash::Sha512)),
    ("PS256", Algorithm::Ps(Hash::Sha256)),
    ("PS384", Algorithm::Ps(Hash::Sha384)),
    ("PS512", Algorithm::Ps(Hash::Sha512)),
    ("ES256", Algorithm::Es(Hash::Sha256)),
    ("ES384", Algorithm::Es(Hash::Sha384)),
    ("ES512", Algorithm::Es(Hash::Sha512)),
    ("EdDSA", Algorithm::EdDsa),
];

impl Algorithm {
    /// As `alg` names it.
    pub(crate) fn name(self) -> &'static str {
        ALGORITHMS.iter().find(|(_, known)| *known == self).map_or("none", |(name, _)| *name)
    }
}

impl Key {
    /// What it signs by, where nothing else is said.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs(Hash::Sha256),
            Self::Ec { curve, .. } => Algorithm::Es(of_curve(curve)),
            Self::Ed25519 { .. } => Algorithm::EdDsa,
            Self::Secret(_) => Algorithm::Hs(Hash::Sha256),
        }
    }

    /// The signature; the error says why there is none.
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, String> {
        let small = || "the key is public, or too small".to_owned();
        match (self, algorithm) {
            (Self::Secret(secret), Algorithm::Hs(hash)) => Ok(hash.hmac(secret, &[message])),
            (Self::Rsa(key), Algorithm::Rs(hash)) => key.pkcs1(hash, message).ok_or_else(small),
            (Self::Rsa(key), Algorithm::Ps(hash)) => key.pss(hash, message).ok_or_else(small),
            (Self::Ec { curve, private, .. }, Algorithm::Es(hash)) if hash == of_curve(curve) => private
                .as_ref()
                .and_then(|private| curve.sign(hash, private, message))
                .ok_or_else(|| "the key is public".to_owned()),
            (Self::Ed25519 { private, .. }, Algorithm::EdDsa) => {
                let pair = private.as_ref().ok_or("the key is public")?;
                Ok(pair.sk.sign(message, None).to_vec())
            }
            _ => Err(format!("the key does not sign by {}", algorithm.name())),
        }
    }

    /// Its public part as a JSON Web Key; `None` of a secret.
    pub(crate) fn public(&self) -> Option<Map<String, Value>> {
        let number = |number: &BigUint| encode_url(&number.to_bytes_be());
        let members = match self {
            Self::Rsa(key) => json!({"kty": "RSA", "n": number(&key.modulus), "e": number(&key.exponent)}),
            Self::Ec { curve, public: (x, y), .. } => {
                let [x, y] = [x, y].map(|number| encode_url(&curve.bytes(number)));
                json!({"kty": "EC", "crv": curve.name, "x": x, "y": y})
            }
            Self::Ed25519 { public, .. } => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode_url(public.as_ref())})
            }
            Self::Secret(_) => return None,
        };
        match members {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// A token with this header, whose `alg` is set here, and these claims.
pub(crate) fn token(
    mut header: Map<String, Value>,
    claims: &Value,
    key: Option<&Key>,
    algorithm: Algorithm,
) -> Result<String, String> {
    header.insert("alg".to_owned(), algorithm.name().into());
    let part = |value: &Value| encode_url(sorted(value).to_string().as_bytes());
    let signed = format!("{}.{}", part(&Value::Object(header)), part(claims));
    let signature = match (key, algorithm) {
        (_, Algorithm::None) => Vec::new(),
        (Some(key), _) => key.sign(algorithm, signed.as_bytes())?,
        (None, _) => return Err(format!("{} needs a key", algorithm.name())),
    };
    Ok(format!("{signed}.{}", encode_url(&signature)))
}

/// The same JSON with its members by name, however `serde_json` is built.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            members.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The hash function that goes with a curve (RFC 7518, section 3.4).
fn of_curve(curve: &ec::Curve) -> Hash {
    match curve.size {
        32 => Hash::Sha256,
        48 => Hash::Sha384,
        _ => Hash::Sha512,
    }
}
