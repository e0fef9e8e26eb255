//! One exchange: the client sends, the upstream answers, both take down what they get.

use super::callout::{REFUSED, TIMEOUT};
use super::lane::{Event, Lane};
use super::shared::Common;
use super::{FilterId, Properties};
use crate::traffic::{Answer, Behaviour, Chunking, Fault, Message, Piece, Received};
use bytes::Bytes;
use mesh_filter_runtime::body::Body;
use mesh_filter_runtime::chain::Effect;
use mesh_filter_runtime::exchange::{Info, LocalReply, Side};
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::Clock as _;
use mesh_filter_runtime::worker::{DEFAULT_BUFFER_LIMIT, StreamId};
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Envoy's default timeout of a route.
const ROUTE_TIMEOUT: Duration = Duration::from_secs(15);
const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 50_000);
const LISTENER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const UPSTREAM: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);

/// What an exchange is made of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) request: Message,
    pub(crate) upstream: Behaviour,
    pub(crate) chunking: Chunking,
    /// Beside those that hold for all exchanges.
    pub(crate) properties: Properties,
    /// On which worker; without it they take turns.
    pub(crate) worker: Option<usize>,
}

/// What came of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Finished {
    /// The request as the upstream saw it; `None` where it was not called.
    pub(crate) upstream: Option<Received>,
    /// The response as the client got it; `None` where there was none.
    pub(crate) response: Option<Received>,
    /// The client saw a reset.
    pub(crate) reset: bool,
    /// Properties that filters have set, by path with dots.
    pub(crate) set_properties: BTreeMap<String, Vec<u8>>,
}

/// An exchange that can never end, because nothing is under way that could let it go on.
#[derive(Debug)]
pub(crate) struct Hang {
    /// Where it stands.
    pub(crate) place: &'static str,
    /// A timer of the plugin is set.
    pub(crate) timer: bool,
}

impl std::fmt::Display for Hang {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = self.place;
        write!(
            f,
            "the request hangs: the filter holds {place}, and nothing is under way that could resume it"
        )?;
        if self.timer {
            f.write_str(" (a timer of the filter is set, but only advancing the time lets it fire)")?;
        }
        Ok(())
    }
}

/// An exchange that is under way.
#[derive(Debug)]
pub(super) struct Live {
    /// By which hosts know it.
    number: u64,
    client: VecDeque<Piece>,
    upstream: VecDeque<Piece>,
    behaviour: Behaviour,
    chunking: Chunking,
    /// The request has left as a whole, so that the upstream answers.
    asked: bool,
    done: bool,
    seen: Finished,
}

impl Lane {
    /// Begins an exchange through these filters and lets it go as far as it can without time passing.
    pub(super) fn open(&mut self, chain: &[FilterId], plan: Plan) -> StreamId {
        let info = Info {
            connection_id: 1,
            protocol: "HTTP/1.1",
            downstream_remote: Some(CLIENT),
            downstream_local: Some(LISTENER),
            start_ns: Common(Arc::clone(&self.shared.clock)).realtime_ns(),
            route_name: Some("default".to_owned()),
            virtual_host_name: Some("default".to_owned()),
            cluster_name: Some("upstream".to_owned()),
            ..Info::default()
        };
        let chain: Vec<_> = chain.iter().filter_map(|filter| self.plugin(*filter)).collect();
        let id = self.worker.open(&chain, info, DEFAULT_BUFFER_LIMIT);
        let number = self.worker.exchange(id).map_or(0, |exchange| exchange.borrow().number);
        self.properties.open(number, plan.properties);
        let live = Live {
            number,
            client: plan.request.pieces(plan.chunking),
            upstream: VecDeque::new(),
            behaviour: plan.upstream,
            chunking: plan.chunking,
            asked: false,
            done: false,
            seen: Finished::default(),
        };
        self.streams.insert(id, live);
        self.pump(id);
        self.settle();
        id
    }

    /// Whether the client has its answer.
    pub(super) fn is_done(&self, id: StreamId) -> bool {
        self.streams.get(&id).is_none_or(|live| live.done)
    }

    /// What came of an exchange that is done.
    pub(super) fn take(&mut self, id: StreamId) -> Finished {
        let Some(mut live) = self.streams.remove(&id) else { return Finished::default() };
        live.seen.set_properties = self.properties.close(live.number);
        live.seen
    }

    /// Resets an exchange that cannot end.
    pub(super) fn give_up(&mut self, id: StreamId) -> Hang {
        let live = self.streams.remove(&id);
        if let Some(live) = &live {
            self.properties.close(live.number);
        }
        let place = live.map_or("nowhere", |live| live.waits());
        let hang = Hang { place, timer: !self.timers.is_empty() };
        self.worker.reset(id);
        self.worker.close(id);
        self.settle();
        hang
    }

    /// Feeds what the filters take, and does what they ask for, until nothing moves.
    pub(super) fn pump(&mut self, id: StreamId) {
        loop {
            while let Some(effect) = self.worker.next_effect(id) {
                self.apply(id, effect);
            }
            let Some(live) = self.streams.get_mut(&id) else { return };
            if live.done {
                self.worker.close(id);
                return;
            }
            let next = if self.worker.wants(id, Side::Request) { live.client.pop_front() } else { None };
            let next = match next {
                Some(piece) => Some((Side::Request, piece)),
                None if self.worker.wants(id, Side::Response) => {
                    live.upstream.pop_front().map(|piece| (Side::Response, piece))
                }
                None => None,
            };
            let Some((side, piece)) = next else { return };
            match piece {
                Piece::Headers(headers, end) => self.worker.headers(id, side, headers.arrived(side), end),
                Piece::Body(bytes, end) => self.worker.body(id, side, bytes, end),
                Piece::Trailers(trailers) => self.worker.trailers(id, side, trailers),
            }
        }
    }

    fn apply(&mut self, id: StreamId, effect: Effect) {
        let exchange = self.worker.exchange(id);
        let Some(live) = self.streams.get_mut(&id) else { return };
        let copy = |side, trailers: bool| -> Headers {
            let Some(exchange) = &exchange else { return Headers::new() };
            let exchange = exchange.borrow();
            let message = exchange.message(side);
            if trailers { message.trailers.clone() } else { message.headers.clone() }.unwrap_or_default()
        };
        match effect {
            Effect::Headers { side, end_of_stream } => {
                let headers = copy(side, false);
                live.receive(side, end_of_stream, |seen| seen.headers = headers);
            }
            Effect::Body { side, body, end_of_stream } => {
                live.receive(side, end_of_stream, |seen| append(&mut seen.body, body));
            }
            Effect::Trailers { side } => {
                let trailers = copy(side, true);
                live.receive(side, true, |seen| seen.trailers = trailers);
            }
            Effect::Abandon => {
                live.client.clear();
                live.upstream.clear();
            }
            Effect::Reset => {
                live.seen.reset = true;
                live.done = true;
            }
            _ => {}
        }
        if live.seen.upstream.as_ref().is_some_and(|request| request.complete) && !live.asked {
            live.asked = true;
            if let Some(exchange) = &exchange {
                exchange.borrow_mut().info.upstream_remote = Some(UPSTREAM);
            }
            let delay = match live.behaviour.answer {
                Answer::Fail(Fault::Timeout) => ROUTE_TIMEOUT,
                _ => live.behaviour.delay.min(ROUTE_TIMEOUT),
            };
            self.enter(delay, Event::Upstream(id));
        }
    }

    pub(super) fn upstream_answers(&mut self, id: StreamId) {
        let Some(live) = self.streams.get_mut(&id) else { return };
        if live.done || live.seen.response.is_some() {
            return;
        }
        let late = live.behaviour.delay >= ROUTE_TIMEOUT;
        match live.behaviour.answer.clone() {
            Answer::Reply(message) if !late => {
                live.upstream = message.pieces(live.chunking);
                if let Some(exchange) = self.worker.exchange(id) {
                    exchange.borrow_mut().info.code_details = "via_upstream".to_owned();
                }
            }
            Answer::Fail(Fault::Refused | Fault::NoCluster | Fault::Reset) if !late => {
                self.worker.reply(id, reply(REFUSED, "upstream_reset_before_response_started"));
            }
            _ => self.worker.reply(id, reply(TIMEOUT, "response_timeout")),
        }
        self.ready.push_back(id);
    }
}

impl Live {
    fn receive(&mut self, side: Side, end: bool, take: impl FnOnce(&mut Received)) {
        let seen = match side {
            Side::Request => self.seen.upstream.get_or_insert_default(),
            Side::Response => self.seen.response.get_or_insert_default(),
        };
        take(seen);
        seen.complete |= end;
        self.done |= end && side == Side::Response;
    }

    /// The request is with the upstream, and its answer is not here.
    pub(super) fn waits_for_upstream(&self) -> bool {
        self.asked && self.seen.response.is_none() && self.upstream.is_empty()
    }

    /// What the exchange waits in, for messages.
    fn waits(&self) -> &'static str {
        match (&self.seen.upstream, &self.seen.response) {
            (_, Some(_)) => "the response body",
            (None, None) => "the request headers",
            (Some(request), None) if !request.complete => "the request body",
            (Some(_), None) => "the response headers",
        }
    }
}

fn append(to: &mut Vec<u8>, body: Body) {
    for slice in body.into_slices() {
        to.extend_from_slice(&slice);
    }
}

fn reply((status, text): (u16, &'static str), details: &str) -> LocalReply {
    LocalReply {
        status,
        details: details.to_owned(),
        body: Bytes::from_static(text.as_bytes()),
        headers: Vec::new(),
        grpc_status: None,
    }
}
