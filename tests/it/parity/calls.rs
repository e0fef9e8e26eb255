//! What host functions answer, one script for each listener: queues, filter state, foreign functions, gRPC callouts.
//!
//! The guest `calls` plays the scripts and logs every answer and callback; the logs of both hosts must be the same, line
//! by line. What configuring says is compared without order and number, because Envoy configures more often.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::exchanges::{Exchange, get};
use super::{Pair, assert_same, differing_lines, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;
use crate::support::host::Host;

/// How long a line may take from the guest to the file.
const PATIENCE: Duration = Duration::from_secs(20);

/// A listener's name, its script, and how the last line ends that a request leads to.
struct Script {
    name: &'static str,
    lines: String,
    last: &'static str,
}

impl Script {
    fn new(name: &'static str, lines: &str, last: &'static str) -> Self {
        Self { name, lines: lines.to_owned(), last }
    }

    fn listener(&self) -> Value {
        listener(self.name, &[Filter::new(self.name, &guest("calls"), &self.lines)], &routes(), &json!({}))
    }

    /// What the guest logged: what configuring says, each line once, then all others in order.
    fn log(&self, host: &Host) -> String {
        let begun = Instant::now();
        loop {
            let log = std::fs::read_to_string(&host.log).unwrap();
            let lines = log.lines().filter_map(|line| line.find("wasm log").map(|at| &line[at..]));
            let own = lines.filter(|line| line.contains(&format!(" {}: ", self.name)));
            let (configure, others): (BTreeSet<_>, Vec<_>) =
                own.fold(Default::default(), |mut lines, line| {
                    if line.contains(": configure") {
                        lines.0.insert(line);
                    } else {
                        lines.1.push(line);
                    }
                    lines
                });
            if others.iter().any(|line| line.ends_with(self.last)) {
                return configure.into_iter().chain(others).collect::<Vec<_>>().join("\n");
            }
            assert!(begun.elapsed() < PATIENCE, "no line `{}` in the log:\n{log}", self.last);
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// Sends each exchange to each script and tells how the logs differ, and what clients and upstreams saw.
fn differences(pair: &Pair, scripts: &[Script], exchanges: &[Exchange]) -> Vec<String> {
    let mut found = Vec::new();
    for script in scripts {
        for exchange in exchanges {
            let [envoy, ours] =
                [&pair.envoy, &pair.ours].map(|world| pair.seen(world, script.name, exchange));
            if envoy != ours {
                found.push(format!(
                    "--- {}: {}\n{}",
                    script.name,
                    exchange.name,
                    differing_lines(["envoy", "ours"], &envoy, &ours)
                ));
            }
        }
        let [envoy, ours] = [&pair.envoy, &pair.ours].map(|world| script.log(&world.host));
        if envoy != ours {
            found.push(format!(
                "--- {}: log\n{}",
                script.name,
                differing_lines(["envoy", "ours"], &envoy, &ours)
            ));
        }
    }
    found
}

/// A protobuf message as the scripts write bytes: numbers and texts by field.
fn message(fields: &[(u8, Field<'_>)]) -> String {
    let mut bytes = Vec::new();
    for (number, field) in fields {
        match field {
            Field::Number(value) => bytes.extend([number << 3, *value]),
            Field::Text(text) => {
                bytes.extend([number << 3 | 2, u8::try_from(text.len()).unwrap()]);
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes.iter().fold("0x".to_owned(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// The value of a field.
enum Field<'a> {
    Number(u8),
    Text(&'a str),
}

use Field::{Number, Text};

/// A line that declares a property.
fn declare(phase: &str, fields: &[(u8, Field<'_>)]) -> String {
    format!("{phase} foreign declare_property {}\n", message(fields))
}

/// Lines that set one of Envoy's own objects and read it.
fn object(phase: &str, key: &str, value: &str, span: u8) -> String {
    let argument = message(&[(1, Text(key)), (2, Text(value)), (3, Number(span))]);
    format!("{phase} foreign set_envoy_filter_state {argument}\n{phase} get filter_state/{key}\n")
}

const QUEUES: &str = "configure register jobs\nconfigure resolve - jobs\nconfigure resolve queues jobs
configure resolve - nothing\nconfigure resolve other jobs\nconfigure register jobs\nconfigure register -
configure enqueue 999 a\nconfigure dequeue 999\nconfigure dequeue @
request_headers pause\nrequest_headers resolve - jobs\nrequest_headers enqueue @ one\nrequest_headers enqueue @ two
request_headers enqueue @ -\nrequest_headers register jobs\nrequest_headers status
queue_ready get plugin_name\nqueue_ready set a b\nqueue_ready dequeue $\nqueue_ready status\nqueue_ready effective stream
queue_ready resume 0\nlog dequeue @";

const STATUS: &str = "request_headers pause\nrequest_headers http callee /broken 1000\nrequest_headers status
http_call_response status\nhttp_call_response effective stream\nhttp_call_response status\nhttp_call_response resume 0
response_headers status\nlog status";

fn declared() -> String {
    let mut script: String = [
        declare("configure", &[(1, Text("fixed")), (2, Number(1))]),
        declare("configure", &[(1, Text("fixed")), (2, Number(1))]),
        declare("configure", &[(1, Text("text")), (3, Number(1))]),
        declare("configure", &[(1, Text("message")), (3, Number(3)), (4, Text("google.protobuf.Duration"))]),
        declare("configure", &[(1, Text("connection")), (5, Number(2))]),
        declare("configure", &[(1, Text("request")), (5, Number(1))]),
        declare("configure", &[(1, Text("odd")), (3, Number(9)), (5, Number(9))]),
        declare("configure", &[]),
        declare("request_headers", &[(1, Text("late")), (2, Number(1))]),
    ]
    .concat();
    script.push_str(
        "configure foreign declare_property 0xff\nconfigure foreign nothing abc\nconfigure foreign - -\nconfigure set a b
configure get a\nconfigure foreign clear_route_cache -\nrequest_headers get connection\nrequest_headers get request
request_headers set fixed 1\nrequest_headers set fixed 2\nrequest_headers get fixed\nrequest_headers get wasm.fixed
request_headers get filter_state/wasm.fixed\nrequest_headers get filter_state/fixed\nrequest_headers set text x
request_headers get text\nrequest_headers get filter_state/wasm.text\nrequest_headers get text/a
request_headers set message 0x0805\nrequest_headers get message\nrequest_headers get message/seconds
request_headers get filter_state/wasm.message\nrequest_headers get filter_state/wasm.message/seconds
request_headers set connection keep\nrequest_headers set request keep\nrequest_headers set odd v\nrequest_headers get odd
request_headers set a/b c\nrequest_headers get a/b\nrequest_headers get a\nrequest_headers get filter_state
request_headers get filter_state/none\nrequest_headers get upstream_filter_state/wasm.a\nrequest_headers set late 1
request_headers set late 2\nrequest_headers set - v\nrequest_headers set e -\nrequest_headers get e
request_headers set request/method PUT\nrequest_headers get request/method\nrequest_headers set plugin_name me
request_headers get plugin_name\nresponse_headers get connection\nresponse_headers get fixed\nlog get request\nlog set z 1
log get z",
    );
    script
}

fn objects() -> String {
    let mut script = object("configure", "envoy.string", "v", 0);
    for (key, value) in [
        ("envoy.string", "a"),
        ("envoy.string", ""),
        ("envoy.hashable_string", "b"),
        ("envoy.network.upstream_server_name", "c"),
        ("envoy.network.upstream_subject_alt_names", " d , e"),
        ("envoy.network.application_protocols", "h2,http/1.1"),
        ("envoy.network.network_namespace", "f"),
        ("envoy.network.ip", "1.2.3.4"),
        ("envoy.network.ip", "::1"),
        ("envoy.network.ip", "1.2.3.4:80"),
        ("envoy.network.transport_socket.original_dst_address", "1.2.3.4:80"),
        ("envoy.network.transport_socket.original_dst_address", "g"),
        ("envoy.filters.listener.original_dst.local_ip", "1.2.3.4:80"),
        ("envoy.filters.listener.original_dst.local_ip", "h"),
        ("envoy.tcp_proxy.cluster", "i"),
        ("envoy.tcp_proxy.disable_tunneling", "true"),
        ("envoy.tcp_proxy.disable_tunneling", "TRUE"),
        ("envoy.tcp_proxy.per_connection_idle_timeout_ms", " +5"),
        ("envoy.tcp_proxy.per_connection_idle_timeout_ms", "18446744073709551615"),
        ("envoy.upstream.dynamic_host", "j"),
        ("envoy.upstream.dynamic_port", "080"),
        ("envoy.upstream.dynamic_port", "4294967295"),
        ("envoy.upstream.dynamic_port", "4294967296"),
        ("envoy.upstream.dynamic_port", "-1"),
        ("envoy.upstream.dynamic_port", ""),
        ("envoy.ratelimit.hits_addend", "7x"),
        ("my.own", "k"),
    ] {
        script.push_str(&object("request_headers", key, value, 0));
    }
    script.push_str(&object("request_headers", "envoy.string", "longer", 2));
    script.push_str("request_headers foreign set_envoy_filter_state 0xff\nlog get filter_state/envoy.string");
    script.push_str(
        "\nrequest_headers foreign set_envoy_filter_state -\nrequest_headers header 0 :path /direct",
    );
    script.push_str("\nrequest_headers foreign clear_route_cache -");
    script
}

#[test]
fn queues_filter_state_and_foreign_functions_answer_as_in_envoy() {
    let scripts = [
        Script::new("queues", QUEUES, "log: dequeue @ = 7 ``"),
        Script::new("declared", &declared(), "log: get z = 0 `1`"),
        Script::new("objects", &objects(), "log: get filter_state/envoy.string = 0 ``"),
        Script::new("status", STATUS, "log: status = 0 11 ``"),
    ];
    let listeners: Vec<_> = scripts.iter().map(Script::listener).collect();
    let Some(pair) = Pair::start("parity-calls", &listeners) else { return };
    assert_same(&differences(&pair, &scripts, &[get("GET", "/echo", "")]));
}
