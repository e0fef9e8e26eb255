//! What the engine's effects mean for the two peers of an exchange.

use super::cluster::Cluster;
use super::config::{Action, Forward, HttpConnections};
use super::relay::{self, Relay};
use super::reply::{self, flags};
use super::upstream::Upstream;
use super::{access_log, headers};
use crate::chain::Effect;
use crate::exchange::Side;
use crate::host::clock;
use bytes::Bytes;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// How far an exchange has come.
pub(super) struct Progress {
    /// The client has sent its whole request.
    pub(super) request_ended: bool,
    /// The request has been given up: a local reply has taken its place.
    pub(super) abandoned: bool,
    /// Headers have come from the upstream.
    pub(super) response_began: bool,
    /// The headers of the response have been given to the client's side.
    pub(super) headers_given: bool,
    /// The whole response has been given to the client's side.
    pub(super) response_given: bool,
    /// When the route's timeout is over.
    pub(super) route_deadline: Option<Instant>,
    request_done: Option<Instant>,
    idle_timeout: Option<Duration>,
    request_timeout: Option<Duration>,
    began: Instant,
    last_move: Instant,
    over: Option<bool>,
}

impl Progress {
    pub(super) fn new(request_ended: bool, config: &HttpConnections) -> Self {
        let now = Instant::now();
        Self {
            request_ended,
            abandoned: false,
            response_began: false,
            headers_given: false,
            response_given: false,
            route_deadline: None,
            request_done: None,
            idle_timeout: config.stream_idle_timeout,
            request_timeout: config.request_timeout,
            began: now,
            last_move: now,
            over: None,
        }
    }

    /// Something has arrived.
    pub(super) fn moved(&mut self) {
        self.last_move = Instant::now();
    }

    /// Since the request went to the upstream as a whole; `None` before that.
    pub(super) fn since_request(&self) -> Option<Duration> {
        Some(self.last_move.saturating_duration_since(self.request_done?))
    }

    /// Nanoseconds from the beginning to what has arrived last.
    pub(super) fn elapsed_ns(&self) -> u64 {
        clock::nanoseconds(self.last_move.saturating_duration_since(self.began))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let idle = self.idle_timeout.map(|timeout| self.last_move + timeout);
        [idle, self.route_deadline, self.request_deadline()].into_iter().flatten().min()
    }

    /// When the client must have sent its whole request.
    pub(super) fn request_deadline(&self) -> Option<Instant> {
        self.request_timeout
            .filter(|_| !self.request_ended && !self.abandoned)
            .map(|timeout| self.began + timeout)
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.idle_timeout.is_some_and(|timeout| self.last_move + timeout <= now)
    }

    pub(super) fn end(&mut self, complete: bool) {
        self.over.get_or_insert(complete);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    pub(super) fn completed(&self) -> bool {
        self.over == Some(true)
    }
}

impl Relay<'_> {
    /// Does what the engine wants, until it wants nothing more.
    pub(super) fn apply_effects(&mut self) {
        while !self.progress.is_over() {
            let id = self.id;
            let Some(effect) = self.place.thread.act(|worker| worker.next_effect(id)) else { return };
            match effect {
                Effect::Headers { side: Side::Request, end_of_stream } => self.send_request(end_of_stream),
                Effect::Headers { side: Side::Response, end_of_stream } => self.send_response(end_of_stream),
                Effect::Body { side: Side::Request, body, end_of_stream } => {
                    if let Some(up) = &mut self.up {
                        up.send_body(body, end_of_stream);
                    }
                    if end_of_stream {
                        self.request_passed();
                    }
                }
                Effect::Body { side: Side::Response, body, end_of_stream } => {
                    self.progress.response_given |= end_of_stream;
                    self.down.send_body(body, end_of_stream);
                }
                Effect::Trailers { side: Side::Request } => {
                    if let (Some(up), Some(trailers)) =
                        (&mut self.up, &self.exchange.borrow().request.trailers)
                    {
                        up.send_trailers(trailers);
                    }
                    self.request_passed();
                }
                Effect::Trailers { side: Side::Response } => {
                    self.progress.response_given = true;
                    if let Some(trailers) = &self.exchange.borrow().response.trailers {
                        self.down.send_trailers(trailers);
                    }
                }
                Effect::Abandon => {
                    self.progress.abandoned = true;
                    self.progress.route_deadline = None;
                    if self.up.take().is_some() {
                        self.leave_upstream();
                    }
                }
                Effect::Reset => self.progress.end(false),
            }
        }
    }

    /// The cluster that the route leads to.
    pub(super) fn cluster(&self) -> Option<&Rc<Cluster>> {
        match &self.found.route.as_ref()?.action {
            Action::Forward(forward) => self.place.thread.clusters.get(&forward.cluster),
            Action::Direct(_) => None,
        }
    }

    /// The request to the upstream is over, one way or another.
    pub(super) fn leave_upstream(&self) {
        if let Some(cluster) = self.cluster() {
            cluster.stats().requests_active.subtract(1);
        }
    }

    fn send_request(&mut self, end: bool) {
        if self.exchange.borrow().info.route_cleared {
            self.choose_route_again();
        }
        let Some(route) = self.found.route.clone() else {
            self.place.listener.stats.no_route.add(1);
            return self.reply(reply::text(404, "", "route_not_found"), flags::NO_ROUTE);
        };
        let forward = match &route.action {
            Action::Direct(response) => return self.reply(reply::direct(response), 0),
            Action::Forward(forward) => forward,
        };
        let target = self.cluster().and_then(|cluster| Some((Rc::clone(cluster), cluster.endpoint()?)));
        {
            let mut exchange = self.exchange.borrow_mut();
            exchange.info.upstream_attempts += 1;
            if let Some(headers) = &mut exchange.request.headers {
                headers::rewrite(headers, &route, forward);
            }
        }
        let Some((cluster, address)) = target else {
            if let Some(cluster) = self.cluster() {
                cluster.stats().no_endpoint.add(1);
            }
            let reply = reply::text(503, "no healthy upstream", "no_healthy_upstream");
            return self.reply(reply, flags::NO_HEALTHY_UPSTREAM);
        };
        let unfit = self.exchange.borrow().request.headers.as_ref().and_then(reply::unfit_request);
        if let Some(reply) = unfit {
            return self.reply(reply, 0);
        }
        cluster.stats().requests.add(1);
        cluster.stats().requests_active.add(1);
        {
            let mut exchange = self.exchange.borrow_mut();
            exchange.info.upstream_remote = Some(address);
            exchange.info.upstream_sent_ns = Some(relay::now_ns());
            if let Some(headers) = &mut exchange.request.headers {
                self.up = Some(Upstream::open(&cluster, address, headers, end));
            }
        }
        self.note_connection();
        if end {
            self.request_passed();
        }
    }

    fn choose_route_again(&mut self) {
        let mut exchange = self.exchange.borrow_mut();
        exchange.info.route_cleared = false;
        let router = &self.place.listener.router;
        self.found =
            exchange.request.headers.as_ref().map(|headers| router.find(headers)).unwrap_or_default();
        self.found.describe(&mut exchange.info, |name| self.place.thread.endpoint_count(name));
    }

    /// The whole request is with the upstream: now its time runs.
    fn request_passed(&mut self) {
        let timeout = self.found.route.as_ref().and_then(|route| match &route.action {
            Action::Forward(Forward { timeout, .. }) => *timeout,
            Action::Direct(_) => None,
        });
        let now = Instant::now();
        self.progress.request_done = Some(now);
        if self.up.is_some() {
            self.progress.route_deadline = timeout.map(|timeout| now + timeout);
        }
    }

    fn send_response(&mut self, end: bool) {
        let Self { place, exchange, down, progress, .. } = self;
        let mut exchange = exchange.borrow_mut();
        let Some(headers) = &mut exchange.response.headers else { return };
        place.listener.stats.responses.note(access_log::status(headers));
        headers::prepare_response(headers, &place.listener.http, &place.thread.date.now());
        if let Some(server) = down.http1() {
            if place.thread.is_draining() || !server.request_ended() {
                server.close_after_this();
            }
            if progress.abandoned && server.will_close() {
                server.close_delayed();
            }
            if server.will_close() {
                headers.overwrite(Bytes::from_static(b"connection"), Bytes::from_static(b"close"));
            }
        }
        progress.headers_given = true;
        progress.response_given |= end;
        down.send_headers(headers, end);
    }
}
