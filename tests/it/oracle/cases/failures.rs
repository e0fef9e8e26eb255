//! Traps in every phase, and what the failure policy makes of them.

use serde_json::{Value, json};

use super::super::case::{Case, Ends, Exchange, case};
use crate::support::http2::Http2Request;

/// Callbacks that an exchange goes through without a plugin's doing.
const CALLBACKS: [&str; 10] = [
    "context_create stream",
    "request_headers",
    "request_body",
    "request_trailers",
    "response_headers",
    "response_body",
    "response_trailers",
    "log",
    "done",
    "delete",
];

const POLICIES: [&str; 3] = ["FAIL_CLOSED", "FAIL_OPEN", "FAIL_RELOAD"];

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for policy in POLICIES {
        let name = |what: &str| format!("failures/{policy}-{what}").to_lowercase().replace(['_', ' '], "-");
        for callback in CALLBACKS {
            all.push(
                case(&name(callback), &format!("{callback}:\n  trap\n"))
                    .option(options(policy))
                    .then("")
                    .ends(Ends::Dies(0))
                    .http2(with_trailers())
                    .get("/echo"),
            );
        }
        // The plugin behind tells when an exchange is over; the client of one that waits for ever goes away.
        let waiting = |what: &str, program: &str, seen: &'static str| {
            case(&name(what), "")
                .then(program)
                .option(options(policy))
                .ends(Ends::Dies(1))
                .exchange(Exchange::get("/echo", "").awaits(seen).hangs_up())
                .get("/echo")
        };
        all.push(waiting(
            "in-a-callout's-answer",
            "request_headers:\n  CALL\n  return 1\nhttp_call_response:\n  trap\n",
            "http_call_response",
        ));
        all.push(waiting(
            "in-a-callout's-answer-for-the-stream",
            "request_headers:\n  CALL\n  return 1\nhttp_call_response:\n  set_effective_context $stream\n  trap\n",
            "http_call_response",
        ));
        all.push(waiting(
            "while-a-callout-waits",
            "
            request_headers:
              http_call 'callee' {':method'='GET', ':path'='/hold', ':authority'='callee'} '' '' 10000 &number
              set_tick_period_milliseconds 1
              return 1
            tick:
              trap
            ",
            "(root) 1 tick",
        ));
        all.push(waiting(
            "after-a-local-reply",
            "request_headers:\n  send_local_response 403 '' 'no' '' -1\n  trap\n",
            "request_headers",
        ));
    }
    all
}

/// A failed plugin is not started again while the case runs.
fn options(policy: &str) -> Value {
    match policy {
        "FAIL_RELOAD" => {
            json!({"failure_policy": policy, "reload_config": {"backoff": {"base_interval": "100s"}}})
        }
        _ => json!({"failure_policy": policy}),
    }
}

fn with_trailers() -> Http2Request {
    Http2Request {
        path: "/a.Service/ok".to_owned(),
        headers: vec![("te", "trailers")],
        chunks: vec!["abcde"],
        trailers: vec![("x-end", "1")],
    }
}
