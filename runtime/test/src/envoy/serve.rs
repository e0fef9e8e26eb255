//! Upstream and clusters of an Envoy: HTTP/2 servers on loopback that answer as the case says.

use super::shared::{Event, Shared};
use super::{grpc, wire};
use crate::traffic::{Answer, Behaviour, Chunking, Fault, Received};
use bytes::Bytes;
use h2::RecvStream;
use h2::server::{Builder, SendResponse};
use http::Request;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// Envoy's default timeout of a route.
const ROUTE_TIMEOUT: Duration = Duration::from_secs(15);
/// So much may be on its way: nothing waits for room.
pub(super) const WINDOW: u32 = 1 << 30;

/// Whom a server plays.
#[derive(Clone)]
pub(super) enum Part {
    Upstream,
    Cluster(Rc<str>),
}

/// Accepts Envoy's connections for as long as the case lasts.
pub(super) async fn serve(shared: Rc<Shared>, listener: TcpListener, part: Part) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        // What is sent leaves at once, or nothing would seem to be under way.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        shared.moved();
        let (shared, part) = (Rc::clone(&shared), part.clone());
        spawn_local(async move {
            let mut builder = Builder::new();
            builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
            let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
            shared.moved();
            while let Some(Ok((request, respond))) = connection.accept().await {
                shared.moved();
                spawn_local(one(Rc::clone(&shared), request, respond, part.clone()));
            }
        });
    }
}

async fn one(shared: Rc<Shared>, request: Request<RecvStream>, respond: SendResponse<Bytes>, part: Part) {
    match part {
        Part::Upstream => upstream(&shared, request, respond).await,
        Part::Cluster(name) if grpc::is_call(&request) => grpc::call(&shared, request, respond, &name).await,
        Part::Cluster(name) => callout(&shared, request, respond, &name).await,
    }
}

async fn upstream(shared: &Shared, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
    let (head, mut body) = request.into_parts();
    let mut received = wire::received_request(&head);
    let port = received.header(super::config::EXCHANGE).and_then(|port| port.parse::<u16>().ok());
    let known = port.and_then(|port| shared.ports.borrow().get(&port).copied());
    let Some(index) = known else { return };
    let begun = shared.exchange(index, |exchange| {
        wire::strip_upstream(&mut received, &exchange.sent);
        exchange.upstream = Some(received);
    });
    if begun.is_none() {
        return;
    }
    let mut take = |more: More| {
        shared.exchange(index, |exchange| exchange.upstream.as_mut().map(|request| more.add(request)));
    };
    if !receive(&mut body, &mut take).await {
        return;
    }
    let Some((behaviour, chunking)) =
        shared.exchange(index, |exchange| (exchange.behaviour.clone(), exchange.chunking))
    else {
        return;
    };
    if let Answer::Reply(message) = &behaviour.answer {
        shared.exchange(index, |exchange| exchange.answered = Some(message.headers.clone()));
    }
    enter(shared, respond, behaviour, chunking, Some(ROUTE_TIMEOUT), true);
}

async fn callout(shared: &Shared, request: Request<RecvStream>, respond: SendResponse<Bytes>, cluster: &str) {
    let (head, mut body) = request.into_parts();
    let mut received = wire::received_request(&head);
    let timeout = wire::timeout(&received);
    let mut take = |more: More| {
        shared.moved();
        more.add(&mut received);
    };
    if !receive(&mut body, &mut take).await {
        return;
    }
    wire::strip_callout(&mut received);
    let part = |name| received.header(name).unwrap_or_default();
    let what = format!("{} {}", part(":method"), part(":path"));
    shared.journal.note(format!("  callout to `{cluster}`: {what}"));
    let behaviour = shared.mocks.call(cluster, received).unwrap_or_else(|| {
        shared.problem(format!(
            "the plugin called out to cluster `{cluster}` ({what}), and no mock of it is for this request"
        ));
        Behaviour::fail(Fault::Refused)
    });
    enter(shared, respond, behaviour, Chunking::AsWritten, timeout, false);
}

/// Enters into the agenda what shall come of a request.
fn enter(
    shared: &Shared,
    respond: SendResponse<Bytes>,
    behaviour: Behaviour,
    chunking: Chunking,
    timeout: Option<Duration>,
    whole: bool,
) {
    let Behaviour { answer, delay } = behaviour;
    let late = timeout.is_some_and(|timeout| delay >= timeout);
    if matches!(answer, Answer::Fail(Fault::Timeout)) && timeout.is_none() {
        // Nothing ever ends it.
        shared.held.borrow_mut().push(respond);
        return;
    }
    let (after, event) = match (answer, timeout) {
        (Answer::Fail(Fault::Timeout), Some(timeout)) => (timeout, Event::Timeout { _response: respond }),
        (_, Some(timeout)) if late => (timeout, Event::Timeout { _response: respond }),
        (Answer::Fail(Fault::Reset), _) if !whole => (delay, Event::Break(respond)),
        (Answer::Fail(_), _) => (delay, Event::Refuse(respond)),
        (Answer::Reply(message), _) => (delay, Event::Answer(respond, message, chunking)),
    };
    let at = shared.clock.elapsed().saturating_add(after);
    shared.enter(at, event);
}

/// What comes after the headers.
pub(super) enum More {
    Body(Bytes),
    Trailers(http::HeaderMap),
    End,
}

impl More {
    /// Adds it to the message.
    pub(super) fn add(self, to: &mut Received) {
        match self {
            Self::Body(bytes) => to.body.extend_from_slice(&bytes),
            Self::Trailers(map) => to.trailers = wire::trailers(&map),
            Self::End => to.complete = true,
        }
    }
}

/// Receives the rest of a message; `false` where it breaks off.
pub(super) async fn receive(body: &mut RecvStream, take: &mut dyn FnMut(More)) -> bool {
    while let Some(chunk) = body.data().await {
        let Ok(bytes) = chunk else { return false };
        // Only room is given back; a peer that has gone does not want it.
        let _ = body.flow_control().release_capacity(bytes.len());
        take(More::Body(bytes));
    }
    match body.trailers().await {
        Ok(Some(map)) => take(More::Trailers(map)),
        Ok(None) => {}
        Err(_) => return false,
    }
    take(More::End);
    true
}
