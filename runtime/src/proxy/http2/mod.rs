//! HTTP/2 towards clients and upstreams, on the `h2` library.
//!
//! Reading order: `convert` (header lists), `send` (frames on their way out), [`server`] and
//! [`client`] (one stream each).

pub(super) mod client;
mod convert;
mod send;
pub(super) mod server;

pub(super) use client::{ClientStream, Opener};
pub(super) use server::ServerStream;

/// Bytes that a peer may send on one stream before it is read.
const STREAM_WINDOW: u32 = 256 << 10;
/// Bytes that a peer may send on one connection before it is read.
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes that a stream may hold before they are written.
const SEND_BUFFER: usize = 64 << 10;
/// Streams that a client may have open, as in Envoy.
const MAX_STREAMS: u32 = 1024;
/// Bytes of a header list that are decoded at all; what may pass is decided later.
const MAX_HEADER_LIST: u32 = 256 << 10;
