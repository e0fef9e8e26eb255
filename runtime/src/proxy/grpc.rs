//! gRPC callouts of plugins: one HTTP request each, whose parts go to and fro as they come.

use super::part::{Broken, Part};
use super::reply;
use super::slot::Slot;
use super::thread::Thread;
use super::timer::Timer;
use super::upstream::Upstream;
use crate::body::Body;
use crate::host::{GrpcCall, GrpcPart};
use crate::worker::VmId;
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// Most bytes that a plugin may have sent and the upstream not taken; beyond it the stream is given up.
const MAX_WAITING: usize = 32 << 20;

/// How plugins reach a callout that is under way.
#[derive(Debug, Default)]
pub(super) struct Link {
    outgoing: RefCell<VecDeque<(Bytes, bool)>>,
    waiting: Cell<usize>,
    given_up: Cell<bool>,
    slot: Slot,
}

impl Link {
    /// Sends bytes of the request.
    pub(super) fn send(&self, bytes: Bytes, end: bool) {
        self.waiting.set(self.waiting.get().saturating_add(bytes.len()));
        self.outgoing.borrow_mut().push_back((bytes, end));
        self.slot.ring();
    }

    /// Ends it; nobody wants to know more.
    pub(super) fn give_up(&self) {
        self.given_up.set(true);
        self.slot.ring();
    }
}

/// What happens next.
enum Turn {
    GivenUp,
    Overflow,
    Timeout,
    Part(Result<Part, Broken>),
}

/// Carries a callout out and tells the plugin of each part.
pub(super) async fn run(thread: Rc<Thread>, vm: VmId, call: GrpcCall, link: Rc<Link>) {
    let token = call.token;
    if let Some(mut request) = Request::open(&thread, call) {
        loop {
            let turn = std::future::poll_fn(|context| request.poll(context, &link)).await;
            let part = match turn {
                Turn::GivenUp => break,
                Turn::Overflow => failed("", "grpc_send_overflow"),
                Turn::Timeout => failed("upstream request timeout", "response_timeout"),
                Turn::Part(Ok(part)) => request.told(part),
                Turn::Part(Err(broken)) => request.broken(broken),
            };
            if !thread.act(|worker| worker.grpc_part(vm, token, part)) {
                break;
            }
        }
        request.upstream.finish();
    } else {
        let part = failed("no healthy upstream", "no_healthy_upstream");
        thread.act(|worker| worker.grpc_part(vm, token, part));
    }
    thread.remove_grpc(vm, token);
}

struct Request {
    upstream: Upstream,
    deadline: Option<Instant>,
    timer: Timer,
    /// When the request was complete, from which Envoy counts the upstream's time.
    complete: Option<Instant>,
    began: bool,
}

impl Request {
    fn open(thread: &Thread, call: GrpcCall) -> Option<Self> {
        let cluster = thread.clusters.get(&call.cluster)?;
        let address = cluster.endpoint()?;
        cluster.stats().requests.add(1);
        let mut upstream = Upstream::open(cluster, address, &call.headers, false);
        let complete = call.body.is_some().then(Instant::now);
        if let Some(body) = call.body {
            upstream.send_body(Body::from(body), true);
        }
        let deadline = call.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Some(Self { upstream, deadline, timer: Timer::default(), complete, began: false })
    }

    fn poll(&mut self, context: &mut Context<'_>, link: &Link) -> Poll<Turn> {
        let _rung = link.slot.take(context);
        if link.given_up.get() {
            return Poll::Ready(Turn::GivenUp);
        }
        if link.waiting.get() > MAX_WAITING {
            return Poll::Ready(Turn::Overflow);
        }
        loop {
            while self.complete.is_none() && self.upstream.has_room() {
                let Some((bytes, end)) = link.outgoing.borrow_mut().pop_front() else { break };
                link.waiting.set(link.waiting.get().saturating_sub(bytes.len()));
                self.upstream.send_body(Body::from(bytes), end);
                self.complete = end.then(Instant::now);
            }
            let written = self.upstream.poll_flush(context).is_ready();
            let more = self.complete.is_none() && !link.outgoing.borrow().is_empty();
            if !(written && more && self.upstream.has_room()) {
                break;
            }
        }
        if let Poll::Ready(part) = self.upstream.poll_read(context) {
            return Poll::Ready(Turn::Part(part));
        }
        self.timer.poll(context, self.deadline).map(|()| Turn::Timeout)
    }

    fn told(&mut self, part: Part) -> GrpcPart {
        match part {
            Part::Headers(mut headers, end) => {
                self.began = true;
                if let Some(complete) = self.complete {
                    let name = Bytes::from_static(b"x-envoy-upstream-service-time");
                    headers.overwrite(name, complete.elapsed().as_millis().to_string().into());
                }
                GrpcPart::Headers(headers, end)
            }
            Part::Body(bytes, end) => GrpcPart::Data(bytes, end),
            Part::Trailers(trailers) => GrpcPart::Trailers(trailers),
        }
    }

    fn broken(&self, broken: Broken) -> GrpcPart {
        let (reply, _) = reply::upstream_failure(broken);
        let details = if self.began { reply.details.replace("before", "after") } else { reply.details };
        GrpcPart::Failed { text: reply.body, details }
    }
}

fn failed(text: &'static str, details: &str) -> GrpcPart {
    GrpcPart::Failed { text: Bytes::from_static(text.as_bytes()), details: details.to_owned() }
}
