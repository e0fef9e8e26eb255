//! The signature algorithms of JWS by name.

use super::hash::Hash;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Hs(Hash),
    Rs(Hash),
    Ps(Hash),
    Es256,
    Es384,
    Es512,
    EdDsa,
}

const HMAC: bool = cfg!(feature = "hmac");
const RSA: bool = cfg!(feature = "rsa");
const LONG: bool = cfg!(feature = "sha512");

/// Names as RFC 7518 has them, algorithms, and whether this build has them.
pub(crate) const ALGORITHMS: [(&str, Algorithm, bool); 13] = [
    ("HS256", Algorithm::Hs(Hash::Sha256), HMAC),
    ("HS384", Algorithm::Hs(Hash::Sha384), HMAC && LONG),
    ("HS512", Algorithm::Hs(Hash::Sha512), HMAC && LONG),
    ("RS256", Algorithm::Rs(Hash::Sha256), RSA),
    ("RS384", Algorithm::Rs(Hash::Sha384), RSA && LONG),
    ("RS512", Algorithm::Rs(Hash::Sha512), RSA && LONG),
    ("PS256", Algorithm::Ps(Hash::Sha256), RSA),
    ("PS384", Algorithm::Ps(Hash::Sha384), RSA && LONG),
    ("PS512", Algorithm::Ps(Hash::Sha512), RSA && LONG),
    ("ES256", Algorithm::Es256, cfg!(feature = "es256")),
    ("ES384", Algorithm::Es384, cfg!(feature = "es384")),
    ("ES512", Algorithm::Es512, cfg!(feature = "es512")),
    ("EdDSA", Algorithm::EdDsa, cfg!(feature = "eddsa")),
];

impl Algorithm {
    /// The algorithm that this build knows by this name. Names have case, and `none` is none of them.
    pub(crate) fn named(name: &str) -> Option<Self> {
        // RFC 9864 gives the curve a name of its own.
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        ALGORITHMS
            .iter()
            .find(|(known, _, built)| *built && *known == name)
            .map(|(_, algorithm, _)| *algorithm)
    }

    /// Whether those who verify could sign as well.
    pub(crate) fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs(_))
    }
}
