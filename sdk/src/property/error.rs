//! A property that could not be read or written.

use crate::host::HostError;

/// Bytes that an error shows at most.
const SHOWN: usize = 32;

/// A property that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// The proxy refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The bytes are not of the kind that was asked for.
    #[error("property `{path}` is not {expected}: it has {size} bytes, `{}`", .seen.escape_ascii())]
    Kind {
        /// The path, with dots.
        path: String,
        /// What was asked for.
        expected: &'static str,
        /// How many bytes the proxy gave.
        size: usize,
        /// The first of them.
        seen: Vec<u8>,
    },
}

impl PropertyError {
    pub(super) fn kind(path: &[&str], expected: &'static str, bytes: &[u8]) -> Self {
        let seen = bytes.get(..SHOWN).unwrap_or(bytes).to_vec();
        Self::Kind { path: path.join("."), expected, size: bytes.len(), seen }
    }
}
