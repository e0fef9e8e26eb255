//! One JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037).

use super::Key;
use crate::crypto::{Algorithm, Material, Parts, Unusable};
use crate::token::decode;
use serde_json::{Map, Value};

/// Reads a key that verifies signatures.
pub(crate) fn read(jwk: &Map<String, Value>) -> Result<Key, Unusable> {
    let kind = text(jwk, "kty")?.ok_or_else(|| Unusable::broken("`kty` is missing"))?;
    if let Some(purpose) = text(jwk, "use")?
        && purpose != "sig"
    {
        return Err(Unusable::foreign(format!("`use` is `{purpose}` and not `sig`")));
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.as_array().ok_or_else(|| Unusable::broken("`key_ops` is no array"))?;
        if !operations.iter().any(|operation| operation == "verify") {
            return Err(Unusable::foreign("`key_ops` has no `verify`"));
        }
    }
    let parts = match kind {
        "RSA" => Parts::Rsa { modulus: bytes(jwk, "n")?, exponent: bytes(jwk, "e")? },
        "EC" => {
            Parts::Ec { curve: required(jwk, "crv")?.to_owned(), x: bytes(jwk, "x")?, y: bytes(jwk, "y")? }
        }
        "OKP" => Parts::Okp { curve: required(jwk, "crv")?.to_owned(), x: bytes(jwk, "x")? },
        "oct" => Parts::Secret(bytes(jwk, "k")?),
        other => return Err(Unusable::foreign(format!("`kty` is `{other}`"))),
    };
    let algorithm = text(jwk, "alg")?.map(algorithm).transpose()?;
    let material = Material::new(parts)?;
    if let Some((name, algorithm)) = algorithm
        && !material.fits(algorithm)
    {
        return Err(Unusable::broken(format!(
            "the key is of another kind than `alg` `{name}` needs, or too short"
        )));
    }
    Ok(Key { kid: text(jwk, "kid")?.map(str::to_owned), algorithm: algorithm.map(|(_, own)| own), material })
}

fn algorithm(name: &str) -> Result<(&str, Algorithm), Unusable> {
    let algorithm = Algorithm::named(name).map(|algorithm| (name, algorithm));
    algorithm.ok_or_else(|| Unusable::foreign(format!("`alg` is `{name}`")))
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Unusable> {
    let is_text =
        |value: &'a Value| value.as_str().ok_or_else(|| Unusable::broken(format!("`{name}` is no string")));
    jwk.get(name).map(is_text).transpose()
}

fn required<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<&'a str, Unusable> {
    text(jwk, name)?.ok_or_else(|| Unusable::broken(format!("`{name}` is missing")))
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Unusable> {
    decode(required(jwk, name)?).ok_or_else(|| Unusable::broken(format!("`{name}` is not base64url")))
}
