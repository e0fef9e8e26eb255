//! A request as what was signed sees it: method, target, fields. Borrowed from the request, and the same for signing.

use crate::refusal::Refusal;
use mesh_filter::Request;

/// The head of a request.
#[derive(Debug, Clone)]
pub(crate) struct Head<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) scheme: &'a [u8],
    pub(crate) authority: &'a [u8],
    /// Path and query, as they came.
    pub(crate) target: &'a [u8],
    /// Whether something follows the head.
    pub(crate) has_body: bool,
    /// Names in lower case, without pseudo headers.
    pub(crate) fields: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Head<'a> {
    pub(crate) fn of(request: &'a Request) -> Self {
        let mut head = Self {
            method: b"",
            scheme: b"",
            authority: b"",
            target: b"",
            has_body: request.has_body(),
            fields: Vec::with_capacity(request.headers().len()),
        };
        for (name, value) in request.headers().iter() {
            let value = value.as_bytes();
            match name {
                ":method" => head.method = value,
                ":scheme" => head.scheme = value,
                ":authority" => head.authority = value,
                ":path" => head.target = value,
                _ => head.fields.push((name, value)),
            }
        }
        head
    }

    /// The path, as it came.
    pub(crate) fn path(&self) -> &'a [u8] {
        self.target.split(|byte| *byte == b'?').next().unwrap_or_default()
    }

    /// What stands behind the `?`, if there is one.
    pub(crate) fn query(&self) -> Option<&'a [u8]> {
        let mark = self.target.iter().position(|byte| *byte == b'?')?;
        self.target.get(mark + 1..)
    }

    /// All values of a field, in order, without the white space around them.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.trim_ascii())
    }

    /// The value of a field that stands once: of several nobody knows which one was meant.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub(crate) fn one(&self, name: &str) -> Result<&'a [u8], Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Ok(value),
            (None, _) => Err(Refusal::Missing),
            _ => Err(Refusal::Malformed),
        }
    }

    /// All values of a field as one; `None` where it does not stand in the request. Proxies have `host` as authority only.
    pub(crate) fn joined(&self, name: &str, separator: &[u8]) -> Option<Vec<u8>> {
        let mut values = self.all(name);
        let host = || (name == "host").then_some(self.authority);
        let mut joined = values.next().or_else(host)?.to_vec();
        for value in values {
            joined.extend_from_slice(separator);
            joined.extend_from_slice(value);
        }
        Some(joined)
    }

    /// The body's length, where the client has told it.
    pub(crate) fn content_length(&self) -> Option<u64> {
        std::str::from_utf8(self.all("content-length").next()?).ok()?.parse().ok()
    }
}
