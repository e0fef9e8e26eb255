//! EdDSA with Ed25519 (RFC 8032, RFC 8037).

use super::material::Unusable;
use ed25519_dalek::{Signature, VerifyingKey};

/// A public key.
pub(crate) struct EdKey(VerifyingKey);

impl EdKey {
    pub(crate) fn new(x: &[u8]) -> Result<Self, Unusable> {
        let bytes: &[u8; 32] = x
            .try_into()
            .map_err(|_| Unusable::broken(format!("a public key of {} bytes: expected 32", x.len())))?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Unusable::broken("no point on Ed25519"))?;
        // With such a key one signature fits many messages.
        if key.is_weak() {
            return Err(Unusable::broken("a point of small order"));
        }
        Ok(Self(key))
    }

    /// Strictly: one signature for a message and a key, whoever verifies it.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|parsed| self.0.verify_strict(message, &parsed).is_ok())
    }
}
