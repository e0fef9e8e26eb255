//! What a token says: its claims, what is expected of them, and which go to the service.

mod authorization;
mod expected;
mod forward;
mod path;

pub(crate) use authorization::{Authorization, ClaimMatch};
pub(crate) use expected::Expected;
pub(crate) use forward::{Array, Forward};
pub(crate) use path::ClaimPath;

use crate::refusal::Refusal;
use crate::token::object;
use serde_json::{Map, Value};
use std::time::Duration;

/// The claims of a token (RFC 7519, section 4), of which those with a meaning have the right type.
#[derive(Debug)]
pub(crate) struct Claims {
    all: Map<String, Value>,
    pub(crate) expires: Option<Duration>,
    pub(crate) not_before: Option<Duration>,
}

/// The end of the year 9999, behind which there are no dates.
const LAST_SECOND: u64 = 253_402_300_799;

impl Claims {
    /// Reads a payload. A claim of the wrong type is no claim that is missing: it is refused.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Refusal> {
        let all = object(payload).ok_or(Refusal::Claims)?;
        let (expires, not_before) = (date(&all, "exp")?, date(&all, "nbf")?);
        date(&all, "iat")?;
        let is_text = |name: &str| all.get(name).is_none_or(Value::is_string);
        let is_audience = match all.get("aud") {
            None | Some(Value::String(_)) => true,
            Some(Value::Array(several)) => several.iter().all(Value::is_string),
            Some(_) => false,
        };
        if !is_text("iss") || !is_text("sub") || !is_text("jti") || !is_audience {
            return Err(Refusal::Claims);
        }
        Ok(Self { all, expires, not_before })
    }

    /// A claim by its name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// A claim that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// For whom the token is.
    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match self.get("aud") {
            Some(Value::String(one)) => (Some(one.as_str()), &[][..]),
            Some(Value::Array(several)) => (None, several.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().filter_map(Value::as_str))
    }
}

/// So many whole seconds, as headers of HTTP have them.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let seconds: u64 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    Some(Duration::from_secs(seconds))
}

/// A NumericDate (RFC 7519, section 2): seconds since 1970, with a fraction perhaps.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Duration>, Refusal> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let date = match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    date.filter(|date| date.as_secs() <= LAST_SECOND).map(Some).ok_or(Refusal::Claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds_and_may_have_fractions() {
        let claims = Claims::read(br#"{"exp":1767225600.25,"nbf":0,"iat":253402300799}"#).unwrap();
        assert_eq!(claims.expires, Some(Duration::from_millis(1_767_225_600_250)));
        assert_eq!(claims.not_before, Some(Duration::ZERO));
        for date in [
            "-1",
            "\"1\"",
            "null",
            "1e300",
            "253402300800",
            "18446744073709551615",
            "{}",
            "[]",
            "true",
            "-0.5",
        ] {
            for name in ["exp", "nbf", "iat"] {
                let payload = format!("{{\"{name}\":{date}}}");
                assert_eq!(Claims::read(payload.as_bytes()).unwrap_err(), Refusal::Claims, "{payload}");
            }
        }
    }

    #[test]
    fn claims_of_the_wrong_type_are_refused() {
        for claim in [
            r#""iss":123"#,
            r#""iss":null"#,
            r#""sub":["a"]"#,
            r#""aud":{}"#,
            r#""aud":["a",1]"#,
            r#""aud":null"#,
            r#""jti":1"#,
        ] {
            assert_eq!(
                Claims::read(format!("{{{claim}}}").as_bytes()).unwrap_err(),
                Refusal::Claims,
                "{claim}"
            );
        }
        let claims = Claims::read(br#"{"aud":["a","b"],"iss":"i"}"#).unwrap();
        assert_eq!(claims.audiences().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(Claims::read(br#"{"aud":"a"}"#).unwrap().audiences().collect::<Vec<_>>(), ["a"]);
        assert_eq!(Claims::read(b"{}").unwrap().audiences().count(), 0);
    }
}
