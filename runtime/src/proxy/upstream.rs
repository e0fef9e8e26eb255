//! The upstream's side of one exchange or callout, from connecting to the last byte.

use super::cluster::{Cluster, Connecting, Connection};
use super::http1;
use super::http2::ClientStream;
use super::output::WRITE_AHEAD;
use super::part::{Broken, Part};
use crate::body::Body;
use crate::headers::Headers;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Where a request goes to and its response comes from.
pub(super) struct Upstream {
    cluster: Rc<Cluster>,
    address: SocketAddr,
    local: Option<SocketAddr>,
    opened: Instant,
    waited: Option<Duration>,
    state: State,
}

enum State {
    Connecting(Connecting, Waiting),
    Http1(http1::Client),
    Http2(ClientStream),
    Failed(Broken),
    Ended,
}

/// The request until there is a connection.
struct Waiting {
    headers: Headers,
    end: bool,
    body: Option<(Body, bool)>,
    trailers: Option<Headers>,
}

impl Upstream {
    /// Begins a request to an endpoint; `end` where nothing follows the headers.
    pub(super) fn open(cluster: &Rc<Cluster>, address: SocketAddr, headers: &Headers, end: bool) -> Self {
        let mut upstream = Self {
            cluster: Rc::clone(cluster),
            address,
            local: None,
            opened: Instant::now(),
            waited: None,
            state: State::Ended,
        };
        match cluster.checkout(address) {
            Ok(connection) => upstream.begin(connection, headers, end),
            Err(connecting) => {
                let waiting = Waiting { headers: headers.clone(), end, body: None, trailers: None };
                upstream.state = State::Connecting(connecting, waiting);
            }
        }
        upstream
    }

    /// Our address, once connected.
    pub(super) fn local_address(&self) -> Option<SocketAddr> {
        self.local
    }

    /// How long it took until there was a connection.
    pub(super) fn waited(&self) -> Option<Duration> {
        self.waited
    }

    /// Whether there is no connection yet.
    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting(..))
    }

    pub(super) fn send_body(&mut self, more: Body, end: bool) {
        match &mut self.state {
            State::Connecting(_, waiting) => {
                let (body, ended) = waiting.body.get_or_insert_default();
                let mut more = more;
                body.append(&mut more);
                *ended = end;
            }
            State::Http1(client) => client.send_body(more, end),
            State::Http2(stream) => stream.send_body(more, end),
            State::Failed(_) | State::Ended => {}
        }
    }

    pub(super) fn send_trailers(&mut self, trailers: &Headers) {
        match &mut self.state {
            State::Connecting(_, waiting) => waiting.trailers = Some(trailers.clone()),
            State::Http1(client) => client.send_end(),
            State::Http2(stream) => stream.send_trailers(trailers),
            State::Failed(_) | State::Ended => {}
        }
    }

    pub(super) fn has_room(&self) -> bool {
        match &self.state {
            State::Connecting(_, waiting) => {
                waiting.body.as_ref().is_none_or(|(body, _)| body.len() < WRITE_AHEAD)
            }
            State::Http1(client) => client.has_room(),
            State::Http2(stream) => stream.has_room(),
            State::Failed(_) | State::Ended => false,
        }
    }

    /// Connects, and writes what waits.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let State::Connecting(connecting, _) = &mut self.state {
            let connected = ready!(connecting.as_mut().poll(context));
            let State::Connecting(_, waiting) = std::mem::replace(&mut self.state, State::Ended) else {
                return Poll::Ready(());
            };
            match connected {
                Err(broken) => {
                    self.waited = Some(self.opened.elapsed());
                    self.state = State::Failed(broken);
                }
                Ok(connection) => {
                    self.begin(connection, &waiting.headers, waiting.end);
                    if let Some((body, end)) = waiting.body {
                        self.send_body(body, end);
                    }
                    if let Some(trailers) = waiting.trailers {
                        self.send_trailers(&trailers);
                    }
                }
            }
        }
        match &mut self.state {
            State::Http1(client) => client.poll_flush(context),
            State::Http2(stream) => stream.poll_flush(context),
            State::Connecting(..) | State::Failed(_) | State::Ended => Poll::Ready(()),
        }
    }

    /// The next piece of the response.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        let part = match &mut self.state {
            State::Connecting(..) | State::Ended => return Poll::Pending,
            State::Http1(client) => ready!(client.poll_read(context)),
            State::Http2(stream) => ready!(stream.poll_read(context)),
            State::Failed(broken) => Err(*broken),
        };
        if part.is_err() {
            self.state = State::Ended;
        }
        Poll::Ready(part)
    }

    /// Ends the request: the connection is kept where both messages have ended well, else closed.
    pub(super) fn finish(self) {
        match self.state {
            State::Http1(client) => self.cluster.checkin(self.address, client),
            State::Http2(stream) => stream.finish(),
            State::Connecting(..) | State::Failed(_) | State::Ended => {}
        }
    }

    fn begin(&mut self, connection: Connection, headers: &Headers, end: bool) {
        self.waited = Some(self.opened.elapsed());
        self.state = match connection {
            Connection::Http1(mut client) => {
                self.local = client.local_address();
                client.send_headers(headers, end);
                State::Http1(client)
            }
            Connection::Http2(mut opener) => {
                self.local = opener.local_address();
                self.cluster.share(self.address, &opener);
                match ClientStream::open(&mut opener, headers, end) {
                    Ok(stream) => State::Http2(stream),
                    Err(broken) => State::Failed(broken),
                }
            }
        };
    }
}
