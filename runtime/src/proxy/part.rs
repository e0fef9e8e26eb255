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
    /// No connection could be made.
    Connect,
    /// No connection was made in time.
    ConnectTimeout,
    /// The connection ended too early.
    Closed,
    /// The peer gave the stream up.
    Reset,
    /// The peer does not keep to the protocol.
    Protocol,
}
