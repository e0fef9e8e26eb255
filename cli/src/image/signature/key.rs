//! Keys for signatures: ECDSA with P-256, in PEM.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{self, Signature};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};

/// Signs. It has no `Debug`, so that it cannot get into a message.
pub(crate) struct SigningKey(ecdsa::SigningKey);

/// Verifies.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey(ecdsa::VerifyingKey);

/// A text that is no key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum KeyError {
    #[error("the key is encrypted, and encrypted keys cannot be read yet")]
    Encrypted,
    #[error("expected a {0} in PEM, ECDSA with P-256: `-----BEGIN {1}-----`")]
    Other(&'static str, &'static str),
}

impl SigningKey {
    /// Reads PKCS#8, or what openssl writes for elliptic curves (SEC 1).
    pub(crate) fn read(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        // `openssl ecparam` writes the curve before the key.
        let pem = pem.find("-----BEGIN EC PRIVATE KEY").and_then(|start| pem.get(start..)).unwrap_or(pem);
        let key = ecdsa::SigningKey::from_pkcs8_pem(pem)
            .ok()
            .or_else(|| p256::SecretKey::from_sec1_pem(pem).ok().map(Into::into));
        key.map(Self).ok_or(KeyError::Other("private key", "PRIVATE KEY"))
    }

    /// The signature, in DER. The same bytes have the same one (RFC 6979).
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(bytes);
        signature.to_der().as_bytes().to_vec()
    }

    /// The key that verifies what this one signs.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }
}

impl PublicKey {
    /// Reads a public key, as `cosign.pub` has it.
    pub(crate) fn read(pem: &str) -> Result<Self, KeyError> {
        let key = ecdsa::VerifyingKey::from_public_key_pem(pem.trim());
        key.map(Self).map_err(|_| KeyError::Other("public key", "PUBLIC KEY"))
    }

    /// Whether this is the signature, in DER, of these bytes.
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.0.verify(bytes, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test by `openssl ecparam -genkey -name prime256v1 | openssl pkcs8 -topk8 -nocrypt`.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEMcDpJBa3eybeURG\n\
        PLDAItMH9SqlvQyjWHyoLzpxU4yhRANCAAQBJMn62/DjeiaIMKQ019o3nGBtD3R7\n\
        6Rqv3PyfFPyA1MtIsoz2s7j0OCMk19cmv/2OYuHi8Hd6jIhC7NUaGBMO\n\
        -----END PRIVATE KEY-----";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEASTJ+tvw43omiDCkNNfaN5xgbQ90\n\
        e+kar9z8nxT8gNTLSLKM9rO49DgjJNfXJr/9jmLh4vB3eoyIQuzVGhgTDg==\n\
        -----END PUBLIC KEY-----";

    #[test]
    fn what_one_key_signs_the_other_verifies() {
        let key = SigningKey::read(PRIVATE).unwrap();
        let public = PublicKey::read(PUBLIC).unwrap();
        let signature = key.sign(b"payload");
        assert!(public.verifies(b"payload", &signature) && key.public().verifies(b"payload", &signature));
        assert!(!public.verifies(b"Payload", &signature));
        for place in 0..signature.len() {
            for bit in 0..8 {
                let mut broken = signature.clone();
                broken[place] ^= 1 << bit;
                assert!(!public.verifies(b"payload", &broken), "byte {place}, bit {bit}");
            }
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(
            SigningKey::read("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----").err(),
            Some(KeyError::Encrypted)
        );
        for text in ["", "key", PUBLIC] {
            assert!(matches!(SigningKey::read(text), Err(KeyError::Other(..))), "{text}");
        }
        for text in ["", "key", PRIVATE] {
            assert!(matches!(PublicKey::read(text), Err(KeyError::Other(..))), "{text}");
        }
    }
}
