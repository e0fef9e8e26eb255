//! A filter of the SDK, once for each thing that a filter can do, is sent what every filter is sent.

use serde_json::json;

use super::exchanges::{common, get, http1, post};
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;

/// What the guest is told to do, and whether the proxy lets it read bodies while it holds headers.
const ACTS: &[(&str, bool)] = &[
    ("edit_headers", false),
    ("fail_before_next", false),
    ("fail_at_response", false),
    ("fail_in_request_body", false),
    ("fail_in_response_body", false),
    ("pass_on_error", false),
    ("reply_before_next", false),
    ("reply_at_response", false),
    ("call_before_next", false),
    ("call_before_next", true),
    ("call_at_response", false),
    ("map_bodies", false),
    ("keep_back", false),
    ("read_request", false),
    ("read_request", true),
    ("read_properties", false),
    ("read_response", false),
    ("read_response", true),
    ("gate_open", false),
    ("gate_open", true),
    ("gate_reply", false),
    ("gate_call", false),
    ("gate_call", true),
    ("append_bodies", false),
    ("trailers", false),
];

fn name(act: &str, hold: bool) -> String {
    if hold { format!("{act}, headers held") } else { act.to_owned() }
}

/// Whether an exchange tells something about what the guest does.
fn tells(act: &str, exchange: &str) -> bool {
    match act {
        // While the client still sends, the end of the stream races with the reply.
        "fail_before_next" | "reply_before_next" | "fail_in_request_body" => exchange != "POST, HTTP/2",
        // A connection that was reset lingers for a second.
        "fail_in_response_body" => {
            ["GET", "HEAD", "POST, large", "response without body"].contains(&exchange)
        }
        // The proxy answers while the call is under way: the service may see it later.
        "gate_call" => !["no route", "connection refused", "direct response"].contains(&exchange),
        _ => true,
    }
}

#[test]
fn a_filter_of_the_sdk_acts_as_it_does_in_envoy() {
    let listeners: Vec<_> = ACTS
        .iter()
        .map(|(act, hold)| {
            let name = name(act, *hold);
            let mut filter = Filter::new(&name, &guest("sdk"), &json!({"act": act}).to_string());
            filter.hold_headers = *hold;
            if *hold {
                filter.environment = vec![("MESH_FILTER_HOLD_HEADERS", "1")];
            }
            listener(&name, &[filter], &routes(), &json!({}))
        })
        .collect();
    let Some(pair) = Pair::start("parity-sdk", &listeners) else { return };
    let mut exchanges = common();
    exchanges.push(get("trailers", "/trailers", ""));
    exchanges.push(get("early hints", "/early-hints", ""));
    exchanges.push(get("upstream resets", "/reset", ""));
    exchanges.push(get("response breaks off", "/broken", ""));
    exchanges.push(post("empty body", "/echo", ""));
    exchanges.push(http1(
        "request trailers",
        "POST /echo HTTP/1.1\nHost: example.com\nTransfer-Encoding: chunked\n\n3\nabc\n0\nx-t: 1\n\n",
    ));
    let mut differences = Vec::new();
    for (act, hold) in ACTS {
        for exchange in exchanges.iter().filter(|exchange| tells(act, &exchange.name)) {
            differences.extend(pair.difference(&name(act, *hold), exchange));
        }
    }
    assert_same(&differences);
}
