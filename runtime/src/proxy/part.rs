//! What arrives from a peer, whatever the protocol, and how it can break.

use crate::headers::Headers;
use bytes::Bytes;

/// A piece of a message.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    /// Headers; `true` where nothing follows.
    Headers(Headers, bool),
    /// Body bytes; `true` where nothing follows.
    Body(Bytes, bool),
    /// Trailers; nothing follows.
    Trailers(Headers),
}

/// Why nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// No connection could be made; the system's number for the reason, if it gave one.
    Connect(Option<i32>),
    /// No connection was made in time.
    ConnectTimeout,
    /// The connection ended too early.
    Closed,
    /// The peer gave the stream up.
    Reset,
    /// The peer does not keep to the protocol.
    Protocol,
}

impl Broken {
    /// Why there was no connection, in Envoy's words.
    pub(super) fn transport_failure(self) -> Option<String> {
        let Self::Connect(Some(number)) = self else { return None };
        let reason = std::io::Error::from_raw_os_error(number).to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default();
        Some(format!("delayed connect error: {reason}"))
    }
}
