//! HTTP/2 on both sides.

use crate::support::{Peer, address, answering, proxy};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::thread;
use tokio::net::{TcpListener, TcpStream};

const ALL: &str = r#"{match: {prefix: "/"}, route: {cluster: up}}"#;

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(crate::support::PATIENCE, test).await.unwrap() })
}

/// An upstream that sends body and trailers back.
fn mirror() -> SocketAddr {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = TcpListener::from_std(socket).unwrap();
            while let Ok((io, _)) = socket.accept().await {
                tokio::spawn(async {
                    let mut connection = h2::server::handshake(io).await.unwrap();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        tokio::spawn(async move {
                            let mut body = request.into_body();
                            let mut send = respond.send_response(Response::new(()), false).unwrap();
                            while let Some(Ok(data)) = body.data().await {
                                body.flow_control().release_capacity(data.len()).unwrap();
                                send.send_data(data, false).unwrap();
                            }
                            let trailers = body.trailers().await.unwrap().unwrap_or_default();
                            send.send_trailers(trailers).unwrap();
                        });
                    }
                });
            }
        });
    });
    address
}

async fn client(address: SocketAddr) -> h2::client::SendRequest<Bytes> {
    let io = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(io).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

fn request(path: &str) -> Request<()> {
    Request::post(format!("http://test{path}")).body(()).unwrap()
}

async fn collect(body: &mut h2::RecvStream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        all.extend_from_slice(&data);
    }
    all
}

#[test]
fn bodies_larger_than_any_window_and_trailers_pass_both_ways() {
    let server = proxy(&[ALL], &[("up", &[mirror()], true)]);
    let large = Bytes::from(vec![7; 3 << 20]);
    run(async {
        let mut client = client(address(&server)).await;
        let (response, mut send) = client.send_request(request("/"), false).unwrap();
        let mut rest = large.clone();
        let sending = tokio::spawn(async move {
            while !rest.is_empty() {
                send.reserve_capacity(rest.len());
                let room = poll_fn(|context| send.poll_capacity(context)).await.unwrap().unwrap();
                send.send_data(rest.split_to(room.min(rest.len())), false).unwrap();
            }
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", "7".parse().unwrap());
            send.send_trailers(trailers).unwrap();
        });
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["server"], "envoy");
        let mut body = response.into_body();
        assert!(collect(&mut body).await == large, "the body is the same");
        assert_eq!(body.trailers().await.unwrap().unwrap()["x-sum"], "7");
        sending.await.unwrap();
    });
}

#[test]
fn many_streams_share_one_connection_to_an_upstream_of_the_other_protocol() {
    let server = proxy(&[ALL], &[("up", &[answering("ok")], false)]);
    run(async {
        let mut client = client(address(&server)).await;
        let mut responses = Vec::new();
        for number in 0..20 {
            client = client.ready().await.unwrap();
            responses.push(client.send_request(request(&format!("/{number}")), true).unwrap().0);
        }
        for response in responses {
            let mut body = response.await.unwrap().into_body();
            assert_eq!(collect(&mut body).await, b"ok");
        }
    });
}

#[test]
fn a_local_reply_before_the_request_has_ended_arrives() {
    let server = proxy(
        &[r#"{match: {path: "/teapot"}, direct_response: {status: 418, body: {inline_string: "tea"}}}"#],
        &[],
    );
    run(async {
        let mut client = client(address(&server)).await;
        for (path, status) in [("/nowhere", 404), ("/teapot", 418)] {
            client = client.ready().await.unwrap();
            let (response, _unfinished) = client.send_request(request(path), false).unwrap();
            assert_eq!(response.await.unwrap().status(), status, "{path}");
        }
    });
}

#[test]
fn an_http1_client_reaches_an_http2_upstream() {
    let server = proxy(&[ALL], &[("up", &[mirror()], true)]);
    let mut client = Peer::connect(address(&server));
    client.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nabcde");
    assert!(client.head().contains("transfer-encoding: chunked\n"));
    assert_eq!(client.body(15), "5\r\nabcde\r\n0\r\n\r\n");
}
