//! Why a request is not let through, and what its client is told.

use mesh_filter::Response;
use mesh_filter::headers::HeaderError;
use std::fmt;

/// Why a request is not let through. The order is that of [`Refusal::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    NoRule,
    Malformed,
    Algorithm,
    Label,
    Component,
    ComponentUnknown,
    TimeMissing,
    Expired,
    Future,
    KeyUnknown,
    KeyNotValid,
    Signature,
    DigestMissing,
    DigestUnsupported,
    Digest,
    Payload,
    NonceMissing,
    Replayed,
    Forgotten,
    Store,
    BodyTooLarge,
    Unchecked,
    Unsignable,
}

/// What a client is told: status, and status of gRPC.
struct Answer {
    status: u16,
    grpc: u32,
}

const UNAUTHENTICATED: Answer = Answer { status: 401, grpc: 16 };
const FORBIDDEN: Answer = Answer { status: 403, grpc: 7 };
/// It is not the client's fault.
const UNAVAILABLE: Answer = Answer { status: 503, grpc: 14 };
const TOO_LARGE: Answer = Answer { status: 413, grpc: 8 };

impl Refusal {
    /// Every reason, with its name in metrics, logs and details, and the sentence for clients. Sentences are fixed: nothing of
    /// a signature, a key or what is expected is ever repeated.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 24] = [
        (Self::Missing, "signature_missing", "a signature is needed"),
        (Self::NoRule, "no_rule", "no rule lets this request through"),
        (Self::Malformed, "signature_malformed", "the signature's headers are malformed"),
        (Self::Algorithm, "algorithm_not_allowed", "signatures by this algorithm are not accepted"),
        (
            Self::Label,
            "signature_not_found",
            "the request has no signature with the label or tag that is asked for",
        ),
        (Self::Component, "component_missing", "the signature does not cover all that it has to"),
        (Self::ComponentUnknown, "component_unknown", "the signature covers what the request does not have"),
        (Self::TimeMissing, "timestamp_missing", "the signature has no time"),
        (Self::Expired, "signature_expired", "the signature is too old"),
        (Self::Future, "signature_from_future", "the signature's time is yet to come"),
        (Self::KeyUnknown, "key_unknown", INVALID),
        (Self::KeyNotValid, "key_not_valid", INVALID),
        (Self::Signature, "signature_invalid", INVALID),
        (Self::DigestMissing, "digest_missing", "the signature does not cover a digest of the body"),
        (
            Self::DigestUnsupported,
            "digest_unsupported",
            "the body's digest is by no algorithm that is accepted",
        ),
        (Self::Digest, "digest_wrong", "the body is not the one that was signed"),
        (Self::Payload, "payload_unsigned", "the signature does not cover the body"),
        (Self::NonceMissing, "nonce_missing", "the signature has no nonce"),
        (Self::Replayed, "replayed", "the request was received before"),
        (
            Self::Forgotten,
            "replay_uncertain",
            "the request is too old to tell whether it was received before",
        ),
        (Self::Store, "nonces_unavailable", "requests cannot be checked at the moment"),
        (Self::BodyTooLarge, "body_too_large", "the body is too large"),
        (Self::Unchecked, "answered_early", "the service answered before the body was checked"),
        (Self::Unsignable, "cannot_be_signed", "the request cannot be passed on at the moment"),
    ];

    fn text(self) -> (&'static str, &'static str) {
        let row = Self::ALL.iter().find(|(refusal, ..)| *refusal == self);
        row.map_or(("", ""), |(_, code, sentence)| (*code, *sentence))
    }

    /// Its name.
    pub(crate) fn code(self) -> &'static str {
        self.text().0
    }

    /// As clients are told it: whether a key exists is nobody's business.
    fn told(self) -> Self {
        match self {
            Self::KeyUnknown | Self::KeyNotValid => Self::Signature,
            other => other,
        }
    }

    fn answer(self) -> Answer {
        match self {
            Self::NoRule => FORBIDDEN,
            Self::Store | Self::Unchecked | Self::Unsignable => UNAVAILABLE,
            Self::BodyTooLarge => TOO_LARGE,
            _ => UNAUTHENTICATED,
        }
    }

    /// The local reply; `demand` are the headers that tell how to sign.
    pub(crate) fn response(
        self,
        manner: &Manner,
        demand: &[(&str, String)],
        is_grpc: bool,
    ) -> Result<Response, HeaderError> {
        let (code, sentence) = self.told().text();
        let Answer { status, grpc } = self.answer();
        // Details are for the access log, which clients do not see.
        let details = format!("hmac_auth:{}", self.code());
        let response = Response::new(status).with_details(details).with_grpc_status(grpc);
        if manner.strip {
            return Ok(response);
        }
        let mut response = match is_grpc {
            // The message of the status.
            true => response.with_body(sentence),
            false => {
                let body = format!("{{\"error\":\"{code}\",\"error_description\":\"{sentence}\"}}\n");
                response.with_header("content-type", "application/json")?.with_body(body)
            }
        };
        if status == 401 {
            response.headers_mut().set("www-authenticate", manner.challenge())?;
            for (name, value) in demand {
                response.headers_mut().set(name, value)?;
            }
        }
        Ok(response)
    }
}

/// The same for keys that do not exist, that do not count now, and for wrong signatures.
const INVALID: &str = "the signature is invalid";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How refusals are told.
#[derive(Debug)]
pub(crate) struct Manner {
    /// Status alone, without body and challenge.
    pub(crate) strip: bool,
    /// The protection space of challenges.
    pub(crate) realm: Option<String>,
}

impl Manner {
    /// RFC 9110 wants a challenge in each 401. No scheme here has registered one; this is the name that is in use.
    fn challenge(&self) -> String {
        match &self.realm {
            Some(realm) => format!("Signature realm=\"{realm}\""),
            None => "Signature".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_name_of_its_own() {
        let mut codes: Vec<_> = Refusal::ALL.iter().map(|(_, code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::ALL.len());
        // Quotes and backslashes would have to be escaped in the body.
        assert!(Refusal::ALL.iter().all(|(.., sentence)| !sentence.contains(['"', '\\'])));
    }

    #[test]
    fn whether_a_key_exists_is_not_told() {
        let manner = Manner { strip: false, realm: None };
        let told = |refusal: Refusal| format!("{:?}", refusal.response(&manner, &[], false).unwrap());
        assert_eq!(told(Refusal::KeyUnknown), told(Refusal::Signature));
        assert_eq!(told(Refusal::KeyNotValid), told(Refusal::Signature));
    }
}
