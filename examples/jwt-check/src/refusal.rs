//! Why a request is not let through, and what the client is told (RFC 6750, section 3).

use mesh_filter::Response;
use mesh_filter::headers::HeaderError;

/// Why a request is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("token_missing")]
    Missing,
    #[error("token_malformed")]
    Malformed,
    #[error("token_expired")]
    Expired,
    #[error("token_not_valid_yet")]
    NotValidYet,
    #[error("alg_not_allowed")]
    Algorithm,
    #[error("key_unknown")]
    KeyUnknown,
    #[error("signature_invalid")]
    Signature,
    #[error("issuer_wrong")]
    Issuer,
    #[error("audience_wrong")]
    Audience,
    #[error("subject_missing")]
    Subject,
    #[error("keys_unavailable")]
    NoKeys,
}

impl Refusal {
    pub(crate) fn response(self) -> Result<Response, HeaderError> {
        let (status, challenge) = match self {
            Self::NoKeys => (503, None),
            Self::Missing => (401, Some("Bearer")),
            _ => (401, Some("Bearer error=\"invalid_token\"")),
        };
        let mut response = Response::new(status)
            .with_header("content-type", "application/json")?
            .with_body(format!("{{\"error\":\"{self}\"}}"))
            .with_details(self.to_string());
        if let Some(challenge) = challenge {
            response.headers_mut().set("www-authenticate", challenge)?;
        }
        Ok(response)
    }
}
