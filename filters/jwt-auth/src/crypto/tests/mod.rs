//! Signatures by Wycheproof's vectors and by those of the RFCs; and what is no key.

mod differential;
mod vectors;
mod wycheproof;

use super::{Material, Parts, Unusable};

fn broken(parts: Parts) -> String {
    match Material::new(parts) {
        Err(Unusable::Broken(text)) => text,
        Err(Unusable::Foreign(text)) => panic!("foreign: {text}"),
        Ok(_) => panic!("it is a key"),
    }
}

#[test]
fn rsa_keys_that_are_weak_or_would_be_slow_are_none() {
    let rsa = |modulus: Vec<u8>, exponent: &[u8]| broken(Parts::Rsa { modulus, exponent: exponent.to_vec() });
    assert!(rsa(vec![0xff; 255], &[1, 0, 1]).contains("2040 bits"));
    assert!(rsa(vec![0xff; 1025], &[1, 0, 1]).contains("8200 bits"));
    assert!(rsa([vec![0xff; 255], vec![0xfe]].concat(), &[1, 0, 1]).contains("even"));
    for exponent in [&[][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1], &[0]] {
        assert!(rsa(vec![0xff; 256], exponent).contains("exponent"), "{exponent:?}");
    }
}

#[test]
fn what_is_no_point_of_its_curve_is_no_key() {
    for (curve, length) in [("P-256", 32), ("P-384", 48), ("P-521", 66)] {
        let ec = |x: Vec<u8>, y: Vec<u8>| broken(Parts::Ec { curve: curve.to_owned(), x, y });
        assert!(ec(vec![1; length], vec![1; length]).contains("no point"), "{curve}");
        assert!(ec(vec![0; length], vec![0; length]).contains("no point"), "{curve}");
        assert!(ec(vec![1; length - 1], vec![1; length]).contains(&format!("expected {length}")));
        assert!(ec(vec![1; length], vec![1; length + 1]).contains(&format!("expected {length}")));
    }
    let okp = |x: Vec<u8>| broken(Parts::Okp { curve: "Ed25519".to_owned(), x });
    assert!(okp(vec![1; 31]).contains("31 bytes"));
    // The neutral element, which verifies what nobody has signed.
    let mut neutral = vec![0; 32];
    neutral[0] = 1;
    assert!(okp(neutral).contains("small order"));
}

#[test]
fn secrets_are_as_long_as_their_hash() {
    use super::Algorithm;
    assert!(broken(Parts::Secret(vec![7; 31])).contains("less than 32 bytes"));
    let material = Material::new(Parts::Secret(vec![7; 48])).unwrap_or_else(|error| panic!("{error}"));
    let fits = |name: &str| material.fits(Algorithm::named(name).unwrap());
    assert!(fits("HS256") && fits("HS384") && !fits("HS512") && !fits("RS256"));
}
