//! A place of a request where tokens stand: a header, a parameter of the query, a cookie.

use super::{cookies, query};
use mesh_filter::headers::HeaderError;
use mesh_filter::prelude::*;
use std::borrow::Cow;

/// A place where tokens stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A header, of whose values those count that begin with the prefix.
    Header { name: HeaderName, prefix: String },
    /// A parameter of the query.
    Parameter(String),
    /// A cookie.
    Cookie(String),
}

impl Location {
    /// The header that it is in, if it is a header of its own.
    pub(crate) fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::Parameter(_) | Self::Cookie(_) => None,
        }
    }

    /// All tokens here: a client may send several, and the service behind may read any of them.
    pub(crate) fn tokens<'r>(&self, request: &'r Request) -> Vec<Cow<'r, [u8]>> {
        match self {
            Self::Header { name, prefix } => {
                let values = request.headers().get_all(name);
                values.filter_map(|value| behind(value.as_bytes(), prefix)).map(Cow::Borrowed).collect()
            }
            Self::Parameter(name) => {
                let parameters = request.query().iter();
                parameters.filter(|(known, _)| **known == *name.as_bytes()).map(|(_, value)| value).collect()
            }
            Self::Cookie(name) => {
                let cookies = request.headers().cookies().filter(|cookie| cookie.name() == name.as_str());
                cookies.map(|cookie| Cow::Borrowed(cookie.value().as_bytes())).collect()
            }
        }
    }

    /// Takes every token here out of the request.
    pub(crate) fn strip(&self, request: &mut Request) -> Result<(), HeaderError> {
        match self {
            Self::Header { name, .. } => request.headers_mut().remove(name),
            Self::Parameter(name) => {
                let target = request.target().map(|target| query::without(target.as_bytes(), name));
                target.map_or(Ok(()), |target| request.headers_mut().set(":path", target))
            }
            Self::Cookie(name) => {
                let all = request.headers().get_all("cookie").map(|value| value.as_bytes());
                match cookies::without(all, name) {
                    Some(rest) => request.headers_mut().set("cookie", rest),
                    None => request.headers_mut().remove("cookie"),
                }
            }
        }
    }
}

/// What stands behind the prefix. A scheme of authentication, which ends with a space, has no case (RFC 9110, section 11.1).
fn behind<'v>(value: &'v [u8], prefix: &str) -> Option<&'v [u8]> {
    let (start, rest) = value.split_at_checked(prefix.len())?;
    let fits = match prefix.ends_with(' ') {
        true => start.eq_ignore_ascii_case(prefix.as_bytes()),
        false => start == prefix.as_bytes(),
    };
    let token = rest.trim_ascii();
    (fits && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_have_no_case_and_other_prefixes_do() {
        assert_eq!(behind(b"bearer  a.b.c ", "Bearer "), Some(&b"a.b.c"[..]));
        assert_eq!(behind(b"jwt=a", "jwt="), Some(&b"a"[..]));
        assert_eq!(behind(b"a", ""), Some(&b"a"[..]));
        for (value, prefix) in [
            ("JWT=a", "jwt="),
            ("Bearer", "Bearer "),
            ("Bearer ", "Bearer "),
            ("Basic a", "Bearer "),
            ("", ""),
        ] {
            assert_eq!(behind(value.as_bytes(), prefix), None, "{value}");
        }
    }
}
