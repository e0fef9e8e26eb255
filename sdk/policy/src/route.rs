//! Which requests a rule is for, as Envoy's `RouteMatch` has it.

use crate::Text;
use mesh_filter::Request;

/// A condition on requests: all of its parts hold.
#[derive(Debug)]
pub struct RouteMatch {
    pub(crate) path: PathMatch,
    /// These methods; any where there are none.
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<ValueMatch>,
    pub(crate) parameters: Vec<ValueMatch>,
}

/// A condition on the path without its query.
#[derive(Debug)]
#[non_exhaustive]
pub enum PathMatch {
    /// A condition on its text.
    Text(Text),
    /// The path itself, or what lies below it; the same, without case.
    Separated(String, bool),
}

/// A condition on a header, a parameter, or what else has values by name.
#[derive(Debug)]
pub struct ValueMatch {
    pub(crate) name: String,
    /// What the value is like; without it any value will do.
    pub(crate) value: Option<Text>,
    /// Whether the condition holds when it does not.
    pub(crate) invert: bool,
}

impl RouteMatch {
    /// Whether the request fulfils it.
    pub fn matches(&self, request: &Request) -> bool {
        let method = request.method().map(|method| method.as_bytes()).unwrap_or_default();
        let path = request.path().map(|path| path.as_bytes()).unwrap_or_default();
        (self.methods.is_empty() || self.methods.iter().any(|one| one.as_bytes() == method))
            && self.path.matches(without_fragment(path))
            && self.headers.iter().all(|header| {
                header.holds(request.headers().get_all(header.name()).map(|value| value.as_bytes()))
            })
            && self.parameters.iter().all(|parameter| {
                let pairs: Vec<_> = request.query().iter().collect();
                let own = pairs.iter().filter(|(name, _)| **name == *parameter.name.as_bytes());
                parameter.holds(own.map(|(_, value)| value.as_ref()))
            })
    }
}

impl PathMatch {
    /// The text with which paths begin, or that they are; in lower case where case does not matter.
    pub fn stem(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.stem(),
            Self::Separated(prefix, _) => Some(prefix),
        }
    }

    /// The expression that matches paths as a whole.
    #[cfg(feature = "regex")]
    pub fn expression(&self) -> Option<&regex_lite::Regex> {
        match self {
            Self::Text(text) => text.expression(),
            Self::Separated(..) => None,
        }
    }

    /// Whether the path, without its query, fulfils it.
    pub fn matches(&self, path: &[u8]) -> bool {
        match self {
            Self::Text(text) => text.matches(path),
            Self::Separated(prefix, ignore_case) => {
                let Some((start, rest)) = path.split_at_checked(prefix.len()) else { return false };
                let same = match ignore_case {
                    true => start.eq_ignore_ascii_case(prefix.as_bytes()),
                    false => start == prefix.as_bytes(),
                };
                same && (rest.is_empty() || rest.starts_with(b"/"))
            }
        }
    }
}

impl ValueMatch {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether one of the values is as it should be.
    pub fn holds<'v>(&self, mut values: impl Iterator<Item = &'v [u8]>) -> bool {
        values.any(|value| self.value.as_ref().is_none_or(|text| text.matches(value))) != self.invert
    }
}

/// No client sends a fragment; where one comes nevertheless, routes do not see it.
fn without_fragment(path: &[u8]) -> &[u8] {
    path.split(|byte| *byte == b'#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separated_prefix_ends_where_a_segment_ends() {
        let path = PathMatch::Separated("/api".into(), false);
        for (text, matches) in [
            ("/api", true),
            ("/api/", true),
            ("/api/v1", true),
            ("/apis", false),
            ("/ap", false),
            ("/API", false),
        ] {
            assert_eq!(path.matches(text.as_bytes()), matches, "{text}");
        }
        assert!(PathMatch::Separated("/api".into(), true).matches(b"/API/x"));
    }

    #[test]
    fn one_of_several_values_is_enough() {
        let text = |text: &str| Some(Text::new(crate::TextMatch::Exact(text.into()), false));
        let named = |value, invert| ValueMatch { name: "x".into(), value, invert };
        let values = || [&b"a"[..], b"b"].into_iter();
        assert!(named(text("b"), false).holds(values()) && !named(text("c"), false).holds(values()));
        assert!(!named(text("b"), true).holds(values()) && named(None, false).holds(values()));
        assert!(named(None, true).holds(std::iter::empty()) && !named(None, false).holds(std::iter::empty()));
    }
}
