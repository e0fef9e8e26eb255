//! As much of DER as public keys need ([RFC 5280, section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)).

use crate::crypto::{Parts, Unusable};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const ED25519: &[u8] = b"\x2b\x65\x70";

/// Curves by their identifiers, with the bytes of a coordinate.
const CURVES: [(&[u8], &str, usize); 3] = [
    (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", "P-256", 32),
    (b"\x2b\x81\x04\x00\x22", "P-384", 48),
    (b"\x2b\x81\x04\x00\x23", "P-521", 66),
];

/// The parts of a `SubjectPublicKeyInfo`; `None` where the bytes are none.
pub(crate) fn public_key(bytes: &[u8]) -> Option<Result<Parts, Unusable>> {
    let (info, rest) = element(bytes, SEQUENCE)?;
    let (algorithm, after) = element(info, SEQUENCE)?;
    let (key, end) = element(after, BIT_STRING)?;
    let (kind, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    // No bits are left over in the last byte.
    let (0, key) = key.split_first().map(|(unused, key)| (*unused, key))? else { return None };
    if !rest.is_empty() || !end.is_empty() {
        return None;
    }
    Some(Ok(match kind {
        RSA => {
            let (numbers, rest) = element(key, SEQUENCE)?;
            let (modulus, exponent) = element(numbers, INTEGER)?;
            let (exponent, end) = element(exponent, INTEGER)?;
            if !rest.is_empty() || !end.is_empty() {
                return None;
            }
            Parts::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }
        }
        EC => {
            let (curve, _) = element(parameters, OBJECT_IDENTIFIER)?;
            let Some((_, name, length)) = CURVES.iter().find(|(identifier, ..)| *identifier == curve) else {
                return Some(Err(Unusable::broken("an elliptic curve that is not P-256, P-384 or P-521")));
            };
            let (4, point) = key.split_first().map(|(form, point)| (*form, point))? else {
                return Some(Err(Unusable::broken("a compressed point: expected an uncompressed one")));
            };
            let (x, y) = point.split_at_checked(*length)?;
            Parts::Ec { curve: (*name).to_owned(), x: x.to_vec(), y: y.to_vec() }
        }
        ED25519 => Parts::Okp { curve: "Ed25519".to_owned(), x: key.to_vec() },
        _ => return Some(Err(Unusable::broken("a kind of key that is not RSA, EC or Ed25519"))),
    }))
}

/// The content of the element that comes first, if it is of this kind, and what follows it.
fn element(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        // So many bytes of length follow.
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (*tag == kind).then(|| rest.split_at_checked(length))?
}
