//! Carries one exchange between client, engine and upstream, both ways at once.
//!
//! A side is read only while the engine wants it and the other side has room, so that memory
//! stays constant however slow a peer is. Whatever arrives is given to the engine; what it
//! answers (`effects.rs`) is sent on.

use super::downstream::Downstream;
use super::effects::Progress;
use super::listener::Listener;
use super::part::{Broken, Part};
use super::reply::{self, flags};
use super::slot::Slot;
use super::thread::Thread;
use super::timer::Timer;
use super::upstream::Upstream;
use super::{headers, router};
use crate::exchange::{Info, LocalReply, SharedExchange, Side};
use crate::headers::Headers;
use crate::host::{ConnectionState, FilterState};
use crate::worker::StreamId;
use bytes::Bytes;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Where an exchange takes place.
pub(super) struct Place<'a> {
    pub(super) thread: &'a Rc<Thread>,
    pub(super) listener: &'a Rc<Listener>,
    pub(super) slot: &'a Rc<Slot>,
    pub(super) timer: &'a mut Timer,
    pub(super) connection: u64,
    pub(super) state: &'a ConnectionState,
    pub(super) remote: SocketAddr,
    pub(super) local: SocketAddr,
}

/// One exchange under way.
pub(super) struct Relay<'a> {
    pub(super) place: Place<'a>,
    pub(super) id: StreamId,
    pub(super) exchange: SharedExchange,
    pub(super) down: Downstream<'a>,
    pub(super) up: Option<Upstream>,
    pub(super) found: router::Found,
    pub(super) progress: Progress,
}

/// What happens next.
enum Event {
    Request(Result<Part, Broken>),
    Response(Result<Part, Broken>),
    Moved,
    Deadline,
    Answered,
}

impl<'a> Relay<'a> {
    /// Carries the exchange to its end; `end` where no body follows the headers.
    pub(super) async fn run(place: Place<'a>, down: Downstream<'a>, mut headers: Headers, end: bool) {
        let config = &place.listener.http;
        let origin = headers::Origin { client: place.remote.ip(), machine: place.thread.machine };
        let prepared = headers::prepare_request(&mut headers, config, origin, || place.thread.request_id());
        let found = place.listener.router.find(&headers);
        let info = info(&place, &down, &found, end);
        let chain = if prepared.is_ok() { place.listener.chain.as_slice() } else { &[] };
        let limit = place.listener.buffer_limit;
        let (id, exchange) = place.thread.act(|worker| {
            let id = worker.open(chain, info, limit);
            (id, worker.exchange(id).unwrap_or_default())
        });
        if !chain.is_empty() {
            place.thread.add_stream(id, place.slot);
        }
        place.listener.stats.requests.add(1);
        place.listener.stats.requests_active.add(1);
        let progress = Progress::new(end, config);
        let mut relay = Self { place, id, exchange, down, up: None, found, progress };
        match prepared {
            Ok(()) => relay.act(|worker, id| worker.headers(id, Side::Request, headers, end)),
            Err(rejection) => {
                relay.exchange.borrow_mut().request.headers = Some(headers);
                if let Some(server) = relay.down.http1() {
                    server.close_after_this();
                }
                relay.reply(reply::text(rejection.status, "", rejection.details), 0);
            }
        }
        relay.go().await;
        relay.finish();
    }

    async fn go(&mut self) {
        loop {
            self.apply_effects();
            if self.progress.is_over() {
                return;
            }
            match std::future::poll_fn(|context| self.poll(context)).await {
                Event::Request(Ok(part)) => self.request_part(part),
                Event::Request(Err(broken)) => self.client_failed(broken),
                Event::Response(Ok(part)) => self.response_part(part),
                Event::Response(Err(broken)) => self.upstream_failed(broken),
                Event::Moved => {}
                Event::Deadline => self.deadline(),
                Event::Answered => self.progress.end(true),
            }
        }
    }

    /// Reads first and writes last, so that what arrives together leaves together.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if self.place.slot.take(context) {
            return Poll::Ready(Event::Moved);
        }
        loop {
            if self.reads_response()
                && let Some(up) = &mut self.up
                && let Poll::Ready(part) = up.poll_read(context)
            {
                return Poll::Ready(Event::Response(part));
            }
            if self.reads_request()
                && let Poll::Ready(part) = self.down.poll_read(context)
            {
                return Poll::Ready(Event::Request(part));
            }
            let before = self.rooms();
            if let Some(up) = &mut self.up {
                let _written = up.poll_flush(context);
            }
            if let Poll::Ready(Err(broken)) = self.down.poll_flush(context) {
                return Poll::Ready(Event::Request(Err(broken)));
            }
            if self.progress.response_given && self.down.is_answered() {
                return Poll::Ready(Event::Answered);
            }
            // Where writing has made room, or a connection, there is something to read for.
            if before == self.rooms() {
                break;
            }
        }
        self.place.timer.poll(context, self.progress.deadline()).map(|()| Event::Deadline)
    }

    fn rooms(&self) -> (bool, bool, bool) {
        let up = self.up.as_ref();
        (self.down.has_room(), up.is_some_and(Upstream::has_room), up.is_some_and(Upstream::is_connecting))
    }

    /// Whether the upstream is to be read.
    fn reads_response(&self) -> bool {
        self.up.is_some()
            && self.down.has_room()
            && self.place.thread.ask(|worker| worker.wants(self.id, Side::Response))
    }

    /// Whether the client is to be read: its body, or whether it is still there.
    fn reads_request(&self) -> bool {
        self.progress.request_ended
            // What comes for a request that was given up is read and dropped until its answer is on the way.
            || !(self.progress.abandoned && self.progress.response_given)
                && self.up.as_ref().is_none_or(Upstream::has_room)
                && self.place.thread.ask(|worker| worker.wants(self.id, Side::Request))
    }

    fn request_part(&mut self, part: Part) {
        self.progress.moved();
        self.note_connection();
        if matches!(part, Part::Body(_, true) | Part::Trailers(_)) {
            let info = &mut self.exchange.borrow_mut().info;
            info.request_end_ns = Some(info.start_ns + self.progress.elapsed_ns());
        }
        match part {
            Part::Body(bytes, end) => {
                self.progress.request_ended = end;
                self.act(|worker, id| worker.body(id, Side::Request, bytes, end));
            }
            Part::Trailers(trailers) => {
                self.progress.request_ended = true;
                self.act(|worker, id| worker.trailers(id, Side::Request, trailers));
            }
            Part::Headers(..) => {}
        }
    }

    fn response_part(&mut self, part: Part) {
        self.progress.moved();
        let end = matches!(part, Part::Headers(_, true) | Part::Body(_, true) | Part::Trailers(_));
        self.note_connection();
        if end {
            self.exchange.borrow_mut().info.upstream_end_ns = Some(now_ns());
        }
        if end && let Some(up) = self.up.take() {
            self.leave_upstream();
            up.finish();
        }
        match part {
            Part::Headers(mut headers, end) => {
                self.progress.response_began = true;
                self.note_response(&headers);
                if let Some(waited) = self.progress.since_request() {
                    let name = Bytes::from_static(b"x-envoy-upstream-service-time");
                    headers.overwrite(name, waited.as_millis().to_string().into());
                }
                self.act(|worker, id| worker.headers(id, Side::Response, headers, end));
            }
            Part::Body(bytes, end) => self.act(|worker, id| worker.body(id, Side::Response, bytes, end)),
            Part::Trailers(trailers) => self.act(|worker, id| worker.trailers(id, Side::Response, trailers)),
        }
    }

    fn note_response(&self, headers: &Headers) {
        let mut exchange = self.exchange.borrow_mut();
        exchange.info.code_details = "via_upstream".to_owned();
        exchange.info.response_start_ns = Some(exchange.info.start_ns + self.progress.elapsed_ns());
        if let Some(cluster) = self.cluster() {
            cluster.stats().responses.note(super::access_log::status(headers));
        }
    }

    /// Once the request has a connection: our end of it, and how long that took.
    pub(super) fn note_connection(&self) {
        let Some(up) = self.up.as_ref().filter(|up| !up.is_connecting()) else { return };
        let info = &mut self.exchange.borrow_mut().info;
        info.upstream_local = up.local_address();
        info.upstream_wait_ns = up.waited().map(crate::host::clock::nanoseconds);
    }

    fn client_failed(&mut self, broken: Broken) {
        if broken == Broken::Protocol && !self.progress.response_began && !self.progress.response_given {
            if let Some(server) = self.down.http1() {
                server.close_after_this();
            }
            let reply = reply::text(400, "Bad Request", "http1.codec_error");
            return self.reply(reply, flags::DOWNSTREAM_PROTOCOL_ERROR);
        }
        let flag = flags::DOWNSTREAM_CONNECTION_TERMINATION;
        self.give_up("downstream_remote_disconnect", flag);
    }

    fn upstream_failed(&mut self, broken: Broken) {
        self.note_connection();
        self.up = None;
        self.leave_upstream();
        let (reply, flag) = reply::upstream_failure(broken);
        if let Some(reason) = broken.transport_failure() {
            self.exchange.borrow_mut().info.upstream_failure = reason;
        }
        // A response whose headers a filter still holds gives way to the reply, as in Envoy.
        if self.progress.headers_given {
            self.exchange.borrow_mut().info.response_flags |= flag;
            self.act(|worker, id| worker.reset(id));
        } else {
            self.reply(reply, flag);
        }
    }

    fn deadline(&mut self) {
        let now = Instant::now();
        if self.progress.route_deadline.is_some_and(|deadline| deadline <= now) {
            self.progress.route_deadline = None;
            if let Some(cluster) = self.cluster() {
                cluster.stats().timeouts.add(1);
            }
            let reply = reply::text(504, "upstream request timeout", "response_timeout");
            self.time_out(reply, flags::UPSTREAM_REQUEST_TIMEOUT);
        } else if self.progress.request_deadline().is_some_and(|deadline| deadline <= now) {
            self.time_out(reply::text(408, "request timeout", "request_overall_timeout"), 0);
        } else if self.progress.is_idle(now) {
            let status = if self.progress.request_ended { 504 } else { 408 };
            self.time_out(
                reply::text(status, "stream timeout", "stream_idle_timeout"),
                flags::STREAM_IDLE_TIMEOUT,
            );
        }
    }

    fn time_out(&mut self, reply: LocalReply, flag: u64) {
        if self.progress.headers_given {
            self.give_up("stream_timeout", flag);
        } else {
            self.reply(reply, flag);
        }
    }

    fn give_up(&mut self, details: &str, flag: u64) {
        {
            let info = &mut self.exchange.borrow_mut().info;
            info.code_details = details.to_owned();
            info.response_flags |= flag;
        }
        self.progress.end(false);
    }

    /// Answers by the proxy itself, through the filters.
    pub(super) fn reply(&mut self, reply: LocalReply, flag: u64) {
        self.exchange.borrow_mut().info.response_flags |= flag;
        self.act(|worker, id| worker.reply(id, reply));
    }

    pub(super) fn act(&mut self, call: impl FnOnce(&mut crate::worker::Worker, StreamId)) {
        let id = self.id;
        self.place.thread.act(|worker| call(worker, id));
    }

    fn finish(mut self) {
        if self.up.take().is_some() {
            self.leave_upstream();
        }
        self.exchange.borrow_mut().info.end_ns = Some(now_ns());
        self.act(|worker, id| worker.close(id));
        self.place.thread.remove_stream(self.id);
        let listener = self.place.listener;
        listener.stats.requests_active.subtract(1);
        if !self.progress.completed() {
            listener.stats.requests_reset.add(1);
        }
        listener.log(&self.exchange.borrow());
        self.down.finish(self.progress.completed());
    }
}

pub(super) fn now_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    crate::host::clock::nanoseconds(now)
}

fn info(place: &Place<'_>, down: &Downstream<'_>, found: &router::Found, end: bool) -> Info {
    let now = now_ns();
    let mut info = Info {
        connection_id: place.connection,
        filter_state: FilterState::on(place.state.clone()),
        protocol: down.protocol(),
        downstream_remote: Some(place.remote),
        downstream_local: Some(place.local),
        start_ns: now,
        request_end_ns: end.then_some(now),
        ..Info::default()
    };
    found.describe(&mut info, |name| place.thread.endpoint_count(name));
    info
}
