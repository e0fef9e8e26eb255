//! Each guest plugin, in a listener of its own, is sent what every filter is sent.

use serde_json::json;

use super::exchanges::{Exchange, common, get, http1, post};
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;

/// A listener: its name, and the guests of its chain with their settings.
type Chain = (&'static str, &'static [(&'static str, &'static str)]);

const CHAINS: &[Chain] = &[
    ("noop", &[("noop", "")]),
    ("headers", &[("headers", HEADERS)]),
    ("headers reversed", &[("headers", "request reverse\nresponse reverse")]),
    (
        "chain",
        &[
            ("headers", "request set x-one 1\nresponse add x-seen one"),
            ("headers", "request set x-two 2\nresponse add x-seen two"),
        ],
    ),
    (
        "reply to request headers",
        &[("local_reply", "in request_headers\nstatus 403\nbody no entry\nheader x-why rule")],
    ),
    ("reply to request body", &[("local_reply", "in request_body\nstatus 413\nbody too much")]),
    ("reply to response headers", &[("local_reply", "in response_headers\nstatus 502\nbody replaced")]),
    (
        "reply without body",
        &[("local_reply", "in request_headers\nstatus 401\nheader www-authenticate Basic")],
    ),
    (
        "reply in a chain",
        &[
            ("headers", "response add x-outer 1"),
            ("local_reply", "in request_headers"),
            ("headers", "response add x-inner 1"),
        ],
    ),
    ("grpc reply", &[("local_reply", "in request_headers\ngrpc 7")]),
    ("callout", &[("callout", "cluster callee\npath /\nheader x-cohort")]),
    ("callout, chunked", &[("callout", "cluster callee\npath /chunked\nheader x-cohort")]),
    ("callout, error", &[("callout", "cluster callee\npath /error\nheader x-cohort")]),
    ("callout, reset", &[("callout", "cluster callee\npath /reset\nheader x-cohort")]),
    ("callout, slow", &[("callout", "cluster callee\npath /silent\ntimeout 50\nheader x-cohort")]),
    ("callout, refused", &[("callout", "cluster refused\nheader x-cohort")]),
    ("callout, empty", &[("callout", "cluster empty\nheader x-cohort")]),
    ("callout, unknown", &[("callout", "cluster nowhere\nheader x-cohort")]),
    ("callout in response", &[("callout", "cluster callee\nin response\nheader x-cohort")]),
    ("body replaced", &[("body", "request replace new request\nresponse replace new response")]),
    ("body held", &[("body", "request hold\nresponse hold")]),
    ("body streamed", &[("body", "request upper\nresponse upper")]),
    (
        "body framed",
        &[("body", "request prepend <<\nrequest append >>\nresponse prepend [[\nresponse append ]]")],
    ),
    ("trailers", &[("trailers", "request x-t 1\nresponse x-t 1")]),
    ("shared data", &[("shared_data", "key count")]),
    ("metrics", &[("metrics", "")]),
    ("trap in request headers", &[("trap", "in request_headers")]),
    ("trap in response headers", &[("trap", "in response_headers")]),
];

const HEADERS: &str = "request add x-added 1\nrequest add x-added 2\nrequest set x-rep one\nrequest set x-new 3\nrequest remove cookie
request remove x-not-there\nrequest set :path /set\nrequest set :authority other.example\nresponse set content-type text/changed
response add set-cookie c=3\nresponse remove x-empty\nresponse set server mine\nresponse add X-Upper-Name v";

/// Requests that some guests tell apart.
fn more() -> Vec<Exchange> {
    vec![
        get("in request headers", "/echo", "X-In: request_headers\n"),
        get("in response headers", "/echo", "X-In: response_headers\n"),
        get("in response body", "/echo", "X-In: response_body\n"),
        post("empty body", "/echo", ""),
        http1(
            "gRPC request",
            "POST /echo HTTP/1.1\nHost: example.com\nContent-Type: application/grpc\nContent-Length: 5\n\nabcde",
        ),
    ]
}

#[test]
fn guests_act_as_they_do_in_envoy() {
    let chains: Vec<_> = CHAINS
        .iter()
        .map(|(name, guests)| {
            let filter = |(index, (module, settings)): (usize, &(&str, &str))| {
                Filter::new(&format!("{name} {index}"), &guest(module), settings)
            };
            let filters: Vec<_> = guests.iter().enumerate().map(filter).collect();
            listener(name, &filters, &routes(), &json!({}))
        })
        .collect();
    let Some(pair) = Pair::start("parity-guests", &chains) else { return };
    let exchanges: Vec<_> = common().into_iter().chain(more()).collect();
    let differences: Vec<_> = CHAINS.iter().flat_map(|(name, _)| pair.compare(name, &exchanges)).collect();
    assert_same(&differences);
}
