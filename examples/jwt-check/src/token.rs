//! Reads a token, and checks what it says.

use crate::refusal::Refusal;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mesh_filter::clock;
use mesh_filter::headers::Headers;
use serde::Deserialize;
use std::time::UNIX_EPOCH;

/// Algorithms whose keys can be public; others are refused whatever the keys are.
const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];

/// What a token must say.
#[derive(Debug)]
pub(crate) struct Rules {
    issuer: String,
    audience: String,
}

/// What the token says about how it is signed.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: String,
}

/// What a token says (RFC 7519, section 4.1).
#[derive(Debug, Deserialize)]
struct Claims {
    sub: Option<String>,
    iss: Option<String>,
    aud: Option<Audience>,
    exp: Option<u64>,
    nbf: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The token of a request. Two headers would let the upstream read another one than this filter.
pub(crate) fn bearer(headers: &Headers) -> Result<String, Refusal> {
    let mut values = headers.get_all("authorization");
    let value = values.next().ok_or(Refusal::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let value = value.as_str().map_err(|_| Refusal::Malformed)?;
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::Missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim().to_owned()) } else { Err(Refusal::Missing) }
}

/// The header of a token, of which nothing has been checked yet.
pub(crate) fn header(token: &str) -> Result<Header, Refusal> {
    #[derive(Deserialize)]
    struct Raw {
        alg: String,
        kid: Option<String>,
        crit: Option<serde_json::Value>,
    }
    let first = token.split('.').next().unwrap_or_default();
    let json = BASE64_URL_SAFE_NO_PAD.decode(first).map_err(|_| Refusal::Malformed)?;
    let raw: Raw = serde_json::from_slice(&json).map_err(|_| Refusal::Malformed)?;
    let algorithm = ALGORITHMS.iter().find(|(name, _)| *name == raw.alg);
    let (_, algorithm) = algorithm.ok_or(Refusal::Algorithm)?;
    // What a token marks as critical must be understood (RFC 7515, section 4.1.11); nothing is here.
    if raw.crit.is_some() {
        return Err(Refusal::Malformed);
    }
    Ok(Header { algorithm: *algorithm, kid: raw.kid.ok_or(Refusal::KeyUnknown)? })
}

impl Rules {
    pub(crate) fn new(issuer: String, audience: String) -> Self {
        Self { issuer, audience }
    }

    /// The subject of a token that is signed with this key and says what it must.
    pub(crate) fn subject(
        &self,
        token: &str,
        algorithm: Algorithm,
        key: &DecodingKey,
    ) -> Result<String, Refusal> {
        let mut signature = Validation::new(algorithm);
        // The claims are checked below, by the proxy's clock and without exceptions.
        signature.required_spec_claims.clear();
        signature.validate_exp = false;
        signature.validate_aud = false;
        let claims = match jsonwebtoken::decode::<Claims>(token, key, &signature) {
            Ok(token) => token.claims,
            Err(error) => {
                return Err(match error.kind() {
                    ErrorKind::InvalidSignature => Refusal::Signature,
                    // The key is not for this algorithm.
                    ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => Refusal::Algorithm,
                    _ => Refusal::Malformed,
                });
            }
        };
        self.check(claims)
    }

    fn check(&self, claims: Claims) -> Result<String, Refusal> {
        let now = clock::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if claims.exp.is_none_or(|exp| exp <= now) {
            return Err(Refusal::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf > now) {
            return Err(Refusal::NotValidYet);
        }
        if claims.iss.as_deref() != Some(self.issuer.as_str()) {
            return Err(Refusal::Issuer);
        }
        let is_meant = match claims.aud {
            None => false,
            Some(Audience::One(audience)) => audience == self.audience,
            Some(Audience::Several(audiences)) => audiences.contains(&self.audience),
        };
        if !is_meant {
            return Err(Refusal::Audience);
        }
        claims.sub.ok_or(Refusal::Subject)
    }
}
