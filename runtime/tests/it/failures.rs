//! Peers that leave, are late, or are not there.

use crate::support::{Peer, address, answering, proxy, upstream};
use socket2::{Domain, Socket, Type};
use std::sync::LazyLock;

const ROUTES: &[&str] = &[
    r#"{match: {path: "/late"}, route: {cluster: up, timeout: 0.05s}}"#,
    r#"{match: {path: "/dead"}, route: {cluster: dead}}"#,
    r#"{match: {prefix: "/up"}, route: {cluster: up}}"#,
];

/// An address that refuses: its port is taken, so nobody else is given it, and nobody listens.
fn refusing() -> std::net::SocketAddr {
    static SOCKET: LazyLock<Socket> = LazyLock::new(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket
    });
    SOCKET.local_addr().unwrap().as_socket().unwrap()
}

#[test]
fn a_late_upstream_gives_504_and_loses_its_connection() {
    let (endpoint, connections) = upstream();
    let server = proxy(ROUTES, &[("up", &[endpoint], false), ("dead", &[refusing()], false)]);
    let mut client = Peer::connect(address(&server));
    let (status, _, body) = client.get("/late");
    assert_eq!((status, body.as_str()), (504, "upstream request timeout"));
    let mut peer = connections.recv().unwrap();
    assert!(!peer.head().is_empty());
    assert_eq!(peer.rest(), "");
}

#[test]
fn no_route_and_no_upstream_leave_the_connection_usable() {
    let endpoint = answering("ok");
    let server = proxy(ROUTES, &[("up", &[endpoint], false), ("dead", &[refusing()], false)]);
    let mut client = Peer::connect(address(&server));
    assert_eq!(client.get("/nowhere").0, 404);
    let (status, _, body) = client.get("/dead");
    assert_eq!(status, 503);
    assert!(body.ends_with("reset reason: remote connection failure"), "{body}");
    assert_eq!(client.get("/up").2, "ok");
}

#[test]
fn a_client_that_leaves_takes_its_upstream_request_with_it() {
    let (endpoint, connections) = upstream();
    let server = proxy(ROUTES, &[("up", &[endpoint], false), ("dead", &[refusing()], false)]);
    let mut client = Peer::connect(address(&server));
    client.send("POST /up HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nabc");
    let mut peer = connections.recv().unwrap();
    assert!(!peer.head().is_empty());
    assert_eq!(peer.body(3), "abc");
    drop(client);
    assert_eq!(peer.rest(), "", "the upstream connection ends");
}

#[test]
fn an_upstream_that_breaks_off_ends_the_response_early() {
    let (endpoint, connections) = upstream();
    let server = proxy(ROUTES, &[("up", &[endpoint], false), ("dead", &[refusing()], false)]);
    let mut client = Peer::connect(address(&server));
    client.send("GET /up HTTP/1.1\r\nhost: test\r\n\r\n");
    let mut peer = connections.recv().unwrap();
    peer.head();
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    assert!(client.head().starts_with("HTTP/1.1 200"));
    drop(peer);
    assert_eq!(client.rest(), "abc", "and then the connection ends");
}

#[test]
fn garbage_is_refused_and_others_are_served() {
    let endpoint = answering("ok");
    let server = proxy(ROUTES, &[("up", &[endpoint], false), ("dead", &[refusing()], false)]);
    for garbage in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET /up HTTP/1.1\r\nhost\r\n\r\n"] {
        let mut client = Peer::connect(address(&server));
        client.send(garbage);
        assert_eq!(client.response().0, 400, "{garbage:?}");
    }
    assert_eq!(Peer::connect(address(&server)).get("/up").2, "ok");
}
