//! What a request claims: who signed which bytes, and when. Every scheme reads its headers into this, and one place judges it.

use crate::digest::Digests;
use crate::mac::{Hash, Hasher, hmac_sha256, sha256};
use mesh_filter_policy::{Encoding, Moment};

/// A signature that a request has, with everything that it depends on.
pub(crate) struct Claim {
    /// The key that the request names; without one the rule's keys are tried.
    pub(crate) key_id: Option<Vec<u8>>,
    pub(crate) hash: Hash,
    /// One of which has to match.
    pub(crate) signatures: Vec<Vec<u8>>,
    /// When it was signed. Signed itself.
    pub(crate) created: Option<Moment>,
    /// From when on it counts no more. Signed itself.
    pub(crate) expires: Option<Moment>,
    /// What is never used twice. Signed itself.
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) message: Message,
    /// Digests of the body, which the message covers.
    pub(crate) digests: Digests,
    /// What the key is made of beside the secret.
    pub(crate) scope: Option<Scope>,
}

/// The bytes that are signed.
pub(crate) enum Message {
    /// These.
    Head(Vec<u8>),
    /// The body stands between these.
    Around(Vec<u8>, Vec<u8>),
    /// Those of AWS, with a hash of the body.
    Canonical(Canonical),
}

/// A canonical request of AWS that ends with the hash of a body that is still to come.
pub(crate) struct Canonical {
    /// Algorithm, time and scope.
    pub(crate) preamble: Vec<u8>,
    /// The request up to the hash of its body.
    pub(crate) request: Vec<u8>,
    pub(crate) payload: Hasher,
}

impl Canonical {
    /// The string to sign.
    pub(crate) fn finish(self) -> Vec<u8> {
        let payload = Encoding::Hex.encode(&self.payload.finish());
        Self::string_to_sign(self.preamble, self.request, &payload)
    }

    pub(crate) fn string_to_sign(mut preamble: Vec<u8>, mut request: Vec<u8>, payload: &[u8]) -> Vec<u8> {
        request.extend_from_slice(payload);
        preamble.extend_from_slice(&Encoding::Hex.encode(&sha256(&request)));
        preamble
    }
}

/// AWS makes a key for each day, region and service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// `YYYYMMDD`.
    pub(crate) date: Vec<u8>,
    pub(crate) region: Vec<u8>,
    pub(crate) service: Vec<u8>,
}

impl Scope {
    /// The signing key.
    pub(crate) fn derive(&self, secret: &[u8]) -> Vec<u8> {
        let date = hmac_sha256(&[b"AWS4", secret].concat(), &self.date);
        let region = hmac_sha256(&date, &self.region);
        let service = hmac_sha256(&region, &self.service);
        hmac_sha256(&service, b"aws4_request")
    }
}
