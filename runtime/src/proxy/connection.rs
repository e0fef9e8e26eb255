//! A connection from a client, from its first bytes to its end: HTTP/1.1, or HTTP/2 by its preface.

use super::access_log;
use super::config::Codec;
use super::downstream::Downstream;
use super::http1::{self, Refusal, server::Next};
use super::http2::{self, ServerStream};
use super::listener::Listener;
use super::prefixed::Prefixed;
use super::relay::{Place, Relay, now_ns};
use super::reply::flags;
use super::slot::Slot;
use super::thread::Thread;
use super::timer::Timer;
use crate::body::Body;
use crate::exchange::{Exchange, Info};
use crate::headers::Headers;
use crate::host::ConnectionState;
use bytes::{Bytes, BytesMut};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How HTTP/2 connections with prior knowledge begin.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection that is not closed by the client's wish waits for the client to close it.
const DELAYED_CLOSE: Duration = Duration::from_secs(1);

/// Who talks to whom.
struct Peer {
    id: u64,
    remote: SocketAddr,
    local: SocketAddr,
    slot: Rc<Slot>,
    state: ConnectionState,
}

/// Serves a connection until it ends.
pub(super) async fn serve(
    thread: Rc<Thread>,
    listener: Rc<Listener>,
    mut io: TcpStream,
    remote: SocketAddr,
    id: u64,
) {
    let Ok(local) = io.local_addr() else { return };
    let _set = io.set_nodelay(true);
    let peer = Peer { id, remote, local, slot: Rc::default(), state: ConnectionState::default() };
    thread.add_connection(id, &peer.slot);
    listener.stats.connections.add(1);
    listener.stats.connections_active.add(1);
    let mut input = BytesMut::with_capacity(8 << 10);
    let greeting = greeting(&mut io, &mut input, listener.http.codec);
    let limit = listener.http.stream_idle_timeout.or(listener.http.idle_timeout);
    let greeted = tokio::time::timeout(limit.unwrap_or(Duration::MAX), greeting).await;
    match greeted {
        Ok(Some(Protocol::Http1)) => http1(&thread, &listener, &peer, io, input).await,
        Ok(Some(Protocol::Http2)) => http2(&thread, &listener, &peer, io, input).await,
        Ok(None) | Err(_) => {}
    }
    listener.stats.connections_active.subtract(1);
    thread.remove_connection(id);
}

enum Protocol {
    Http1,
    Http2,
}

/// Reads until the protocol is clear; nothing is consumed.
async fn greeting(io: &mut TcpStream, input: &mut BytesMut, codec: Codec) -> Option<Protocol> {
    match codec {
        Codec::Http1 => return Some(Protocol::Http1),
        Codec::Http2 => return Some(Protocol::Http2),
        Codec::Auto => {}
    }
    loop {
        if io.read_buf(input).await.ok()? == 0 {
            return None;
        }
        let common = input.iter().zip(PREFACE).take_while(|(got, wanted)| got == wanted).count();
        if common == PREFACE.len() {
            return Some(Protocol::Http2);
        } else if common < input.len() {
            return Some(Protocol::Http1);
        }
    }
}

async fn http1(thread: &Rc<Thread>, listener: &Rc<Listener>, peer: &Peer, io: TcpStream, input: BytesMut) {
    let mut server = http1::Server::new(io, input, listener.bounds());
    let mut timer = Timer::default();
    let clean = loop {
        match next(thread, listener, peer, &mut server, &mut timer).await {
            Next::Closed => break true,
            Next::Refused(refusal) => {
                listener.stats.protocol_errors.add(1);
                refuse(thread, listener, peer, &mut server, refusal).await;
                break false;
            }
            Next::Request(headers, end) => {
                let place = Place {
                    thread,
                    listener,
                    slot: &peer.slot,
                    timer: &mut timer,
                    connection: peer.id,
                    state: &peer.state,
                    remote: peer.remote,
                    local: peer.local,
                };
                Relay::run(place, Downstream::Http1(&mut server), headers, end).await;
            }
        }
        if !server.is_reusable() {
            break server.closes_at_once();
        }
    };
    if !clean {
        let _late = tokio::time::timeout(DELAYED_CLOSE, server.linger()).await;
    }
}

/// Waits for a request, not longer than the listener allows; ends at once when draining.
async fn next(
    thread: &Rc<Thread>,
    listener: &Listener,
    peer: &Peer,
    server: &mut http1::Server,
    timer: &mut Timer,
) -> Next {
    let since = Instant::now();
    std::future::poll_fn(|context| {
        if let Poll::Ready(next) = server.poll_next(context) {
            return Poll::Ready(next);
        }
        let _rung = peer.slot.take(context);
        if thread.is_draining() && !server.has_begun() {
            return Poll::Ready(Next::Closed);
        }
        let limit =
            if server.has_begun() { listener.http.stream_idle_timeout } else { listener.http.idle_timeout };
        let expired = timer.poll(context, limit.map(|limit| since + limit));
        expired.map(|()| if server.has_begun() { Next::Refused(Refusal::Timeout) } else { Next::Closed })
    })
    .await
}

/// Answers what is no request.
async fn refuse(
    thread: &Thread,
    listener: &Listener,
    peer: &Peer,
    server: &mut http1::Server,
    refusal: Refusal,
) {
    let (status, text) = refusal.answer();
    let mut headers: Headers = [
        (":status", status.to_string()),
        ("content-length", text.len().to_string()),
        ("content-type", "text/plain".to_owned()),
    ]
    .into_iter()
    .collect();
    super::headers::prepare_response(&mut headers, &listener.http, &thread.date.now());
    headers.append(Bytes::from_static(b"connection"), Bytes::from_static(b"close"));
    server.send_headers(&headers, false);
    server.send_body(Body::from(Bytes::from_static(text.as_bytes())), true);
    listener.stats.requests.add(1);
    listener.stats.responses.note(access_log::status(&headers));
    let now = now_ns();
    let info = Info {
        connection_id: peer.id,
        protocol: "HTTP/1.1",
        downstream_remote: Some(peer.remote),
        downstream_local: Some(peer.local),
        start_ns: now,
        end_ns: Some(now),
        code_details: "http1.codec_error".to_owned(),
        response_flags: flags::DOWNSTREAM_PROTOCOL_ERROR,
        response_bytes: text.len() as u64,
        ..Info::default()
    };
    let mut exchange = Exchange { info, ..Exchange::default() };
    exchange.response.headers = Some(headers);
    listener.log(&exchange);
    let flush = std::future::poll_fn(|context| server.poll_flush(context));
    let _written = tokio::time::timeout(DELAYED_CLOSE, flush).await;
}

async fn http2(thread: &Rc<Thread>, listener: &Rc<Listener>, peer: &Peer, io: TcpStream, input: BytesMut) {
    let Ok(mut connection) = http2::server::settings().handshake::<_, Bytes>(Prefixed::new(input, io)).await
    else {
        listener.stats.protocol_errors.add(1);
        return;
    };
    let mut leaving = false;
    loop {
        let accepted = std::future::poll_fn(|context| {
            let _rung = peer.slot.take(context);
            if thread.is_draining() && !std::mem::replace(&mut leaving, true) {
                connection.graceful_shutdown();
            }
            connection.poll_accept(context)
        });
        match accepted.await {
            None => return,
            Some(Err(_)) => {
                listener.stats.protocol_errors.add(1);
                return;
            }
            Some(Ok((request, respond))) => {
                let bounds = listener.bounds();
                let accepted = ServerStream::accept(request, respond, bounds.bytes, bounds.headers);
                if let Some((stream, headers, end)) = accepted {
                    let (thread, listener) = (Rc::clone(thread), Rc::clone(listener));
                    let (id, remote, local) = (peer.id, peer.remote, peer.local);
                    let state = peer.state.clone();
                    tokio::task::spawn_local(async move {
                        let (slot, mut timer) = (Rc::default(), Timer::default());
                        let place = Place {
                            thread: &thread,
                            listener: &listener,
                            slot: &slot,
                            timer: &mut timer,
                            connection: id,
                            state: &state,
                            remote,
                            local,
                        };
                        Relay::run(place, Downstream::Http2(stream), headers, end).await;
                    });
                }
            }
        }
    }
}
