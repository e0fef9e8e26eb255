//! The query of a request's target.

use super::Value;
use std::borrow::Cow;

/// The part of a request's target behind the `?`, seen as parameters
/// ([application/x-www-form-urlencoded](https://url.spec.whatwg.org/#application/x-www-form-urlencoded)).
///
/// A client may send a name several times, and what a service makes of that is its own affair: for
/// a security decision look at all of them.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn show(request: &Request) {
/// if let Some(user) = request.query().get("user") {
///     log::info!("user {}", String::from_utf8_lossy(&user));
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query<'a>(&'a [u8]);

impl<'a> Query<'a> {
    /// The query that these bytes are, without the `?`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The query as the client sent it, without the `?`.
    #[must_use]
    pub fn raw(self) -> Value<'a> {
        Value::new(self.0)
    }

    /// Whether there is nothing behind the `?`, or no `?`.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The decoded value of the first parameter of this name; empty for `?name` alone.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Cow<'a, [u8]>> {
        self.iter().find(|(known, _)| **known == *name.as_bytes()).map(|(_, value)| value)
    }

    /// All names and values, decoded, in order.
    pub fn iter(self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> {
        self.0.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
            match pair.iter().position(|byte| *byte == b'=') {
                Some(place) => (
                    decode(pair.get(..place).unwrap_or_default()),
                    decode(pair.get(place + 1..).unwrap_or_default()),
                ),
                None => (decode(pair), Cow::Borrowed(&[][..])),
            }
        })
    }
}

/// `%41` becomes `A` and `+` a space; a `%` that no two hexadecimal digits follow stays.
fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(bytes);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high * 16 + low, after))
            }
            _ => None,
        };
        match (escaped, first) {
            (Some((byte, after)), _) => {
                decoded.push(byte);
                rest = after;
            }
            (None, b'+') => decoded.push(b' '),
            (None, byte) => decoded.push(*byte),
        }
    }
    Cow::Owned(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_broken_escapes_stay() {
        let query = Query::new(b"a=1&b=x+y%2Bz&&c&d=%4&e=%zz&a=2&=v&%61%3d=%00");
        let text = |bytes: Cow<'_, [u8]>| String::from_utf8_lossy(&bytes).into_owned();
        let all: Vec<_> = query.iter().map(|(name, value)| (text(name), text(value))).collect();
        let expected = [
            ("a", "1"),
            ("b", "x y+z"),
            ("c", ""),
            ("d", "%4"),
            ("e", "%zz"),
            ("a", "2"),
            ("", "v"),
            ("a=", "\0"),
        ];
        assert_eq!(all, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(query.get("a").unwrap().as_ref(), b"1");
        assert!(query.get("z").is_none() && !query.is_empty());
    }
}
