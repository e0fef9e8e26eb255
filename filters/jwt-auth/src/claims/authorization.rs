//! What a valid token must say beyond being valid: scopes and claims.

use super::{ClaimPath, Claims};
use mesh_filter::json;
use mesh_filter_policy::Text;
use serde_json::Value;
use std::borrow::Cow;

/// What a rule asks of its requests' tokens. One token fulfils all of it.
#[derive(Debug)]
pub(crate) struct Authorization {
    /// One of these, where there are any.
    pub(crate) scopes_any: Vec<String>,
    pub(crate) scopes_all: Vec<String>,
    pub(crate) claims: Vec<ClaimMatch>,
}

/// A condition on a claim.
#[derive(Debug)]
pub(crate) struct ClaimMatch {
    pub(crate) claim: ClaimPath,
    /// What it is like; without this it must be there.
    pub(crate) text: Option<Text>,
    /// Of an array, whether all items must be so, or one.
    pub(crate) all: bool,
}

impl Authorization {
    pub(crate) fn allows(&self, claims: &Claims) -> bool {
        let has = |scope: &String| scopes(claims).any(|own| own == scope);
        (self.scopes_any.is_empty() || self.scopes_any.iter().any(has))
            && self.scopes_all.iter().all(has)
            && self.claims.iter().all(|claim| claim.holds(claims))
    }

    /// The scopes that would help, as challenges have them (RFC 6750, section 3).
    pub(crate) fn wanted(&self) -> String {
        let all: Vec<&str> = self.scopes_all.iter().chain(&self.scopes_any).map(String::as_str).collect();
        all.join(" ")
    }
}

/// The scopes of a token: `scope` (RFC 8693, section 4.2) is a list with spaces; others have `scp`, often as an array.
fn scopes(claims: &Claims) -> impl Iterator<Item = &str> {
    let values = ["scope", "scp"].into_iter().filter_map(|name| claims.get(name));
    let texts = values.flat_map(|value| match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    });
    texts.filter_map(Value::as_str).flat_map(str::split_ascii_whitespace)
}

impl ClaimMatch {
    fn holds(&self, claims: &Claims) -> bool {
        let value = self.claim.find(claims).filter(|value| !value.is_null());
        match (value, &self.text) {
            (None, _) => false,
            (Some(_), None) => true,
            // Of an empty array nothing is said.
            (Some(Value::Array(items)), Some(text)) if self.all => {
                !items.is_empty() && items.iter().all(|item| is(item, text))
            }
            (Some(Value::Array(items)), Some(text)) => items.iter().any(|item| is(item, text)),
            (Some(value), Some(text)) => is(value, text),
        }
    }
}

fn is(value: &Value, text: &Text) -> bool {
    let own = match value {
        Value::String(own) => Cow::Borrowed(own.as_str()),
        Value::Number(_) | Value::Bool(_) => json::write(value).map(Cow::Owned).unwrap_or_default(),
        Value::Null | Value::Array(_) | Value::Object(_) => return false,
    };
    text.matches(own.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_filter_policy::TextMatch;

    fn claims() -> Claims {
        let payload =
            br#"{"scope":"read write","scp":["admin","a b"],"realm_access":{"roles":["buyer","seller"]},
            "level":3,"verified":true,"none":null,"empty":[],"deep":[["buyer"]],"org":"acme-eu"}"#;
        Claims::read(payload).unwrap()
    }

    fn scopes(any: &[&str], all: &[&str]) -> bool {
        let own = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Authorization { scopes_any: own(any), scopes_all: own(all), claims: vec![] }.allows(&claims())
    }

    fn claim(name: &str, condition: Option<TextMatch>, all: bool) -> bool {
        let text = condition.map(|condition| Text::new(condition, false));
        ClaimMatch { claim: ClaimPath::new(name.to_owned()), text, all }.holds(&claims())
    }

    #[test]
    fn scopes_are_words_of_either_claim() {
        assert!(scopes(&["x", "write"], &[]) && scopes(&["admin"], &["read", "b"]));
        assert!(
            !scopes(&["x"], &[])
                && !scopes(&[], &["read", "x"])
                && !scopes(&["rea"], &[])
                && !scopes(&["a b"], &[])
        );
    }

    #[test]
    fn claims_are_compared_as_text_and_arrays_item_by_item() {
        let exact = |text: &str| Some(TextMatch::Exact(text.to_owned()));
        assert!(
            claim("realm_access.roles", exact("buyer"), false)
                && !claim("realm_access.roles", exact("buyer"), true)
        );
        assert!(claim("realm_access.roles", Some(TextMatch::Suffix("er".to_owned())), true));
        assert!(claim("level", exact("3"), false) && claim("verified", exact("true"), true));
        assert!(
            claim("org", Some(TextMatch::Prefix("acme-".to_owned())), false) && claim("org", None, false)
        );
        for name in ["none", "missing", "empty", "deep", "realm_access"] {
            assert!(!claim(name, exact("buyer"), false) && !claim(name, exact("buyer"), true), "{name}");
        }
        assert!(!claim("none", None, false) && !claim("missing", None, false) && claim("empty", None, false));
    }
}
