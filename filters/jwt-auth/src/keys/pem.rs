//! Public keys in PEM (RFC 7468): `BEGIN PUBLIC KEY`, one after the other.

use super::{Key, der};
use crate::crypto::{Material, Unusable};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";

/// Whether this is meant to be PEM.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with(BEGIN))
}

/// The keys. They have no names and no algorithm: each fits every token of its kind.
pub(crate) fn read(bytes: &[u8]) -> Vec<Result<Key, Unusable>> {
    let text = String::from_utf8_lossy(bytes);
    text.split(BEGIN).skip(1).map(block).collect()
}

fn block(block: &str) -> Result<Key, Unusable> {
    let (label, rest) = block.split_once("-----").unwrap_or((block, ""));
    if label != "PUBLIC KEY" {
        return Err(Unusable::broken(format!("a block `{label}`: expected `PUBLIC KEY`")));
    }
    let (body, _) = rest
        .split_once("-----END PUBLIC KEY-----")
        .ok_or_else(|| Unusable::broken("a block `PUBLIC KEY` without its end"))?;
    let body: String = body.split_whitespace().collect();
    let spki = STANDARD.decode(body).map_err(|_| Unusable::broken("a block that is not base64"))?;
    let parts = der::public_key(&spki).ok_or_else(|| Unusable::broken("a block that is no public key"))??;
    Ok(Key { kid: None, algorithm: None, material: Material::new(parts)? })
}
