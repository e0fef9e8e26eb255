//! The header of a token: what signs it, and what it may not demand.

use super::json;
use crate::crypto::Algorithm;
use crate::refusal::Refusal;
use serde_json::{Map, Value};

/// Members by which a token would bring its own key: whoever forges a token can do that as well (RFC 8725, section 3.10).
const OWN_KEYS: [&str; 4] = ["jwk", "jku", "x5u", "x5c"];

/// What is needed of the JOSE header (RFC 7515, section 4).
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) kind: Option<String>,
}

impl Header {
    pub(crate) fn read(json: &[u8]) -> Result<Self, Refusal> {
        let members = json::object(json).ok_or(Refusal::Malformed)?;
        // What a token marks as critical must be understood (section 4.1.11). Of all such members this filter
        // understands none: `b64` (RFC 7797) would change what is signed, `zip` what is read.
        let unencoded = members.get("b64").is_some_and(|b64| *b64 != Value::Bool(true));
        let demands = ["crit", "zip"].iter().chain(&OWN_KEYS).any(|name| members.contains_key(*name));
        if unencoded || demands {
            return Err(Refusal::Header);
        }
        let algorithm = text(&members, "alg")?.ok_or(Refusal::Malformed)?;
        Ok(Self {
            algorithm: Algorithm::named(algorithm).ok_or(Refusal::Algorithm)?,
            kid: text(&members, "kid")?.map(str::to_owned),
            kind: text(&members, "typ")?.map(media_type),
        })
    }
}

/// The type as one compares it: without case, and without the prefix that may be left out (section 4.1.9).
pub(crate) fn media_type(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    match text.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => text,
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    members.get(name).map(|value| value.as_str().ok_or(Refusal::Malformed)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Header, Refusal> {
        Header::read(json.as_bytes())
    }

    #[test]
    fn a_header_names_algorithm_key_and_type() {
        let header =
            read(r#"{"alg":"ES256","kid":"k","typ":"application/at+JWT","x5t":"a","b64":true}"#).unwrap();
        assert_eq!((header.algorithm, header.kid.as_deref()), (Algorithm::Es256, Some("k")));
        assert_eq!(header.kind.as_deref(), Some("at+jwt"));
        assert_eq!(read(r#"{"alg":"Ed25519"}"#).unwrap().algorithm, Algorithm::EdDsa);
    }

    #[test]
    fn what_a_header_may_not_demand_is_refused() {
        for member in [
            r#""crit":["exp"]"#,
            r#""crit":[]"#,
            r#""b64":false"#,
            r#""b64":"x""#,
            r#""zip":"DEF""#,
            r#""jwk":{}"#,
        ] {
            assert_eq!(
                read(&format!(r#"{{"alg":"ES256",{member}}}"#)).unwrap_err(),
                Refusal::Header,
                "{member}"
            );
        }
        for member in OWN_KEYS {
            assert_eq!(read(&format!(r#"{{"alg":"ES256","{member}":1}}"#)).unwrap_err(), Refusal::Header);
        }
    }

    #[test]
    fn algorithms_have_case_and_none_is_none() {
        for alg in ["none", "None", "NONE", "nOnE", "es256", "ES256 ", "HS1", "ES256K", "", "RSA-OAEP"] {
            assert_eq!(read(&format!(r#"{{"alg":"{alg}"}}"#)).unwrap_err(), Refusal::Algorithm, "{alg}");
        }
        for json in ["{}", r#"{"alg":1}"#, r#"{"alg":["ES256"]}"#, r#"{"alg":"ES256","kid":1}"#, "[]", ""] {
            assert_eq!(read(json).unwrap_err(), Refusal::Malformed, "{json}");
        }
    }
}
