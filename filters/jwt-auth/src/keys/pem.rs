//! Public keys in PEM (RFC 7468): `BEGIN PUBLIC KEY`, one after the other.

use super::{Key, der};
use crate::crypto::{Material, Unusable};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";
const END: &[u8] = b"-----END PUBLIC KEY-----";

/// Whether this is meant to be PEM.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(BEGIN)
}

/// The keys. They have no names and no algorithm: each fits every token of its kind.
pub(crate) fn read(bytes: &[u8]) -> Vec<Result<Key, Unusable>> {
    let mut keys = Vec::new();
    let mut rest = cut(bytes, BEGIN).map(|(_, rest)| rest);
    while let Some(text) = rest {
        let (own, next) = cut(text, BEGIN).map_or((text, None), |(own, next)| (own, Some(next)));
        keys.push(block(own));
        rest = next;
    }
    keys
}

fn block(block: &[u8]) -> Result<Key, Unusable> {
    let (label, rest) = cut(block, DASHES).unwrap_or((block, b""));
    if label != b"PUBLIC KEY" {
        let label = String::from_utf8_lossy(label);
        return Err(Unusable::broken(format!("a block `{label}`: expected `PUBLIC KEY`")));
    }
    let (body, _) = cut(rest, END).ok_or_else(|| Unusable::broken("a block `PUBLIC KEY` without its end"))?;
    let body: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let spki = STANDARD.decode(body).map_err(|_| Unusable::broken("a block that is not base64"))?;
    let parts = der::public_key(&spki).ok_or_else(|| Unusable::broken("a block that is no public key"))??;
    Ok(Key { kid: None, algorithm: None, material: Material::new(parts)? })
}

/// What stands before a mark, and behind it. Searching in text has 2 KiB, and is for longer ones.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(mark.len()..)?))
}
