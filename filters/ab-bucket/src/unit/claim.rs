//! A claim of the token in `authorization`. It is read and not checked: that is what a filter ahead of this one is for.

use mesh_filter::{Configuration, Request};
use mesh_filter_policy::{Encoding, Named};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The longest token that is read.
const LONGEST: usize = 16 * 1024;

/// A claim at the top of the payload, as text.
pub(super) fn of_bearer(request: &Request, claim: &str) -> Option<String> {
    let mut values = request.headers().get_all("authorization");
    let value = values.next()?.as_str().ok()?;
    if values.next().is_some() || value.len() > LONGEST {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut segments = token.trim().split('.');
    let (_, payload, _, None) = (segments.next()?, segments.next()?, segments.next()?, segments.next())
    else {
        return None;
    };
    of_payload(&Encoding::Base64url.decode(payload.as_bytes())?, claim)
}

/// The same, of the payload's JSON.
fn of_payload(payload: &[u8], claim: &str) -> Option<String> {
    let claims = <Named<Claim> as Configuration>::read(payload).ok()?;
    claims.get(claim)?.0.clone()
}

/// A claim's text; none where it is something else than text or a whole number.
struct Claim(Option<String>);

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyClaim).map(Self)
    }
}

struct AnyClaim;

impl<'de> Visitor<'de> for AnyClaim {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claim")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_whole_numbers_are_ids() {
        let claim = |payload: &str| of_payload(payload.as_bytes(), "sub");
        let others = r#""a":[1,{"b":null}],"c":{"sub":"x"},"d":1.5,"e":true,"f":-3"#;
        assert_eq!(claim(&format!(r#"{{{others},"sub":"alice"}}"#)).as_deref(), Some("alice"));
        assert_eq!(claim(r#"{"sub":42}"#).as_deref(), Some("42"));
        for payload in
            [r#"{"sub":["a"]}"#, r#"{"sub":null}"#, r#"{"sub":1.5}"#, "{}", "[]", "", "x", r#"{"sub":"a""#]
        {
            assert_eq!(claim(payload), None, "{payload}");
        }
    }

    #[test]
    fn a_claim_that_stands_twice_is_none() {
        assert_eq!(of_payload(br#"{"sub":"a","sub":"b"}"#, "sub"), None);
    }
}
