//! Claims that go to the service as headers.

use super::{ClaimPath, Claims};
use crate::token::encode;
use mesh_filter::{HeaderName, json};
use serde_json::Value;

/// No longer value becomes a header: proxies refuse requests whose headers are too large, and services too.
const LONGEST: usize = 8 * 1024;

/// A claim and the header that it becomes.
#[derive(Debug)]
pub(crate) struct Forward {
    pub(crate) header: HeaderName,
    pub(crate) claim: ClaimPath,
    pub(crate) array: Option<Array>,
    /// Whether an object becomes JSON.
    pub(crate) object: bool,
    pub(crate) base64url: bool,
}

/// How an array becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Array {
    Comma,
    Json,
}

impl Forward {
    /// The header's value; `None` where the claim is missing, or is nothing that may become a header.
    pub(crate) fn value(&self, claims: &Claims) -> Option<String> {
        let value = self.claim.find(claims)?;
        let text = match (value, self.array) {
            (Value::Array(items), Some(Array::Comma)) => joined(items)?,
            (Value::Array(_), Some(Array::Json)) => json::write(value).ok()?,
            (Value::Object(_), _) if self.object => json::write(value).ok()?,
            _ => scalar(value)?,
        };
        let text = if self.base64url { encode(text) } else { text };
        // A line break would be another header. An empty value may not tell from one that the client has sent.
        let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
        fits.then_some(text)
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => json::write(value).ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Scalars with commas between them. An item that has one itself would be two.
fn joined(items: &[Value]) -> Option<String> {
    let items: Option<Vec<String>> = items.iter().map(scalar).collect();
    let items = items?;
    let fits = !items.iter().any(|item| item.contains(',') || item.is_empty());
    fits.then(|| items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(claim: &str, change: impl FnOnce(&mut Forward)) -> Option<String> {
        let claims = Claims::read(
            br#"{"sub":"alice","n":1.5,"yes":true,"no":null,"roles":["a","b",3],"odd":["a,b"],"deep":[["a"]],
                "o":{"x":[1]},"crlf":"a\r\nx-admin: 1","nul":"a\u0000","empty":"","none":[],"name":"J\u00f6rg"}"#,
        );
        let mut forward = Forward {
            header: HeaderName::new("x").unwrap(),
            claim: ClaimPath::new(claim.to_owned()),
            array: None,
            object: false,
            base64url: false,
        };
        change(&mut forward);
        forward.value(&claims.unwrap())
    }

    #[test]
    fn scalars_become_their_text() {
        for (claim, text) in [("sub", "alice"), ("n", "1.5"), ("yes", "true"), ("name", "J\u{f6}rg")] {
            assert_eq!(value(claim, |_| ()).as_deref(), Some(text));
        }
        for claim in ["no", "roles", "o", "crlf", "nul", "empty", "missing"] {
            assert_eq!(value(claim, |_| ()), None, "{claim}");
        }
    }

    #[test]
    fn arrays_and_objects_go_where_they_are_asked_for() {
        let comma = |forward: &mut Forward| forward.array = Some(Array::Comma);
        assert_eq!(value("roles", comma).as_deref(), Some("a,b,3"));
        assert_eq!(value("sub", comma).as_deref(), Some("alice"));
        for claim in ["odd", "deep", "none"] {
            assert_eq!(value(claim, comma), None, "{claim}");
        }
        assert_eq!(value("odd", |forward| forward.array = Some(Array::Json)).as_deref(), Some(r#"["a,b"]"#));
        assert_eq!(value("o", |forward| forward.object = true).as_deref(), Some(r#"{"x":[1]}"#));
    }

    #[test]
    fn base64url_carries_what_headers_cannot() {
        let encoded = value("crlf", |forward| forward.base64url = true);
        assert_eq!(encoded.as_deref(), Some("YQ0KeC1hZG1pbjogMQ"));
    }
}
