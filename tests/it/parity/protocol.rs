//! Without filters: routes, local replies, limits, hop-by-hop headers, and what peers do wrong.

use serde_json::json;

use super::exchanges::{Exchange, common, get, http1, http2};
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::listener;

fn requests() -> Vec<Exchange> {
    let many = |count| (0..count).map(|index| format!("x-{index}: 1\n")).collect::<String>();
    let long = |count| format!("x-long: {}\n", "a".repeat(count));
    let forwarded = "X-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https\nX-Forwarded-Host: fh\nX-Request-Id: my-id\nX-Envoy-Internal: \
                     true\nX-Envoy-External-Address: 9.9.9.9\nX-Envoy-Upstream-Rq-Timeout-Ms: 5000\nX-Envoy-Max-Retries: \
                     2\nX-Envoy-Retry-On: 5xx\nX-Envoy-Foo: 1\nX-Envoy-Original-Path: /o\nX-Envoy-Attempt-Count: \
                     3\nX-Envoy-Decorator-Operation: op\nX-Client-Trace-Id: 1\nServer: me\nForwarded: for=1\n";
    let hop_by_hop = "Connection: keep-alive, X-Drop\nX-Drop: 1\nKeep-Alive: 5\nProxy-Connection: keep-alive\nTE: trailers\nTrailer: \
                      x\nProxy-Authorization: Basic x\nVia: 1.0 me\n";
    vec![
        get("odd path", "/echo/a%2fb/../c//d?x=1&y=%20", ""),
        http1("POST without length", "POST /echo HTTP/1.1\nHost: example.com\n\n"),
        http1("POST of nothing", "POST /echo HTTP/1.1\nHost: example.com\nContent-Length: 0\n\n"),
        http1(
            "POST of no chunks",
            "POST /echo HTTP/1.1\nHost: example.com\nTransfer-Encoding: chunked\n\n0\n\n",
        ),
        http1("GET with body", "GET /echo HTTP/1.1\nHost: example.com\nContent-Length: 3\n\nabc"),
        http1(
            "request trailers",
            "POST /echo HTTP/1.1\nHost: example.com\nTransfer-Encoding: chunked\n\n3\nabc\n0\nX-T: 1\n\n",
        ),
        http1("OPTIONS", "OPTIONS /echo HTTP/1.1\nHost: example.com\n\n"),
        http1("absolute form", "GET http://abs.example:81/echo?q HTTP/1.1\nHost: example.com\n\n"),
        http1("HEAD of a direct response", "HEAD /direct HTTP/1.1\nHost: example.com\n\n"),
        http1(
            "no route for a POST",
            "POST /none HTTP/1.1\nHost: nothing.example\nContent-Length: 5\n\nabcde",
        ),
        get("exact path, rewritten", "/exact?x=1", ""),
        get("route by header", "/by-header", "X-Route: tea\n"),
        get("route by header, other value", "/by-header", "X-Route: coffee\n"),
        get("no endpoint", "/empty", ""),
        get("upstream is silent", "/silent", ""),
        get("upstream resets", "/reset", ""),
        get("upstream breaks off", "/broken", ""),
        get("upstream breaks off chunks", "/broken-chunks", ""),
        get("upstream talks garbage", "/garbage", ""),
        get("upstream sends 105 headers", "/many-headers", ""),
        get("upstream sends two lengths", "/two-lengths", ""),
        get("upstream sends a bad length", "/bad-length", ""),
        get("204 with length", "/no-content-length", ""),
        get("304", "/not-modified", ""),
        get("hop-by-hop response headers", "/hop-by-hop", ""),
        get("upstream's own headers", "/own", ""),
        get("response trailers", "/trailers", ""),
        get("early hints", "/early-hints", ""),
        get("HTTP/1.0 response", "/old", ""),
        get("closing upstream", "/closing", ""),
        get("503 of the upstream", "/unavailable", ""),
        http1("garbage", "hello world\n\n"),
        http1("no host", "GET /echo HTTP/1.1\n\n"),
        get("header over 60 KiB", "/echo", &long(62_000)),
        get("header below 60 KiB", "/echo", &long(60_000)),
        get("101 headers", "/echo", &many(100)),
        get("100 headers", "/echo", &many(99)),
        get("header line without colon", "/echo", "no colon here\n"),
        get("space before colon", "/echo", "x-a : 1\n"),
        get("underscore", "/echo", "x_under: 1\n"),
        http1("space in path", "GET /echo a HTTP/1.1\nHost: example.com\n\n"),
        http1("fragment", "GET /echo#a HTTP/1.1\nHost: example.com\n\n"),
        http1("path without slash", "GET echo HTTP/1.1\nHost: example.com\n\n"),
        http1("unknown method", "BREW /echo HTTP/1.1\nHost: example.com\n\n"),
        http1(
            "two lengths",
            "POST /echo HTTP/1.1\nHost: a\nContent-Length: 3\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n",
        ),
        http1("bad length", "POST /echo HTTP/1.1\nHost: example.com\nContent-Length: x\n\nabc"),
        http1("unknown coding", "POST /echo HTTP/1.1\nHost: example.com\nTransfer-Encoding: gzip\n\nabc"),
        http1("HTTP/1.0", "GET /echo HTTP/1.0\nHost: example.com\n\n"),
        get("connection: close", "/echo", "Connection: close\n"),
        get("connection: keep-alive", "/echo", "Connection: keep-alive\n"),
        http1(
            "expect",
            "POST /echo HTTP/1.1\nHost: example.com\nExpect: 100-continue\nContent-Length: 5\n\nabcde",
        ),
        get("upgrade to websocket", "/echo", "Connection: Upgrade\nUpgrade: websocket\n"),
        get(
            "upgrade to h2c",
            "/echo",
            "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n",
        ),
        get("hop-by-hop request headers", "/echo", hop_by_hop),
        get("te with more than trailers", "/echo", "Connection: TE\nTE: trailers, deflate\n"),
        get("headers of proxies", "/echo", forwarded),
        get("x-forwarded-proto", "/echo", "X-Forwarded-Proto: http\n"),
        get("x-request-id", "/echo", "X-Request-Id: my-id\n"),
        http2("chunked response", &["http://ADDRESS/chunked"]),
        http2("hop-by-hop response headers", &["http://ADDRESS/hop-by-hop"]),
        http2("connection refused", &["http://ADDRESS/refused"]),
        http2("upstream breaks off", &["http://ADDRESS/broken"]),
        http2("cookies", &["http://ADDRESS/echo", "--cookie", "a=1; b=2", "--header", "x-a: 1"]),
        http2("204", &["http://ADDRESS/no-content"]),
    ]
}

#[test]
fn without_filters_clients_and_upstreams_see_what_they_see_with_envoy() {
    let listeners = [
        listener("plain", &[], &routes(), &json!({})),
        listener("remote", &[], &routes(), &json!({"use_remote_address": true})),
    ];
    let Some(pair) = Pair::start("parity-protocol", &listeners) else { return };
    let mut differences = pair.compare("plain", &common());
    differences.extend(pair.compare("plain", &requests()));
    differences.extend(pair.compare("remote", &common()));
    differences.extend(pair.compare("remote", &requests()));
    assert_same(&differences);
}
