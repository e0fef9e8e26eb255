//! The client's side of one exchange, whatever the protocol.

use super::http1;
use super::http2::ServerStream;
use super::part::{Broken, Part};
use crate::body::Body;
use crate::headers::Headers;
use std::task::{Context, Poll};

/// Where a request comes from and its response goes to.
pub(super) enum Downstream<'a> {
    /// A connection, which may carry other requests later.
    Http1(&'a mut http1::Server),
    /// One stream of a connection.
    Http2(ServerStream),
}

impl Downstream<'_> {
    /// The name that properties and logs give the protocol.
    pub(super) fn protocol(&self) -> &'static str {
        match self {
            Self::Http1(_) => "HTTP/1.1",
            Self::Http2(_) => "HTTP/2",
        }
    }

    /// The next piece of the request; after its end an error when the client leaves.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        match self {
            Self::Http1(server) => server.poll_read(context),
            Self::Http2(stream) => stream.poll_read(context),
        }
    }

    pub(super) fn send_headers(&mut self, headers: &Headers, end: bool) {
        match self {
            Self::Http1(server) => server.send_headers(headers, end),
            Self::Http2(stream) => stream.send_headers(headers, end),
        }
    }

    pub(super) fn send_body(&mut self, body: Body, end: bool) {
        match self {
            Self::Http1(server) => server.send_body(body, end),
            Self::Http2(stream) => stream.send_body(body, end),
        }
    }

    pub(super) fn send_trailers(&mut self, trailers: &Headers) {
        match self {
            Self::Http1(server) => server.send_end(),
            Self::Http2(stream) => stream.send_trailers(trailers),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Http1(server) => server.has_room(),
            Self::Http2(stream) => stream.has_room(),
        }
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        match self {
            Self::Http1(server) => server.poll_flush(context),
            Self::Http2(stream) => stream.poll_flush(context),
        }
    }

    /// Whether the whole response has left.
    pub(super) fn is_answered(&self) -> bool {
        match self {
            Self::Http1(server) => server.is_answered(),
            Self::Http2(stream) => stream.is_answered(),
        }
    }

    /// The connection, where it is to be told that no other request can follow.
    pub(super) fn http1(&mut self) -> Option<&mut http1::Server> {
        match self {
            Self::Http1(server) => Some(server),
            Self::Http2(_) => None,
        }
    }

    /// Ends the exchange: in order, or by a reset.
    pub(super) fn finish(self, complete: bool) {
        match self {
            Self::Http1(server) if !complete => server.close_delayed(),
            // A finished stream is dropped: the library tells the client to stop sending.
            Self::Http1(_) | Self::Http2(_) if complete => {}
            Self::Http1(_) => {}
            Self::Http2(stream) => stream.reset(),
        }
    }
}
