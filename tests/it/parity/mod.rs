//! This proxy beside the real Envoy: the same bootstrap file, the same exchanges, the same bytes seen by client and upstream.
//!
//! Only dates, request ids and durations are masked. The framing of a chunked body is taken off before comparing: where
//! one chunk ends and the next begins depends on how the network cut the bytes, and no peer may rely on it.

mod answers;
mod calls;
mod examples;
mod exchanges;
mod guests;
mod logs;
mod protocol;
mod sdk;
mod services;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::support::bootstrap;
use crate::support::build::{program, root};
use crate::support::client::{exchange, has_curl};
use crate::support::host::{Host, envoy};
use crate::support::message::Message;
use crate::support::upstream::Upstream;

use exchanges::Exchange;

/// Both hosts on one bootstrap file, and the upstreams behind them.
struct Pair {
    envoy: Host,
    ours: Host,
    upstream: Upstream,
    callee: Upstream,
    _refusing: Refusing,
}

/// How often an exchange that differs is looked at; on a busy machine each host loses the race about every second time.
const TRIES: usize = 10;

impl Pair {
    /// Starts both; `None` where there is no Envoy to compare with.
    fn start(name: &str, listeners: &[Value]) -> Option<Self> {
        let Some(envoy) = envoy() else {
            eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
            return None;
        };
        let ours = program("mesh-filter-proxy");
        let upstream = Upstream::start(answers::upstream);
        let callee = Upstream::start(answers::callee);
        let refusing = Refusing::new();
        let clusters = [
            bootstrap::cluster("upstream", &[upstream.address]),
            bootstrap::cluster("callee", &[callee.address]),
            // The name that the example `cohort-callout` asks for.
            bootstrap::cluster("bucket", &[callee.address]),
            bootstrap::cluster("refused", &[refusing.address]),
            bootstrap::cluster("empty", &[]),
        ];
        let file = folder(name).join("bootstrap.json");
        bootstrap::write(&file, listeners, &clusters);
        let envoy = Host::start(&envoy, &file, "envoy");
        let ours = Host::start(&ours, &file, "ours");
        Some(Self { envoy, ours, upstream, callee, _refusing: refusing })
    }

    /// Runs each exchange in both hosts and tells every difference.
    fn compare(&self, listener: &str, exchanges: &[Exchange]) -> Vec<String> {
        let http2 = has_curl();
        let possible = exchanges.iter().filter(|exchange| http2 || !exchange.is_http2());
        possible.filter_map(|exchange| self.difference(listener, exchange)).collect()
    }

    /// A difference that stays. Where a host answers and resets while the client still sends, it is a race whether the
    /// client gets to read the answer; so what differs is looked at again.
    fn difference(&self, listener: &str, exchange: &Exchange) -> Option<String> {
        let mut difference = None;
        for _ in 0..TRIES {
            let [envoy, ours] = [&self.envoy, &self.ours].map(|host| self.seen(host, listener, exchange));
            if envoy == ours {
                return None;
            }
            difference =
                Some(format!("--- {listener}: {}\n{}", exchange.name, differing_lines(&envoy, &ours)));
        }
        difference
    }

    /// What client, upstream and callee saw, masked.
    fn seen(&self, host: &Host, listener: &str, exchange_: &Exchange) -> String {
        self.upstream.take();
        self.callee.take();
        let address = host.listener(listener);
        let client = match &exchange_.request {
            exchanges::Request::Http1(bytes) => match exchange(address, bytes) {
                Ok(reply) => reply.shown(),
                Err(error) => format!("client: {error}"),
            },
            exchanges::Request::Http2(arguments) => curl(&address.to_string(), arguments),
        };
        let requests =
            |upstream: &Upstream| upstream.take().iter().map(Message::shown).collect::<Vec<_>>().join("\n");
        let (upstream, callee) = (requests(&self.upstream), requests(&self.callee));
        mask(&format!("client got:\n{client}\nupstream saw:\n{upstream}\ncallee saw:\n{callee}"))
    }
}

/// A folder of its own for the files of one test.
fn folder(name: &str) -> PathBuf {
    root().join("target/acceptance").join(name)
}

/// An address that refuses.
struct Refusing {
    address: SocketAddr,
    /// Bound and not listening: nobody else is given the port.
    _socket: Socket,
}

impl Refusing {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self { address: socket.local_addr().unwrap().as_socket().unwrap(), _socket: socket }
    }
}

/// An HTTP/2 request with prior knowledge, by curl; headers in the order of arrival.
fn curl(address: &str, arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--http2-prior-knowledge", "--silent", "--show-error", "--include", "--max-time", "20"])
        .args(["--header", "host: example.com", "--user-agent", "", "--header", "accept:"])
        .args(arguments.iter().map(|argument| argument.replace("ADDRESS", address)))
        .stdin(Stdio::null())
        .output()
        .expect("curl runs");
    let errors = String::from_utf8_lossy(&output.stderr).replace(address, "ADDRESS");
    if errors.starts_with("curl: (92)") {
        // The stream was reset. Frames that wait behind a reset are dropped, so what arrived before is a race.
        return errors;
    }
    format!("{}{errors}", String::from_utf8_lossy(&output.stdout).replace('\r', ""))
}

/// Replaces dates, ids and durations, and nothing else.
fn mask(seen: &str) -> String {
    let line = |line: &str| match line.split_once(": ") {
        Some(("date", value)) if value.ends_with(" GMT") => "date: DATE".to_owned(),
        Some(("x-request-id", value)) if is_uuid(value) => "x-request-id: ID".to_owned(),
        Some(("x-envoy-upstream-service-time", value)) if value.parse::<u32>().is_ok() => {
            "x-envoy-upstream-service-time: DURATION".to_owned()
        }
        _ => line.to_owned(),
    };
    seen.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn is_uuid(value: &str) -> bool {
    let lengths: Vec<_> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && value.chars().all(|character| character.is_ascii_hexdigit() || character == '-')
}

/// The lines of both, marked by who showed them.
fn differing_lines(envoy: &str, ours: &str) -> String {
    let (envoy, ours): (Vec<_>, Vec<_>) = (envoy.lines().collect(), ours.lines().collect());
    let same = envoy.iter().zip(&ours).take_while(|(one, other)| one == other).count();
    let tail = envoy[same..]
        .iter()
        .rev()
        .zip(ours[same..].iter().rev())
        .take_while(|(one, other)| one == other)
        .count();
    let short = |line: &str| line.chars().take(300).collect::<String>();
    let mut told: Vec<_> = envoy[..same].iter().map(|line| format!("        {}", short(line))).collect();
    told.extend(envoy[same..envoy.len() - tail].iter().map(|line| format!("  envoy {}", short(line))));
    told.extend(ours[same..ours.len() - tail].iter().map(|line| format!("  ours  {}", short(line))));
    told.join("\n")
}

/// Routes of most listeners: everything goes to the upstream, but for one host that matches nothing.
fn routes() -> Value {
    json!([
        {"name": "nothing", "domains": ["nothing.example"], "routes": [
            {"match": {"path": "/never"}, "route": {"cluster": "upstream"}}]},
        {"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/refused"}, "route": {"cluster": "refused"}},
            {"match": {"prefix": "/empty"}, "route": {"cluster": "empty"}},
            {"match": {"prefix": "/silent"}, "route": {"cluster": "upstream", "timeout": "0.2s"}},
            {"match": {"prefix": "/direct"}, "direct_response": {"status": 418, "body": {"inline_string": "tea"}}},
            {"match": {"path": "/exact"}, "route": {"cluster": "upstream", "prefix_rewrite": "/rewritten"}},
            {"match": {"prefix": "/by-header", "headers": [{"name": "x-route", "string_match": {"exact": "tea"}}]},
                "direct_response": {"status": 418}},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]},
    ])
}

#[track_caller]
fn assert_same(differences: &[String]) {
    assert!(differences.is_empty(), "{} exchanges differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn only_dates_ids_and_durations_are_masked() {
    let seen = "date: Mon, 23 Nov 2026 02:17:55 GMT\nx-request-id: 2dc82d86-fcea-453b-bc8e-8b5b7d6f2a94\nx-request-id: mine\nx-date: 1";
    assert_eq!(mask(seen), "date: DATE\nx-request-id: ID\nx-request-id: mine\nx-date: 1");
}
