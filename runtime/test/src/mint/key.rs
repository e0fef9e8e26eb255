//! Keys as files have them: PEM with PKCS #8, PKCS #1, SEC 1 or a public key; anything else is a secret.

use super::der::{Der, IDENTIFIER, INTEGER, OCTET_STRING};
use super::ec::Curve;
use super::rsa::{Private, Rsa};
use crate::base64;
use ed25519_compact::{KeyPair, PublicKey, Seed};
use num_bigint::BigUint;

/// A key that signs, or with which signatures are checked.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    Rsa(Rsa),
    Ec { curve: Curve, public: (BigUint, BigUint), private: Option<BigUint> },
    Ed25519 { public: PublicKey, private: Option<Box<KeyPair>> },
    Secret(Vec<u8>),
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const CURVES: [(&[u8], &str); 3] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], "P-256"),
    (&[0x2b, 0x81, 4, 0, 34], "P-384"),
    (&[0x2b, 0x81, 4, 0, 35], "P-521"),
];

impl Key {
    /// Reads a file; the error says what it is not.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let Some((label, content)) = blocks(text).find(|(label, _)| *label != "EC PARAMETERS") else {
            return if bytes.is_empty() {
                Err("it is empty".to_owned())
            } else {
                Ok(Self::Secret(bytes.to_vec()))
            };
        };
        let content = content.ok_or_else(|| format!("the PEM block `{label}` is no base64"))?;
        let key = match label {
            "PRIVATE KEY" => pkcs8(&content),
            "RSA PRIVATE KEY" => pkcs1(&content),
            "EC PRIVATE KEY" => sec1(&content, None),
            "PUBLIC KEY" => spki(&content),
            _ => return Err(format!("a PEM block `{label}` is no key that signs tokens")),
        };
        key.ok_or_else(|| {
            format!("the PEM block `{label}` is not a sound key of RSA, P-256, P-384, P-521 or Ed25519")
        })
    }
}

/// The PEM blocks of a text: label, and bytes where they can be decoded.
fn blocks(text: &str) -> impl Iterator<Item = (&str, Option<Vec<u8>>)> {
    text.split("-----BEGIN ").skip(1).filter_map(|rest| {
        let (label, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once("-----END ")?;
        Some((label, base64::decode(body)))
    })
}

fn pkcs8(bytes: &[u8]) -> Option<Key> {
    let mut key = Der(bytes).sequence()?;
    key.expect(INTEGER)?;
    let (algorithm, curve) = algorithm(&mut key)?;
    let private = key.expect(OCTET_STRING)?;
    match algorithm {
        RSA | RSA_PSS => pkcs1(private),
        EC => sec1(private, curve),
        ED25519 => {
            let seed = Seed::from_slice(Der(private).expect(OCTET_STRING)?).ok()?;
            let pair = KeyPair::try_from_seed(seed).ok()?;
            Some(Key::Ed25519 { public: pair.pk, private: Some(Box::new(pair)) })
        }
        _ => None,
    }
}

fn spki(bytes: &[u8]) -> Option<Key> {
    let mut key = Der(bytes).sequence()?;
    let (algorithm, curve) = algorithm(&mut key)?;
    let public = key.bits()?;
    match algorithm {
        RSA | RSA_PSS => {
            let mut numbers = Der(public).sequence()?;
            let (modulus, exponent) = (number(&mut numbers)?, number(&mut numbers)?);
            let key = Rsa { modulus, exponent, private: None };
            key.is_sound().then_some(Key::Rsa(key))
        }
        EC => {
            let curve = curve?;
            let (x, y) = public.strip_prefix(&[4])?.split_at_checked(curve.size)?;
            let public = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
            Some(Key::Ec { curve, public, private: None })
        }
        ED25519 => Some(Key::Ed25519 { public: PublicKey::from_slice(public).ok()?, private: None }),
        _ => None,
    }
}

/// The identifier of an algorithm, and its curve if it has one.
fn algorithm<'a>(key: &mut Der<'a>) -> Option<(&'a [u8], Option<Curve>)> {
    let mut algorithm = key.sequence()?;
    let name = algorithm.expect(IDENTIFIER)?;
    Some((name, algorithm.expect(IDENTIFIER).and_then(curve)))
}

fn curve(identifier: &[u8]) -> Option<Curve> {
    let (_, name) = CURVES.iter().find(|(known, _)| *known == identifier)?;
    Curve::named(name)
}

fn pkcs1(bytes: &[u8]) -> Option<Key> {
    let mut numbers = Der(bytes).sequence()?;
    let mut next = || number(&mut numbers);
    let (_version, modulus, exponent, _private) = (next()?, next()?, next()?, next()?);
    let (primes, exponents, coefficient) = ([next()?, next()?], [next()?, next()?], next()?);
    let private = Some(Private { primes, exponents, coefficient });
    let key = Rsa { modulus, exponent, private };
    key.is_sound().then_some(Key::Rsa(key))
}

fn sec1(bytes: &[u8], known: Option<Curve>) -> Option<Key> {
    let mut key = Der(bytes).sequence()?;
    key.expect(INTEGER)?;
    let private = BigUint::from_bytes_be(key.expect(OCTET_STRING)?);
    let named = key.expect(0xa0).and_then(|content| Der(content).expect(IDENTIFIER)).and_then(curve);
    let curve = known.or(named)?;
    if !curve.is_key(&private) {
        return None;
    }
    Some(Key::Ec { public: curve.public(&private)?, private: Some(private), curve })
}

fn number(numbers: &mut Der<'_>) -> Option<BigUint> {
    numbers.expect(INTEGER).map(BigUint::from_bytes_be)
}

#[cfg(test)]
mod tests {
    use super::super::token;
    use super::{Key, blocks, pkcs1, pkcs8, sec1, spki};

    const KEYS: [&str; 7] = [
        include_str!("../../tests/scenarios/keys/rsa.pem"),
        include_str!("../../tests/scenarios/keys/rsa-pkcs1.pem"),
        include_str!("../../tests/scenarios/keys/rsa-public.pem"),
        include_str!("../../tests/scenarios/keys/p256.pem"),
        include_str!("../../tests/scenarios/keys/p256-public.pem"),
        include_str!("../../tests/scenarios/keys/ed25519.pem"),
        include_str!("../../tests/scenarios/keys/ed25519-public.pem"),
    ];

    /// Reads it as each kind of key, and signs with what comes of it.
    fn use_all(bytes: &[u8]) {
        let keys = [pkcs8(bytes), pkcs1(bytes), sec1(bytes, None), spki(bytes)];
        for key in keys.into_iter().flatten() {
            let algorithm = key.algorithm();
            // Public keys sign nothing; that is told, too.
            let _signed = token(Default::default(), &serde_json::json!({}), Some(&key), algorithm);
            assert!(key.public().is_some());
        }
    }

    #[test]
    fn broken_key_files_are_refused_or_used_but_never_a_panic() {
        for text in KEYS {
            let (_, bytes) = blocks(text).last().unwrap();
            let bytes = bytes.unwrap();
            use_all(&bytes);
            // What stands first says what the rest is.
            for at in (0..40).chain((40..bytes.len()).step_by(1 + bytes.len() / 40)) {
                use_all(&bytes[..at]);
                for byte in [0, 0x80, 0xff] {
                    let mut broken = bytes.clone();
                    broken[at] = byte;
                    use_all(&broken);
                }
            }
        }
        // Private keys of nothing but zeros.
        let (_, bytes) = blocks(KEYS[5]).last().unwrap();
        let mut zeros = bytes.unwrap();
        let start = zeros.len() - 32;
        zeros[start..].fill(0);
        assert!(pkcs8(&zeros).is_none());
    }

    #[test]
    fn a_file_that_is_no_pem_is_a_secret() {
        assert!(matches!(Key::read(b"secret").unwrap(), Key::Secret(secret) if secret == b"secret"));
        assert_eq!(Key::read(b"").unwrap_err(), "it is empty");
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let problem = Key::read(certificate.as_bytes()).unwrap_err();
        assert_eq!(problem, "a PEM block `CERTIFICATE` is no key that signs tokens");
        let broken = "-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n";
        assert_eq!(Key::read(broken.as_bytes()).unwrap_err(), "the PEM block `PRIVATE KEY` is no base64");
    }
}
