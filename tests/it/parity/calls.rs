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
    fn log(&self, host: &Host, exchanges: usize) -> String {
        let begun = Instant::now();
        loop {
            let log = std::fs::read_to_string(&host.log).unwrap();
            let lines = log.lines().filter_map(|line| line.find("wasm log").map(|at| &line[at..]));
            let lines = lines.map(without_duration);
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
            let ended = others.iter().filter(|line| line.ends_with(": log")).count();
            if ended >= exchanges && others.iter().any(|line| line.ends_with(self.last)) {
                return configure.into_iter().chain(others).collect::<Vec<_>>().join("\n");
            }
            assert!(begun.elapsed() < PATIENCE, "no line `{}` in the log:\n{log}", self.last);
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// The line without the time that an upstream took, and the sizes in front of it that depend on that.
fn without_duration(line: &str) -> String {
    let name = r"x-envoy-upstream-service-time\x00";
    match (line.find(" = "), line.find(":status"), line.find(name)) {
        (Some(answer), Some(pairs), Some(at)) if pairs < at => {
            let rest = line[at + name.len()..].trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{} = ...{}DURATION{rest}", &line[..answer], &line[pairs..at + name.len()])
        }
        _ => line.to_owned(),
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
        let [envoy, ours] = [&pair.envoy, &pair.ours].map(|world| script.log(&world.host, exchanges.len()));
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

/// What every gRPC callback is asked.
const GRPC: &str = "grpc_receive_initial_metadata pairs 4\ngrpc_receive_initial_metadata pairs 5
grpc_receive buffer 5\ngrpc_receive status\ngrpc_receive pairs 4\ngrpc_receive_trailing_metadata pairs 5
grpc_receive_trailing_metadata pairs 4\ngrpc_close status\ngrpc_close buffer 5\ngrpc_close pairs 5";

const UNARY: &str =
    "request_headers pause\nrequest_headers grpc_call grpc a.Service * abc 1500 x-md=1 x-rep=1 x-rep=2
grpc_receive effective stream\ngrpc_receive resume 0\ngrpc_close effective stream\ngrpc_close resume 0";

const STREAM: &str = "request_headers pause\nrequest_headers grpc_stream grpc a.Service * x-md=1
request_headers grpc_send @ one\nrequest_headers grpc_send @ -\nrequest_headers grpc_send @ three end
request_headers grpc_send @ four\ngrpc_close grpc_close $\ngrpc_close grpc_close $\ngrpc_close grpc_send $ x
grpc_close effective stream\ngrpc_close resume 0";

const HALF_CLOSED: &str = "request_headers pause\nrequest_headers grpc_stream grpc a.Service echo
request_headers grpc_send @ one\nrequest_headers grpc_close @\nrequest_headers grpc_close @
request_headers grpc_send @ x\ngrpc_close grpc_send $ x\ngrpc_close grpc_close $\ngrpc_close grpc_cancel $
grpc_close effective stream\ngrpc_close resume 0";

const TOKENS: &str = "request_headers grpc_call grpc a.Service hold abc 0\nrequest_headers grpc_stream grpc a.Service hold
request_headers grpc_call grpc a.Service hold abc 0\nrequest_headers grpc_send 5 a\nrequest_headers grpc_send 4 a
request_headers grpc_send 7 a\nrequest_headers grpc_send 106 a\nrequest_headers grpc_send 6 a
request_headers grpc_close 4\nrequest_headers grpc_close 101\nrequest_headers grpc_close 102\nrequest_headers grpc_cancel 4
request_headers grpc_cancel 101\nrequest_headers grpc_cancel 102\nrequest_headers grpc_close 5\nrequest_headers grpc_close 5
request_headers grpc_cancel 9\nrequest_headers grpc_cancel 9\nrequest_headers grpc_close 6\nrequest_headers grpc_close 6
request_headers grpc_cancel 6\nrequest_headers grpc_send 6 a\nlog status";

/// Targets that are none, and one with all that is read of it.
fn targets() -> String {
    let cluster = |name| message(&[(1, Text(name))]);
    // A message in a message: one byte each for its number and its size.
    let service = |inner: &str| format!("0x0a{:02x}{}", (inner.len() - 2) / 2, &inner[2..]);
    let full = service(&message(&[(1, Text("grpc")), (2, Text("an.authority")), (5, Number(1))]));
    let metadata = message(&[(1, Text("x-service")), (2, Text("v"))]);
    let metadata = format!("2a{:02x}{}", (metadata.len() - 2) / 2, &metadata[2..]);
    let (nowhere, empty) = (service(&cluster("nowhere")), service(&cluster("empty")));
    format!(
        "request_headers pause\nrequest_headers grpc_call nowhere a.Service ok abc 1000
request_headers grpc_stream nowhere a.Service ok\nrequest_headers grpc_call {nowhere} a.Service ok abc 1000
request_headers grpc_stream {nowhere} a.Service ok\nrequest_headers grpc_call {empty} a.Service ok abc 1000
request_headers grpc_call {full}{metadata} a.Service ok abc 100000000 x-own=1
grpc_receive effective stream\ngrpc_receive resume 0"
    )
}

/// What the gRPC upstream answers in so many ways; the last is a method that it does not know.
pub(super) const METHODS: &[&str] = &[
    "ok",
    "two",
    "split",
    "empty",
    "none",
    "trailers_only",
    "failed",
    "no_status",
    "no_trailers",
    "only_headers",
    "bad_status",
    "large_status",
    "http_401",
    "http_503",
    "http_503_status",
    "text",
    "compressed",
    "odd_flag",
    "cut",
    "reset",
    "unknown",
];

#[test]
fn grpc_callouts_are_made_and_told_as_in_envoy() {
    let unknown = "grpc_close: status = 0 12 `via_upstream`";
    let by_method = [
        Script::new("unary", &format!("{UNARY}\n{GRPC}"), unknown),
        Script::new("stream", &format!("{STREAM}\n{GRPC}"), unknown),
    ];
    let others = [
        Script::new("half closed", &format!("{HALF_CLOSED}\n{GRPC}"), "grpc_close: resume 0 = 0"),
        Script::new("tokens", TOKENS, "log: status = 0 0 ``"),
        Script::new("targets", &format!("{}\n{GRPC}", targets()), "grpc_receive: resume 0 = 0"),
        Script::new(
            "timeout",
            &format!("{UNARY}\n{GRPC}").replace("*", "silent"),
            "grpc_close: resume 0 = 0",
        ),
        Script::new("echo", &format!("{STREAM}\n{GRPC}").replace("*", "echo"), "grpc_close: resume 0 = 0"),
    ];
    let listeners: Vec<_> = by_method.iter().chain(&others).map(Script::listener).collect();
    let Some(pair) = Pair::start("parity-grpc", &listeners) else { return };
    let direct = |method: &&str| get(method, &format!("/direct/{method}"), "");
    let mut found = differences(&pair, &by_method, &METHODS.iter().map(direct).collect::<Vec<_>>());
    found.extend(differences(&pair, &others, &[direct(&"any")]));
    assert_same(&found);
}
