//! Own verification beside RustCrypto's signing: random keys and messages, and signatures with a changed half.

use crate::crypto::{Algorithm, Material, Parts};

/// Numbers that look random, the same in every run.
struct Stream(u64);

impl Stream {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut next = || {
            // Marsaglia's xorshift.
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_be_bytes()
        };
        std::iter::repeat_with(&mut next).flatten().take(length).collect()
    }
}

macro_rules! compare {
    ($module:ident, $algorithm:expr, $curve:literal, $size:literal) => {{
        use $module::ecdsa::signature::Signer;
        use $module::ecdsa::{Signature, SigningKey};
        let mut stream = Stream(0x9e37_79b9_7f4a_7c15);
        for round in 0..60 {
            let Ok(key) = SigningKey::from_slice(&stream.bytes($size)) else { continue };
            let point = key.verifying_key().to_encoded_point(false);
            let (x, y) = (point.x().unwrap().to_vec(), point.y().unwrap().to_vec());
            let own = Material::new(Parts::Ec { curve: $curve.to_owned(), x, y })
                .unwrap_or_else(|error| panic!("{error}"));
            let message = stream.bytes(round);
            let signature: Signature = key.sign(&message);
            let signature = signature.to_bytes().to_vec();
            assert!(own.verify($algorithm, &message, &signature), "{round}");
            for place in [0, $size - 1, $size, 2 * $size - 1] {
                let mut changed = signature.clone();
                changed[place] ^= 1;
                assert!(!own.verify($algorithm, &message, &changed), "{round}: {place}");
            }
            let other = [&message[..], b"x"].concat();
            assert!(!own.verify($algorithm, &other, &signature), "{round}");
        }
    }};
}

#[test]
fn what_p256_signs_is_verified() {
    compare!(p256, Algorithm::Es256, "P-256", 32);
}

#[test]
fn what_p384_signs_is_verified() {
    compare!(p384, Algorithm::Es384, "P-384", 48);
}
