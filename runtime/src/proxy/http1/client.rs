//! A connection to an upstream: one request at a time, kept for the next one where possible.

use super::body::{Decoded, Decoder, Framing};
use super::encode::Encoder;
use super::head::Parser;
use super::socket::{READ, Socket};
use crate::body::Body;
use crate::headers::Headers;
use crate::proxy::part::{Broken, Part};
use bytes::{Bytes, BytesMut};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

/// The client's end of a connection.
#[derive(Debug)]
pub(in crate::proxy) struct Client {
    socket: Socket,
    local: Option<SocketAddr>,
    parser: Parser,
    encoder: Encoder,
    decoder: Option<Decoder>,
    keep_alive: bool,
    to_head: bool,
    request_ended: bool,
    response_ended: bool,
    write_failed: bool,
}

impl Client {
    pub(in crate::proxy) fn new(io: TcpStream) -> Self {
        Self {
            local: io.local_addr().ok(),
            socket: Socket::new(io, BytesMut::new()),
            parser: Parser::default(),
            encoder: Encoder::default(),
            decoder: None,
            keep_alive: true,
            to_head: false,
            request_ended: true,
            response_ended: true,
            write_failed: false,
        }
    }

    /// Our address.
    pub(in crate::proxy) fn local_address(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Sends request headers.
    pub(in crate::proxy) fn send_headers(&mut self, headers: &Headers, end: bool) {
        self.encoder = Encoder::request(&mut self.socket.output, headers, end);
        self.to_head = headers.get(b":method").is_some_and(|method| method == "HEAD");
        self.decoder = None;
        self.request_ended = end;
        self.response_ended = false;
    }

    /// Sends body bytes.
    pub(in crate::proxy) fn send_body(&mut self, body: Body, end: bool) {
        if !self.write_failed {
            self.encoder.body(&mut self.socket.output, body, end);
        }
        self.request_ended = end;
    }

    /// Ends the request.
    pub(in crate::proxy) fn send_end(&mut self) {
        self.send_body(Body::new(), true);
    }

    /// Whether more of the request may be given now.
    pub(in crate::proxy) fn has_room(&self) -> bool {
        self.socket.output.has_room()
    }

    /// Writes what waits. Where that fails the response tells more, if there is one.
    pub(in crate::proxy) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if ready!(self.socket.poll_flush(context)).is_err() {
            self.write_failed = true;
            self.keep_alive = false;
            self.socket.output.clear();
        }
        Poll::Ready(())
    }

    /// The next piece of the response.
    pub(in crate::proxy) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        if self.response_ended {
            return Poll::Pending;
        }
        loop {
            match self.take() {
                Ok(Some(part)) => return Poll::Ready(Ok(part)),
                Ok(None) => {}
                Err(()) => return Poll::Ready(Err(self.fail(Broken::Protocol))),
            }
            match ready!(self.socket.poll_fill(context, READ)) {
                Ok(0) if self.decoder.as_ref().is_some_and(Decoder::ends_with_connection) => {
                    self.response_ended = true;
                    self.keep_alive = false;
                    return Poll::Ready(Ok(Part::Body(Bytes::new(), true)));
                }
                Ok(0) => {
                    // An unfinished body is against the protocol, a missing response is not.
                    let broken = if self.decoder.is_some() { Broken::Protocol } else { Broken::Closed };
                    return Poll::Ready(Err(self.fail(broken)));
                }
                Err(_) => return Poll::Ready(Err(self.fail(Broken::Closed))),
                Ok(_) => {}
            }
        }
    }

    /// Whether another request may be sent.
    pub(in crate::proxy) fn is_reusable(&self) -> bool {
        self.keep_alive
            && self.request_ended
            && self.response_ended
            && self.encoder.was_exact()
            && self.socket.output.len() == 0
            && self.socket.input.is_empty()
    }

    /// Whether the upstream has closed the connection, or sent something unasked, while it was idle.
    pub(in crate::proxy) fn is_stale(&mut self) -> bool {
        self.socket.is_disturbed()
    }

    fn fail(&mut self, broken: Broken) -> Broken {
        self.response_ended = true;
        self.keep_alive = false;
        broken
    }

    fn take(&mut self) -> Result<Option<Part>, ()> {
        let input = &mut self.socket.input;
        let Some(decoder) = &mut self.decoder else {
            while !input.is_empty() {
                let Some(head) = self.parser.response(input, self.to_head)? else { return Ok(None) };
                // Informational responses are swallowed, as in Envoy.
                if head.status < 200 && head.status != 101 {
                    continue;
                }
                self.keep_alive &= head.keep_alive;
                let decoder = Decoder::new(head.framing);
                let end = decoder.is_done() || head.framing == Framing::Empty;
                self.decoder = Some(decoder);
                self.response_ended = end;
                return Ok(Some(Part::Headers(head.headers, end)));
            }
            return Ok(None);
        };
        match decoder.decode(input).map_err(|_| ())? {
            Decoded::Data(bytes) => Ok(Some(Part::Body(bytes, false))),
            Decoded::More => Ok(None),
            // Trailers of HTTP/1.1 responses are dropped, as in Envoy.
            Decoded::End(_) => {
                self.response_ended = true;
                Ok(Some(Part::Body(Bytes::new(), true)))
            }
        }
    }
}
