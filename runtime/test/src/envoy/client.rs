//! The client of an exchange: a connection of its own to Envoy, which speaks HTTP/2.

use super::serve::{WINDOW, receive};
use super::shared::{Exchange, Shared};
use super::wire;
use crate::scenario::portable::{ADDRESSES, address};
use crate::sim::{Plan, Properties};
use crate::traffic::Piece;
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

/// A connection to Envoy.
pub(super) struct Line {
    sender: SendRequest<Bytes>,
    /// Our port, by which the upstream knows the exchange.
    port: u16,
}

/// Begins to speak HTTP/2 on a connection, whose addresses may be those that these properties give.
pub(super) async fn line(mut stream: TcpStream, properties: &Properties) -> Result<Line, String> {
    let port = stream.local_addr().map_err(failed)?.port();
    if let Some(preface) = preface(properties, &stream) {
        stream.write_all(preface.as_bytes()).await.map_err(failed)?;
    }
    let mut builder = Builder::new();
    builder.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let (sender, connection) = builder.handshake::<_, Bytes>(stream).await.map_err(failed)?;
    // How it ends, its stream tells.
    spawn_local(async move { connection.await.is_ok() });
    Ok(Line { sender, port })
}

/// Sends the head of a request on a new connection; returns the number of its exchange.
pub(super) async fn open(shared: &Rc<Shared>, stream: TcpStream, plan: Plan) -> Result<usize, String> {
    // What HTTP/2 cannot carry is not begun.
    wire::request(&plan.request)?;
    let line = line(stream, &plan.properties).await?;
    send(shared, &line, plan).await
}

/// Sends the head of a request; returns the number of its exchange, which is the only one of its connection.
pub(super) async fn send(shared: &Rc<Shared>, line: &Line, plan: Plan) -> Result<usize, String> {
    let Plan { request, upstream, chunking, .. } = plan;
    let head = wire::request(&request)?;
    let sent = request.headers.clone();
    let mut pieces = request.pieces(chunking);
    let end = matches!(pieces.pop_front(), Some(Piece::Headers(_, true)));
    let index = {
        let mut exchanges = shared.exchanges.borrow_mut();
        exchanges.push(Exchange {
            sent,
            behaviour: upstream,
            chunking,
            upstream: None,
            response: None,
            answered: None,
            reset: false,
            done: false,
        });
        exchanges.len() - 1
    };
    shared.ports.borrow_mut().insert(line.port, index);
    let mut sender = line.sender.clone().ready().await.map_err(failed)?;
    let (response, stream) = sender.send_request(head, end).map_err(failed)?;
    spawn_local(take(Rc::clone(shared), response, index));
    if !pieces.is_empty() {
        shared.wait_to_send(stream, pieces);
    }
    Ok(index)
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("Envoy takes no request: {error}")
}

/// The line by which a proxy before this one tells the client's address, where the test gives one.
fn preface(properties: &Properties, stream: &TcpStream) -> Option<String> {
    let [source, destination] = ADDRESSES.map(|path| {
        let value = properties.get(path)?.as_ref()?;
        address(value)
    });
    if source.is_none() && destination.is_none() {
        return None;
    }
    // Both are of one family.
    let v6 = source.or(destination).is_some_and(|address| address.is_ipv6());
    let own = |real: std::io::Result<SocketAddr>| {
        let mut address = real.unwrap_or_else(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if v6 {
            address.set_ip(Ipv6Addr::LOCALHOST.into());
        }
        address
    };
    let source = source.unwrap_or_else(|| own(stream.local_addr()));
    let destination = destination.unwrap_or_else(|| own(stream.peer_addr()));
    let family = if v6 { "TCP6" } else { "TCP4" };
    let (from, to) = (source.ip(), destination.ip());
    Some(format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port()))
}

/// Takes down what comes back.
async fn take(shared: Rc<Shared>, response: ResponseFuture, index: usize) {
    let whole = match response.await {
        Ok(response) => {
            let (head, mut body) = response.into_parts();
            let mut received = wire::received_response(&head);
            shared.exchange(index, |exchange| {
                wire::strip_response(&mut received, exchange.answered.as_ref());
                exchange.response = Some(received);
            });
            let mut add = |more: super::serve::More| {
                shared.exchange(index, |exchange| {
                    exchange.response.as_mut().map(|response| more.add(response))
                });
            };
            receive(&mut body, &mut add).await
        }
        Err(_) => false,
    };
    shared.exchange(index, |exchange| {
        exchange.reset = !whole;
        exchange.done = true;
    });
}
