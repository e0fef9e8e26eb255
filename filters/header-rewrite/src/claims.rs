//! Claims of a token that somebody else has verified: from a header with its payload, from the token, or from metadata.

use crate::fields::Fields;
use crate::json::Json;
use crate::template::Kind;
use crate::world::World;
use mesh_filter_policy::Encoding;
use std::cell::OnceCell;

/// Longer payloads are not read.
const LONGEST: usize = 16 * 1024;

/// Where claims are.
#[derive(Debug)]
pub(crate) enum Source {
    /// In a header that holds the payload, as JSON or its base64url.
    Payload(String),
    /// In the token itself, behind this text in this header.
    Token(String, String),
    /// In dynamic metadata, below this path.
    Metadata(String),
}

/// The name of a claim. `a.b` is the claim of this name, or else `b` inside of `a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimPath(String);

impl ClaimPath {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    fn find<'j>(&self, claims: &'j Json) -> Option<&'j Json> {
        claims
            .member(&self.0)
            .or_else(|| self.0.split('.').try_fold(claims, |value, step| value.member(step)))
    }
}

/// The claims of one exchange, read when they are first asked for.
pub(crate) struct Claims<'s> {
    source: Option<&'s Source>,
    payload: OnceCell<Option<Json>>,
}

impl<'s> Claims<'s> {
    pub(crate) fn new(source: Option<&'s Source>) -> Self {
        Self { source, payload: OnceCell::new() }
    }

    /// A claim as text: of a list its items with commas between them. A list with an item that has a comma itself, and an
    /// object, are no text.
    pub(crate) fn text(&self, path: &ClaimPath, fields: &dyn Fields, world: &dyn World) -> Option<Vec<u8>> {
        let values = self.values(path, fields, world)?;
        match values.as_slice() {
            [one] => Some(one.clone()),
            several => several.iter().all(|value| !value.contains(&b',')).then(|| several.join(&b',')),
        }
    }

    /// The claim's values: the items of a list, or the one that is no list. `None` where there is no such claim, or it
    /// holds objects or lists.
    pub(crate) fn values(
        &self,
        path: &ClaimPath,
        fields: &dyn Fields,
        world: &dyn World,
    ) -> Option<Vec<Vec<u8>>> {
        if let Source::Metadata(root) = self.source? {
            let whole = format!("{root}\0{}", path.0);
            return property(&whole, world).or_else(|| {
                let nested = path.0.contains('.').then(|| format!("{root}\0{}", path.0.replace('.', "\0")));
                property(&nested?, world)
            });
        }
        let payload = self.payload.get_or_init(|| payload(self.source?, fields)).as_ref()?;
        let bytes = |value: &Json| value.scalar().map(|text| text.as_bytes().to_vec());
        match path.find(payload)? {
            Json::List(items) => items.iter().map(bytes).collect(),
            value => Some(vec![bytes(value)?]),
        }
    }
}

/// The payload that is in a header. Of several copies none is taken: the one that was verified could be another.
fn payload(source: &Source, fields: &dyn Fields) -> Option<Json> {
    let only = |name: &str| match fields.values(name).as_slice() {
        [one] if one.len() <= LONGEST => Some(one.to_vec()),
        _ => None,
    };
    match source {
        Source::Payload(name) => {
            let value = only(name)?;
            match value.starts_with(b"{") {
                true => Json::object(&value),
                false => Json::object(&decode(&value)?),
            }
        }
        Source::Token(name, prefix) => {
            let value = only(name)?;
            let (start, token) = value.split_at_checked(prefix.len())?;
            let mut parts = token.split(|byte| *byte == b'.');
            let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
            let is_token = start.eq_ignore_ascii_case(prefix.as_bytes()) && parts.next().is_none();
            is_token.then(|| Json::object(&decode(payload)?)).flatten()
        }
        Source::Metadata(_) => None,
    }
}

fn property(path: &str, world: &dyn World) -> Option<Vec<Vec<u8>>> {
    let bytes = world.property(path)?;
    match Kind::Any.text(&bytes) {
        Some(text) => Some(vec![text]),
        None => world.items(path),
    }
}

/// Base64url as payloads are forwarded: Envoy's `pad_forward_payload_header` adds padding.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    Encoding::Base64url.decode(text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{List, Still};

    #[test]
    fn base64url_is_read_with_padding_and_without() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg", b"f"),
            ("Zg==", b"f"),
            ("Zm8", b"fo"),
            ("Zm9v", b"foo"),
            ("-_8", b"\xfb\xff"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes), "{text}");
        }
        for text in ["Z", "Zm9vZ", "Z g", "+/8", "Zg===", "Zm=v"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn claims_have_names_with_points_or_lie_inside_of_others() {
        let payload = r#"{"sub":"alice","n":7,"ok":true,"a":{"b":["x","y"]},"a.c":"whole","o":{},"l":["p,q","r"],"none":null}"#;
        let fields = List::new(&[("x-payload", payload)]);
        let source = Source::Payload("x-payload".to_owned());
        let claims = Claims::new(Some(&source));
        let text = |name: &str| {
            claims.text(&ClaimPath::new(name), &fields, &Still).map(|text| String::from_utf8(text).unwrap())
        };
        for (name, expected) in
            [("sub", "alice"), ("n", "7"), ("ok", "true"), ("a.b", "x,y"), ("a.c", "whole")]
        {
            assert_eq!(text(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["a", "o", "l", "none", "b", "a.b.c", ""] {
            assert_eq!(text(name), None, "{name}");
        }
    }

    #[test]
    fn a_payload_that_stands_twice_is_none() {
        let payload = r#"{"sub":"alice"}"#;
        let fields = List::new(&[("x-payload", payload), ("x-payload", payload)]);
        let source = Source::Payload("x-payload".to_owned());
        assert_eq!(Claims::new(Some(&source)).text(&ClaimPath::new("sub"), &fields, &Still), None);
    }
}
