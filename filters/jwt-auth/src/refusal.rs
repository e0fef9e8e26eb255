//! Why a request is not let through, and what its client is told (RFC 6750, section 3).

use mesh_filter::Response;
use mesh_filter::headers::HeaderError;
use std::fmt;

/// Why a request is not let through. The order is that of [`Refusal::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    NoRule,
    TooMany,
    TooLarge,
    Malformed,
    Encrypted,
    Header,
    Type,
    Algorithm,
    Claims,
    Issuer,
    Audience,
    Subject,
    Expired,
    NotYetValid,
    NoExpiration,
    Lifetime,
    KeyUnknown,
    Signature,
    NoKeys,
    Scope,
}

/// What a client is told: status, status of gRPC, and the error code of RFC 6750, which a request without token does not get.
struct Answer {
    status: u16,
    grpc: u32,
    error: Option<&'static str>,
}

const UNAUTHENTICATED: Answer = Answer { status: 401, grpc: 16, error: None };
const INVALID_TOKEN: Answer = Answer { status: 401, grpc: 16, error: Some("invalid_token") };
const INVALID_REQUEST: Answer = Answer { status: 400, grpc: 3, error: Some("invalid_request") };
/// It is not the client's fault.
const UNAVAILABLE: Answer = Answer { status: 503, grpc: 14, error: None };
const FORBIDDEN: Answer = Answer { status: 403, grpc: 7, error: None };

impl Refusal {
    /// Every reason, with its name in metrics, logs and details, and the sentence for clients. Sentences are fixed:
    /// nothing of a token is ever repeated.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 21] = [
        (Self::Missing, "token_missing", "a token is needed"),
        (Self::NoRule, "no_rule", "no rule lets this request through"),
        (Self::TooMany, "too_many_tokens", "the request has too many tokens"),
        (Self::TooLarge, "token_too_large", "the token is too large"),
        (Self::Malformed, "token_malformed", "the token is malformed"),
        (Self::Encrypted, "token_encrypted", "encrypted tokens are not accepted"),
        (Self::Header, "header_unsupported", "the token's header demands what is not supported"),
        (Self::Type, "type_not_allowed", "tokens of this type are not accepted"),
        (Self::Algorithm, "alg_not_allowed", "tokens signed by this algorithm are not accepted"),
        (Self::Claims, "claims_malformed", "the token's claims are malformed"),
        (Self::Issuer, "issuer_wrong", "the token's issuer is not accepted"),
        (Self::Audience, "audience_wrong", "the token is for another audience"),
        (Self::Subject, "subject_wrong", "the token's subject is not accepted"),
        (Self::Expired, "token_expired", "the token has expired"),
        (Self::NotYetValid, "token_not_yet_valid", "the token is not valid yet"),
        (Self::NoExpiration, "expiration_missing", "the token never expires"),
        (Self::Lifetime, "lifetime_too_long", "the token is valid for too long"),
        (Self::KeyUnknown, "key_unknown", "the token's key is not known"),
        (Self::Signature, "signature_invalid", "the token's signature is not valid"),
        (Self::NoKeys, "keys_unavailable", "tokens cannot be checked now"),
        (Self::Scope, "insufficient_scope", "the token does not allow this"),
    ];

    fn text(self) -> (&'static str, &'static str) {
        let row = Self::ALL.iter().find(|(refusal, ..)| *refusal == self);
        row.map_or(("", ""), |(_, code, sentence)| (*code, *sentence))
    }

    /// Its name.
    pub(crate) fn code(self) -> &'static str {
        self.text().0
    }

    /// Of several reasons the one that tells most: a token that is wrong says more than one that is not there.
    pub(crate) fn or(self, other: Self) -> Self {
        let weight = |refusal| match refusal {
            Self::Missing => 0,
            Self::Issuer => 1,
            _ => 2,
        };
        if weight(other) > weight(self) { other } else { self }
    }

    fn answer(self) -> Answer {
        match self {
            Self::Missing => UNAUTHENTICATED,
            Self::NoRule => FORBIDDEN,
            Self::TooMany => INVALID_REQUEST,
            Self::NoKeys => UNAVAILABLE,
            Self::Scope => Answer { error: Some("insufficient_scope"), ..FORBIDDEN },
            _ => INVALID_TOKEN,
        }
    }

    /// The local reply; to whom lacks a scope it tells which.
    pub(crate) fn response(
        self,
        manner: &Manner,
        scope: &str,
        is_grpc: bool,
    ) -> Result<Response, HeaderError> {
        let (code, sentence) = self.text();
        let Answer { status, grpc, error } = self.answer();
        let response = Response::new(status).with_details(format!("jwt_auth:{code}")).with_grpc_status(grpc);
        if manner.strip {
            return Ok(response);
        }
        let mut response = match is_grpc {
            // The message of the status.
            true => response.with_body(sentence),
            false => {
                let error = error.unwrap_or(code);
                let body = format!("{{\"error\":\"{error}\",\"error_description\":\"{sentence}\"}}\n");
                response.with_header("content-type", "application/json")?.with_body(body)
            }
        };
        if status == 401 || error.is_some() {
            response.headers_mut().set("www-authenticate", manner.challenge(error, sentence, scope))?;
        }
        Ok(response)
    }
}

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
    /// The challenge (RFC 6750, section 3). A request that had no token is told no error.
    fn challenge(&self, error: Option<&str>, sentence: &str, scope: &str) -> String {
        let realm = self.realm.iter().map(|realm| format!("realm=\"{realm}\""));
        let error = error.iter().map(|error| format!("error=\"{error}\", error_description=\"{sentence}\""));
        let scope = (!scope.is_empty()).then(|| format!("scope=\"{scope}\""));
        let parameters: Vec<String> = realm.chain(error).chain(scope).collect();
        let space = if parameters.is_empty() { "" } else { " " };
        format!("Bearer{space}{}", parameters.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_say_what_rfc_6750_has_them_say() {
        let manner = |realm: Option<&str>| Manner { strip: false, realm: realm.map(str::to_owned) };
        assert_eq!(manner(None).challenge(None, "x", ""), "Bearer");
        assert_eq!(manner(Some("edge")).challenge(None, "x", ""), "Bearer realm=\"edge\"");
        assert_eq!(
            manner(Some("edge")).challenge(Some("invalid_token"), "the token has expired", ""),
            "Bearer realm=\"edge\", error=\"invalid_token\", error_description=\"the token has expired\""
        );
    }

    #[test]
    fn who_lacks_a_scope_is_told_which() {
        let manner = Manner { strip: false, realm: None };
        assert_eq!(
            manner.challenge(Some("insufficient_scope"), "no", "read write"),
            "Bearer error=\"insufficient_scope\", error_description=\"no\", scope=\"read write\""
        );
    }

    #[test]
    fn each_reason_has_a_name_of_its_own() {
        let mut codes: Vec<_> = Refusal::ALL.iter().map(|(_, code, _)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::ALL.len());
        // Quotes and backslashes would have to be escaped in challenges.
        assert!(Refusal::ALL.iter().all(|(.., sentence)| !sentence.contains(['"', '\\'])));
    }
}
