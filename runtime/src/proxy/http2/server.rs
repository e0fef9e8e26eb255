//! A stream that a client has opened.

use super::send::Sender;
use super::{CONNECTION_WINDOW, MAX_HEADER_LIST, MAX_STREAMS, SEND_BUFFER, STREAM_WINDOW, convert};
use crate::body::Body;
use crate::headers::Headers;
use crate::proxy::part::{Broken, Part};
use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use http::{HeaderValue, Request, Response, StatusCode};
use std::task::{Context, Poll, ready};

/// How connections from clients are set up.
pub(in crate::proxy) fn settings() -> Builder {
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_send_buffer_size(SEND_BUFFER);
    builder
}

/// The server's end of a stream.
pub(in crate::proxy) struct ServerStream {
    receive: RecvStream,
    respond: SendResponse<Bytes>,
    sender: Option<Sender>,
    request_ended: bool,
}

impl ServerStream {
    /// The stream with its request's headers; `true` where nothing follows.
    /// `None` where the headers are not acceptable: the stream has been reset.
    pub(in crate::proxy) fn accept(
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        max_bytes: usize,
        max_headers: usize,
    ) -> Option<(Self, Headers, bool)> {
        let (parts, receive) = request.into_parts();
        let Ok(headers) = convert::from_request(&parts) else {
            respond.send_reset(Reason::PROTOCOL_ERROR);
            return None;
        };
        if headers.len() > max_headers || headers.byte_size() > max_bytes {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return None;
        }
        let expects = parts.headers.get(http::header::EXPECT).map(HeaderValue::as_bytes);
        if expects.is_some_and(|expected| expected.eq_ignore_ascii_case(b"100-continue")) {
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::CONTINUE;
            // Where this fails the stream has been reset, which reading it will tell.
            let _sent = respond.send_informational(response);
        }
        let end = receive.is_end_stream();
        let stream = Self { receive, respond, sender: None, request_ended: end };
        Some((stream, headers, end))
    }

    /// The next piece of the request. After its end: only whether the client is still there.
    pub(in crate::proxy) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        if self.request_ended {
            let reset = match &mut self.sender {
                Some(sender) => sender.poll_reset(context),
                None => self.respond.poll_reset(context).map(|_| Broken::Reset),
            };
            return reset.map(Err);
        }
        let part = match ready!(self.receive.poll_data(context)) {
            Some(Ok(bytes)) => {
                let _released = self.receive.flow_control().release_capacity(bytes.len());
                self.request_ended = self.receive.is_end_stream();
                Part::Body(bytes, self.request_ended)
            }
            Some(Err(_)) => return Poll::Ready(Err(Broken::Reset)),
            None => match ready!(self.receive.poll_trailers(context)) {
                Ok(trailers) => {
                    self.request_ended = true;
                    trailers.map_or(Part::Body(Bytes::new(), true), |trailers| {
                        Part::Trailers(convert::from_map(&trailers))
                    })
                }
                Err(_) => return Poll::Ready(Err(Broken::Reset)),
            },
        };
        Poll::Ready(Ok(part))
    }

    pub(in crate::proxy) fn send_headers(&mut self, headers: &Headers, end: bool) {
        if let Ok(stream) = self.respond.send_response(convert::to_response(headers), end) {
            self.sender = Some(Sender::new(stream, end));
        }
    }

    pub(in crate::proxy) fn send_body(&mut self, body: Body, end: bool) {
        if let Some(sender) = &mut self.sender {
            sender.body(body, end);
        }
    }

    pub(in crate::proxy) fn send_trailers(&mut self, trailers: &Headers) {
        if let Some(sender) = &mut self.sender {
            sender.trailers(trailers);
        }
    }

    pub(in crate::proxy) fn has_room(&self) -> bool {
        self.sender.as_ref().is_none_or(Sender::has_room)
    }

    pub(in crate::proxy) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        match &mut self.sender {
            Some(sender) => sender.poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    pub(in crate::proxy) fn is_answered(&self) -> bool {
        self.sender.as_ref().is_some_and(Sender::is_done)
    }

    /// Gives the stream up.
    pub(in crate::proxy) fn reset(mut self) {
        match &mut self.sender {
            Some(sender) => sender.reset(Reason::INTERNAL_ERROR),
            None => self.respond.send_reset(Reason::INTERNAL_ERROR),
        }
    }
}
