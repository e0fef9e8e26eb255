//! A filter of the SDK calls gRPC methods: what it is told of each kind of answer, and what the upstream gets to see.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;

use super::exchanges::{Exchange, get};
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;
use crate::support::client::exchange;
use crate::support::grpc::METHODS;

const ACTS: [&str; 4] = ["unary", "stream", "typed", "give_up"];

#[test]
fn grpc_calls_of_the_sdk_end_as_they_do_in_envoy() {
    let listeners = ACTS.map(|act| {
        let filter = Filter::new(act, &guest("sdk_grpc"), &json!({"act": act}).to_string());
        listener(act, &[filter], &routes(), &json!({}))
    });
    let Some(pair) = Pair::start("parity-sdk-grpc", &listeners) else { return };
    let methods = || METHODS.iter().map(|method| get(method, &format!("/{method}"), ""));
    let to = |cluster| get(cluster, "/ok", &format!("x-cluster: {cluster}\n"));
    // The last two are names that are messages of protobuf, too.
    let failing = || ["nowhere", "empty", "users"].map(to);
    let silent = || get("silent", "/silent", "x-timeout: 300\n");
    let many: Vec<Exchange> =
        methods().chain(failing()).chain([silent(), get("echo", "/echo", "")]).collect();
    let mut found = pair.compare("unary", &many);
    found.extend(pair.compare("stream", &many));
    found.extend(pair.compare("typed", &["echo", "ok"].map(|method| get(method, &format!("/{method}"), ""))));
    found.extend(pair.compare("give_up", &[get("hold", "/hold", "")]));
    assert_same(&found);

    // Both could be wrong alike; a few replies are known.
    for (act, path, header, expected) in [
        ("unary", "/ok", "", "message hello\nmetadata {}\n"),
        (
            "unary",
            "/silent",
            "x-timeout: 300",
            "DEADLINE_EXCEEDED: `a.Service/silent` of cluster `grpc` was not over within 300ms\n",
        ),
        (
            "unary",
            "/trailers_only",
            "",
            "PERMISSION_DENIED: `a.Service/trailers_only` of cluster `grpc` ended with PERMISSION_DENIED: no entry\n",
        ),
        (
            "unary",
            "/ok",
            "x-cluster: nowhere",
            "UNAVAILABLE: `a.Service/ok` of cluster `nowhere` cannot be called: the proxy has no such cluster\n",
        ),
        ("typed", "/echo", "", "ask\none\ntwo\n"),
        ("give_up", "/hold", "", ""),
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: a\r\n{header}{}\r\n",
            if header.is_empty() { "" } else { "\r\n" }
        );
        let reply = exchange(pair.ours.host.listener(act), request.as_bytes()).unwrap();
        let shown = reply.shown();
        assert!(shown.trim_end().ends_with(&expected.replace('\n', "\\n")), "{act} {path}: {shown}");
    }
}

#[test]
fn calls_and_streams_of_the_sdk_end_with_the_exchange_that_waits_for_them() {
    let filter = Filter::new("wait", &guest("sdk_grpc"), &json!({"act": "wait"}).to_string());
    let listeners = [listener("wait", &[filter], &routes(), &json!({}))];
    let Some(pair) = Pair::start("parity-sdk-grpc-wait", &listeners) else { return };
    for world in [&pair.envoy, &pair.ours] {
        let notes = |count| {
            let mut notes: Vec<_> = (0..count).filter_map(|_| world.grpc.next()).collect();
            notes.sort();
            notes.join("\n")
        };
        let mut client = TcpStream::connect(world.host.listener("wait")).unwrap();
        client.write_all(b"GET /watch_both HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let begun = "watch_both ended\nwatch_both opened\nwatch_both opened\nwatch_both sent ask\nwatch_both sent one";
        assert_eq!(notes(5), begun);
        drop(client);
        assert_eq!(notes(2), "watch_both reset INTERNAL_ERROR\nwatch_both reset INTERNAL_ERROR");
    }
}
