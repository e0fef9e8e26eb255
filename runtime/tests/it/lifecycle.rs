//! Connections from their beginning to the drain.

use crate::support::{Peer, address, answering, header, proxy, upstream};
use mesh_filter_runtime::proxy::echo::Echo;
use std::thread;

const ALL: &str = r#"{match: {prefix: "/"}, route: {cluster: up}}"#;

#[test]
fn connections_on_both_sides_carry_many_requests() {
    let (endpoint, connections) = upstream();
    let server = proxy(&[ALL], &[("up", &[endpoint], false)]);
    let mut client = Peer::connect(address(&server));
    client.send("GET /1 HTTP/1.1\r\nhost: test\r\n\r\nGET /2 HTTP/1.1\r\nhost: test\r\n\r\n");
    let mut peer = connections.recv().unwrap();
    for path in ["/1", "/2"] {
        assert!(peer.head().starts_with(&format!("GET {path} ")), "on the same connection");
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        assert_eq!(client.response().2, "ok");
    }
}

#[test]
fn a_connection_that_the_upstream_closed_while_idle_is_not_used_again() {
    let (endpoint, connections) = upstream();
    let server = proxy(&[ALL], &[("up", &[endpoint], false)]);
    let mut client = Peer::connect(address(&server));
    for _ in 0..3 {
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
        let mut peer = connections.recv().unwrap();
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(client.response().0, 200);
        drop(peer);
    }
}

#[test]
fn endpoints_are_used_in_turn() {
    let endpoints = [answering("one"), answering("two")];
    let server = proxy(&[ALL], &[("up", &endpoints, false)]);
    let mut client = Peer::connect(address(&server));
    let bodies: Vec<_> = (0..4).map(|_| client.get("/").2).collect();
    assert_eq!(bodies, ["one", "two", "one", "two"]);
}

#[test]
fn draining_closes_idle_connections_and_lets_open_exchanges_end() {
    let (endpoint, connections) = upstream();
    let server = proxy(&[ALL], &[("up", &[endpoint], false)]);
    let listening = address(&server);
    let mut idle = Peer::connect(listening);
    let mut busy = Peer::connect(listening);
    idle.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    let mut peer = connections.recv().unwrap();
    peer.head();
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(idle.response().0, 200);
    busy.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
    assert!(!peer.head().is_empty(), "the exchange is open");

    let stopping = thread::spawn(move || server.stop());
    assert_eq!(idle.rest(), "", "the idle connection ends");
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let (status, head, body) = busy.response();
    assert_eq!((status, body.as_str()), (200, "ok"));
    assert_eq!(header(&head, "connection"), Some("close"));
    drop(busy);
    stopping.join().unwrap();
    assert!(std::net::TcpStream::connect(listening).is_err(), "nobody listens any more");
}

#[test]
fn the_echo_upstream_tells_what_arrived() {
    let echo = Echo::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = proxy(&[ALL], &[("up", &[echo.address()], false)]);
    let mut client = Peer::connect(address(&server));
    client.send("POST /a?b=c HTTP/1.1\r\nhost: test\r\nx-own: 1\r\ncontent-length: 3\r\n\r\nabc");
    let (status, _, body) = client.response();
    assert_eq!(status, 200);
    for part in [r#""method": "POST""#, r#""path": "/a?b=c""#, r#""x-own": "1""#, r#""body": "abc""#] {
        assert!(body.contains(part), "{part} in {body}");
    }
    client.send("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nabcde");
    assert_eq!(client.response().2, "abcde");
}
