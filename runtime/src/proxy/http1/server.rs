//! A connection from a client: one request at a time, pipelined ones wait in the buffer.

use super::body::{Decoded, Decoder, Framing};
use super::encode::Encoder;
use super::head::{Bounds, Parser, Refusal};
use super::socket::{AHEAD, READ, Socket};
use crate::body::Body;
use crate::headers::Headers;
use crate::proxy::part::{Broken, Part};
use bytes::{Bytes, BytesMut};
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

/// Pipelined bytes that are kept while a request is under way.
const MAX_PIPELINED: usize = 64 << 10;

/// What a client sent next.
#[derive(Debug)]
pub(in crate::proxy) enum Next {
    /// A request; its body follows unless `true`.
    Request(Headers, bool),
    /// Something that is no request.
    Refused(Refusal),
    /// It has closed the connection.
    Closed,
}

/// The server's end of a connection.
#[derive(Debug)]
pub(in crate::proxy) struct Server {
    socket: Socket,
    parser: Parser,
    bounds: Bounds,
    decoder: Decoder,
    encoder: Encoder,
    keep_alive: bool,
    to_head: bool,
    request_ended: bool,
    response_ended: bool,
    began: bool,
    delayed_close: bool,
}

impl Server {
    /// A server for a connection on which `input` has been read already.
    pub(in crate::proxy) fn new(io: TcpStream, input: BytesMut, bounds: Bounds) -> Self {
        Self {
            socket: Socket::new(io, input),
            parser: Parser::default(),
            bounds,
            decoder: Decoder::new(Framing::Empty),
            encoder: Encoder::default(),
            keep_alive: true,
            to_head: false,
            request_ended: true,
            response_ended: true,
            began: false,
            delayed_close: false,
        }
    }

    /// Waits for the next request.
    pub(in crate::proxy) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            if !self.socket.input.is_empty() {
                match self.parser.request(&mut self.socket.input, self.bounds) {
                    Ok(None) => {}
                    Err(refusal) => {
                        self.keep_alive = false;
                        self.response_ended = false;
                        return Poll::Ready(Next::Refused(refusal));
                    }
                    Ok(Some(head)) => {
                        self.began = false;
                        self.keep_alive = head.keep_alive;
                        self.to_head = head.is_head;
                        self.decoder = Decoder::new(head.framing);
                        self.request_ended = self.decoder.is_done();
                        self.response_ended = false;
                        if head.expects_continue {
                            self.socket.output.put(b"HTTP/1.1 100 Continue\r\n\r\n");
                        }
                        return Poll::Ready(Next::Request(head.headers, self.request_ended));
                    }
                }
            }
            match ready!(self.socket.poll_fill(context, AHEAD)) {
                Ok(0) | Err(_) => return Poll::Ready(Next::Closed),
                Ok(_) => self.began = true,
            }
        }
    }

    /// Whether a part of the next request has come.
    pub(in crate::proxy) fn has_begun(&self) -> bool {
        self.began && !self.socket.input.is_empty()
    }

    /// The next piece of the request's body. After its end: only whether the client is still there.
    pub(in crate::proxy) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        loop {
            if self.request_ended {
                if self.socket.input.len() >= MAX_PIPELINED {
                    return Poll::Pending;
                }
            } else {
                match self.decoder.decode(&mut self.socket.input) {
                    Ok(Decoded::Data(bytes)) => return Poll::Ready(Ok(Part::Body(bytes, false))),
                    // Trailers of HTTP/1.1 requests are dropped, as in Envoy.
                    Ok(Decoded::End(_)) => {
                        self.request_ended = true;
                        return Poll::Ready(Ok(Part::Body(Bytes::new(), true)));
                    }
                    Ok(Decoded::More) => {}
                    Err(_) => return Poll::Ready(Err(Broken::Protocol)),
                }
            }
            let room = if self.request_ended { AHEAD } else { READ };
            match ready!(self.socket.poll_fill(context, room)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Broken::Closed)),
                Ok(_) => {}
            }
        }
    }

    /// Sends response headers.
    pub(in crate::proxy) fn send_headers(&mut self, headers: &Headers, end: bool) {
        self.encoder = Encoder::response(&mut self.socket.output, headers, self.to_head, end);
        self.response_ended = end;
    }

    /// Sends body bytes.
    pub(in crate::proxy) fn send_body(&mut self, body: Body, end: bool) {
        self.encoder.body(&mut self.socket.output, body, end);
        self.response_ended = end;
    }

    /// Ends the response.
    pub(in crate::proxy) fn send_end(&mut self) {
        self.encoder.end(&mut self.socket.output);
        self.response_ended = true;
    }

    /// Whether more of the response may be given now.
    pub(in crate::proxy) fn has_room(&self) -> bool {
        self.socket.output.has_room()
    }

    /// Writes what waits.
    pub(in crate::proxy) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.socket.poll_flush(context).map_err(|_| Broken::Closed)
    }

    /// Whether the response cannot be followed by another one.
    pub(in crate::proxy) fn will_close(&self) -> bool {
        !self.keep_alive
    }

    /// Lets no request follow this one.
    pub(in crate::proxy) fn close_after_this(&mut self) {
        self.keep_alive = false;
    }

    /// Whether the connection ends because the client has asked for that, and all is well.
    pub(in crate::proxy) fn closes_at_once(&self) -> bool {
        !self.delayed_close && self.request_ended && self.is_answered()
    }

    /// Lets no request follow this one, and the client close first.
    pub(in crate::proxy) fn close_delayed(&mut self) {
        self.keep_alive = false;
        self.delayed_close = true;
    }

    /// Whether the client has sent its whole request.
    pub(in crate::proxy) fn request_ended(&self) -> bool {
        self.request_ended
    }

    /// Whether another request may follow.
    pub(in crate::proxy) fn is_reusable(&self) -> bool {
        self.keep_alive
            && self.request_ended
            && self.response_ended
            && self.socket.output.len() == 0
            && self.encoder.was_exact()
    }

    /// Whether all of the response has been given and written.
    pub(in crate::proxy) fn is_answered(&self) -> bool {
        self.response_ended && self.socket.output.len() == 0
    }

    /// Writes what waits, then reads until the client closes, so that it gets the response.
    pub(in crate::proxy) async fn linger(&mut self) {
        if std::future::poll_fn(|context| self.poll_flush(context)).await.is_err() {
            return;
        }
        loop {
            self.socket.input.clear();
            match std::future::poll_fn(|context| self.socket.poll_fill(context, AHEAD)).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}
