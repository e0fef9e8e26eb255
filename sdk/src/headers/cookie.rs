//! One cookie of a request.

use super::Value;

/// A name and a value of a `cookie` header, as the client sent them
/// ([RFC 6265, section 4.2](https://www.rfc-editor.org/rfc/rfc6265#section-4.2)).
///
/// Values are not decoded, and quotes belong to them: what they mean is between the service that
/// set the cookie and itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie<'a> {
    name: Value<'a>,
    value: Value<'a>,
}

impl<'a> Cookie<'a> {
    /// The cookies of one header. What has no `=` is a cookie without a name, as browsers send it.
    pub fn all(header: &'a [u8]) -> impl Iterator<Item = Self> {
        header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|pair| !pair.is_empty()).map(
            |pair| {
                let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                    Some(place) => (pair.get(..place), pair.get(place + 1..)),
                    None => (None, Some(pair)),
                };
                let trimmed = |part: Option<&'a [u8]>| Value::new(part.unwrap_or_default().trim_ascii());
                Self { name: trimmed(name), value: trimmed(value) }
            },
        )
    }

    /// The name; empty where the client sent a value alone.
    #[must_use]
    pub fn name(self) -> Value<'a> {
        self.name
    }

    /// The value.
    #[must_use]
    pub fn value(self) -> Value<'a> {
        self.value
    }
}
