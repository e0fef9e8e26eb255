//! A key that verifies, of whatever kind.

use super::Algorithm;
#[cfg(feature = "eddsa")]
use super::edwards::EdKey;
#[cfg(any(feature = "es256", feature = "es384", feature = "es512", feature = "hmac"))]
use super::hash::Hash;
#[cfg(feature = "rsa")]
use super::rsa::RsaKey;
#[cfg(feature = "hmac")]
use super::secret::Secret;

/// A parsed key.
pub(crate) enum Material {
    #[cfg(feature = "rsa")]
    Rsa(RsaKey),
    #[cfg(feature = "es256")]
    P256(Box<super::ecdsa::EcKey>),
    #[cfg(feature = "es384")]
    P384(Box<super::ecdsa::EcKey>),
    #[cfg(feature = "es512")]
    P521(Box<super::ecdsa::EcKey>),
    #[cfg(feature = "eddsa")]
    Ed25519(EdKey),
    #[cfg(feature = "hmac")]
    Secret(Secret),
}

/// The numbers of a key, as JWK and SPKI have them.
pub(crate) enum Parts {
    #[cfg_attr(not(feature = "rsa"), expect(dead_code, reason = "read by RSA alone"))]
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Ec {
        curve: String,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Okp {
        curve: String,
        #[cfg_attr(not(feature = "eddsa"), expect(dead_code, reason = "read by EdDSA alone"))]
        x: Vec<u8>,
    },
    #[cfg_attr(not(feature = "hmac"), expect(dead_code, reason = "read by HMAC alone"))]
    Secret(Vec<u8>),
}

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// It may be fine, and is not for us: it encrypts, or is of a kind that this build does not know.
    #[error("{0}")]
    Foreign(String),
    /// It is of a kind that is known, and wrong or too weak.
    #[error("{0}")]
    Broken(String),
}

impl Unusable {
    pub(crate) fn broken(text: impl Into<String>) -> Self {
        Self::Broken(text.into())
    }

    pub(crate) fn foreign(text: impl Into<String>) -> Self {
        Self::Foreign(text.into())
    }
}

impl Material {
    pub(crate) fn new(parts: Parts) -> Result<Self, Unusable> {
        match parts {
            #[cfg(feature = "rsa")]
            Parts::Rsa { modulus, exponent } => RsaKey::new(&modulus, &exponent).map(Self::Rsa),
            Parts::Ec { curve, x, y } => Self::on_curve(&curve, &x, &y),
            #[cfg(feature = "eddsa")]
            Parts::Okp { curve, x } if curve == "Ed25519" => EdKey::new(&x).map(Self::Ed25519),
            Parts::Okp { curve, .. } => Err(unknown_curve(&curve)),
            #[cfg(feature = "hmac")]
            Parts::Secret(bytes) => {
                let secret = Secret::new(bytes);
                if secret.is_long_enough(Hash::Sha256) {
                    Ok(Self::Secret(secret))
                } else {
                    Err(Unusable::broken("a secret of less than 32 bytes, which HS256 needs"))
                }
            }
            #[cfg(not(all(feature = "rsa", feature = "hmac")))]
            _ => Err(Unusable::foreign("a kind of key that this build does not have")),
        }
    }

    fn on_curve(curve: &str, x: &[u8], y: &[u8]) -> Result<Self, Unusable> {
        #[cfg(not(any(feature = "es256", feature = "es384", feature = "es512")))]
        let _unused = (x, y);
        match curve {
            #[cfg(feature = "es256")]
            "P-256" => ecdsa(&super::ecdsa::P256, Hash::Sha256, x, y).map(Self::P256),
            #[cfg(feature = "es384")]
            "P-384" => ecdsa(&super::ecdsa::P384, Hash::Sha384, x, y).map(Self::P384),
            #[cfg(feature = "es512")]
            "P-521" => ecdsa(&super::ecdsa::P521, Hash::Sha512, x, y).map(Self::P521),
            _ => Err(unknown_curve(curve)),
        }
    }

    /// Whether the key is for this algorithm: of its kind, on its curve, long enough.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            #[cfg(feature = "rsa")]
            (Self::Rsa(_), Algorithm::Rs(_) | Algorithm::Ps(_)) => true,
            #[cfg(feature = "es256")]
            (Self::P256(_), Algorithm::Es256) => true,
            #[cfg(feature = "es384")]
            (Self::P384(_), Algorithm::Es384) => true,
            #[cfg(feature = "es512")]
            (Self::P521(_), Algorithm::Es512) => true,
            #[cfg(feature = "eddsa")]
            (Self::Ed25519(_), Algorithm::EdDsa) => true,
            #[cfg(feature = "hmac")]
            (Self::Secret(secret), Algorithm::Hs(hash)) => secret.is_long_enough(hash),
            _ => false,
        }
    }

    /// Whether the signature is this key's, by this algorithm.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            #[cfg(feature = "rsa")]
            (Self::Rsa(key), Algorithm::Rs(hash)) => key.verify_pkcs1(hash, message, signature),
            #[cfg(feature = "rsa")]
            (Self::Rsa(key), Algorithm::Ps(hash)) => key.verify_pss(hash, message, signature),
            #[cfg(feature = "es256")]
            (Self::P256(key), Algorithm::Es256) => key.verify(message, signature),
            #[cfg(feature = "es384")]
            (Self::P384(key), Algorithm::Es384) => key.verify(message, signature),
            #[cfg(feature = "es512")]
            (Self::P521(key), Algorithm::Es512) => key.verify(message, signature),
            #[cfg(feature = "eddsa")]
            (Self::Ed25519(key), Algorithm::EdDsa) => key.verify(message, signature),
            #[cfg(feature = "hmac")]
            (Self::Secret(secret), Algorithm::Hs(hash)) => {
                secret.is_long_enough(hash) && secret.verify(hash, message, signature)
            }
            _ => false,
        }
    }

    /// Whether those who verify by it could sign as well.
    pub(crate) fn is_symmetric(&self) -> bool {
        #[cfg(feature = "hmac")]
        return matches!(self, Self::Secret(_));
        #[cfg(not(feature = "hmac"))]
        false
    }
}

#[cfg(any(feature = "es256", feature = "es384", feature = "es512"))]
fn ecdsa(
    numbers: &super::curve::Numbers,
    hash: Hash,
    x: &[u8],
    y: &[u8],
) -> Result<Box<super::ecdsa::EcKey>, Unusable> {
    let length = numbers.prime.len();
    // RFC 7518, section 6.2.1.2: coordinates have the full length of the field.
    if x.len() != length || y.len() != length {
        let text = format!("coordinates of {} and {} bytes: expected {length}", x.len(), y.len());
        return Err(Unusable::broken(text));
    }
    let key = super::ecdsa::EcKey::new(numbers, hash, x, y).map(Box::new);
    key.ok_or_else(|| Unusable::broken("no point of its curve"))
}

fn unknown_curve(curve: &str) -> Unusable {
    Unusable::foreign(format!("the curve `{curve}`, which this build does not have"))
}
