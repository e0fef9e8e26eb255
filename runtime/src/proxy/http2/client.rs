//! A stream to an upstream.

use super::send::Sender;
use super::{CONNECTION_WINDOW, MAX_HEADER_LIST, SEND_BUFFER, STREAM_WINDOW, convert};
use crate::body::Body;
use crate::headers::Headers;
use crate::proxy::part::{Broken, Part};
use bytes::Bytes;
use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::net::TcpStream;

/// Greets an upstream.
pub(in crate::proxy) async fn handshake(io: TcpStream) -> Result<(Opener, Connection<TcpStream>), h2::Error> {
    let local = io.local_addr().ok();
    h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_send_buffer_size(SEND_BUFFER)
        .enable_push(false)
        .handshake(io)
        .await
        .map(|(requests, connection)| (Opener { requests, local }, connection))
}

/// Opens streams on one connection.
#[derive(Debug, Clone)]
pub(in crate::proxy) struct Opener {
    requests: SendRequest<Bytes>,
    local: Option<SocketAddr>,
}

impl Opener {
    /// Our end of the connection.
    pub(in crate::proxy) fn local_address(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Waits until another stream can be opened.
    pub(in crate::proxy) async fn ready(self) -> Result<Self, h2::Error> {
        let requests = self.requests.ready().await?;
        Ok(Self { requests, ..self })
    }

    /// Whether another stream can be opened.
    pub(in crate::proxy) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        self.requests.poll_ready(context)
    }
}

/// The client's end of a stream.
#[derive(Debug)]
pub(in crate::proxy) struct ClientStream {
    sender: Sender,
    response: ResponseFuture,
    receive: Option<RecvStream>,
    response_ended: bool,
}

impl ClientStream {
    /// Opens a stream on a connection that is ready for one.
    pub(in crate::proxy) fn open(opener: &mut Opener, headers: &Headers, end: bool) -> Result<Self, Broken> {
        let request = convert::to_request(headers).map_err(|_| Broken::Protocol)?;
        let (response, stream) = opener.requests.send_request(request, end).map_err(|error| kind(&error))?;
        Ok(Self { sender: Sender::new(stream, end), response, receive: None, response_ended: false })
    }

    pub(in crate::proxy) fn send_body(&mut self, body: Body, end: bool) {
        self.sender.body(body, end);
    }

    pub(in crate::proxy) fn send_trailers(&mut self, trailers: &Headers) {
        self.sender.trailers(trailers);
    }

    pub(in crate::proxy) fn has_room(&self) -> bool {
        self.sender.has_room()
    }

    /// Gives what waits to the connection. Where that fails the response tells more.
    pub(in crate::proxy) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.sender.poll_flush(context).map(drop)
    }

    /// The next piece of the response.
    pub(in crate::proxy) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        if self.response_ended {
            return Poll::Pending;
        }
        let Some(receive) = &mut self.receive else {
            let response =
                ready!(Pin::new(&mut self.response).poll(context)).map_err(|error| kind(&error))?;
            let (parts, receive) = response.into_parts();
            self.response_ended = receive.is_end_stream();
            self.receive = Some(receive);
            return Poll::Ready(Ok(Part::Headers(convert::from_response(&parts), self.response_ended)));
        };
        let part = match ready!(receive.poll_data(context)) {
            Some(Ok(bytes)) => {
                let _released = receive.flow_control().release_capacity(bytes.len());
                self.response_ended = receive.is_end_stream();
                Part::Body(bytes, self.response_ended)
            }
            Some(Err(error)) => return Poll::Ready(Err(kind(&error))),
            None => {
                let trailers = ready!(receive.poll_trailers(context)).map_err(|error| kind(&error))?;
                self.response_ended = true;
                trailers.map_or(Part::Body(Bytes::new(), true), |map| Part::Trailers(convert::from_map(&map)))
            }
        };
        Poll::Ready(Ok(part))
    }

    /// Whether both messages have ended.
    pub(in crate::proxy) fn is_done(&self) -> bool {
        self.response_ended && self.sender.is_done()
    }

    /// Gives the stream up where it has not ended, with the code that Envoy gives.
    pub(in crate::proxy) fn finish(mut self) {
        if !self.is_done() {
            self.sender.reset(Reason::INTERNAL_ERROR);
        }
    }
}

fn kind(error: &h2::Error) -> Broken {
    if error.is_io() {
        Broken::Closed
    } else if error.is_remote() && error.reason() == Some(Reason::PROTOCOL_ERROR) {
        // Envoy tells this reset from others.
        Broken::Protocol
    } else if error.is_remote() {
        Broken::Reset
    } else if error.is_go_away() {
        Broken::Closed
    } else {
        Broken::Protocol
    }
}
