//! Metadata of gRPC: names and values that travel as headers and trailers.

use super::{InvalidGrpc, base64};
use crate::headers::{HeaderName, Headers, Value};
use crate::host::{MapKind, Pairs};
use std::fmt;

/// Names with this end carry any bytes, as base64.
const BINARY: &str = "-bin";

/// Metadata that came with a response.
pub struct Metadata(Headers);

/// A value that is not what its name promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of `{name}` is not base64")]
#[non_exhaustive]
pub struct MetadataError {
    /// The name.
    pub name: String,
}

impl Metadata {
    pub(super) fn initial(pairs: Pairs) -> Self {
        Self(Headers::local(MapKind::GrpcInitialMetadata, pairs))
    }

    pub(super) fn trailing(pairs: Pairs) -> Self {
        Self(Headers::local(MapKind::GrpcTrailingMetadata, pairs))
    }

    /// The first value of a name, as it came: that of a name with `-bin` is base64.
    pub fn get(&self, name: impl AsRef<str>) -> Option<Value<'_>> {
        self.0.get(name)
    }

    /// All values of a name, as they came.
    pub fn get_all(&self, name: impl AsRef<str>) -> impl Iterator<Item = Value<'_>> {
        self.0.get_all(name)
    }

    /// All values of a name with `-bin`, decoded; several in one field count one by one.
    ///
    /// # Errors
    /// When one is not base64.
    pub fn binary(&self, name: impl AsRef<str>) -> Result<Vec<Vec<u8>>, MetadataError> {
        let name = name.as_ref();
        let fields = self.0.get_all(name);
        let values = fields.flat_map(|field| field.as_bytes().split(|byte| *byte == b','));
        let values = values.map(|value| base64::decode(value.trim_ascii()));
        values.collect::<Option<_>>().ok_or_else(|| MetadataError { name: name.to_owned() })
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Checks a name and a value to be sent, and writes the value as it is sent.
pub(super) fn field(name: &str, value: &[u8]) -> Result<(String, Vec<u8>), InvalidGrpc> {
    let problem = |problem| InvalidGrpc::Name { name: name.to_owned(), problem };
    let valid = HeaderName::new(name).map_err(|_| problem("expected letters, digits, `-`, `_` and `.`"))?;
    let lower = valid.as_str();
    if !lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(problem("expected letters, digits, `-`, `_` and `.`"));
    }
    if lower.starts_with("grpc-") || FRAMING.contains(&lower) {
        return Err(problem("the proxy writes it itself"));
    }
    // Binary values go as they are: Envoy writes them as base64 itself.
    let bad = |byte: &u8| !lower.ends_with(BINARY) && !(b' '..=b'~').contains(byte);
    match value.iter().position(bad) {
        Some(position) => Err(InvalidGrpc::Value {
            name: lower.to_owned(),
            byte: value.get(position).copied().unwrap_or_default(),
            position,
        }),
        None => Ok((lower.to_owned(), value.to_owned())),
    }
}

/// What the proxy writes, and what would break the request apart.
const FRAMING: [&str; 9] = [
    "te",
    "host",
    "content-type",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];
