//! This proxy beside the real Envoy: the same bootstrap file, the same exchanges, the same bytes seen by client and upstream.
//!
//! Only dates, request ids and durations are masked. The framing of a chunked body is taken off before comparing: where
//! one chunk ends and the next begins depends on how the network cut the bytes, and no peer may rely on it.

mod examples;
mod exchanges;
mod guests;
mod protocol;
mod sdk;
mod sdk_grpc;
mod services;

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::build::program;
use crate::support::client::{exchange, has_curl};
use crate::support::compare::{differing_lines, mask};
use crate::support::host::envoy;
use crate::support::message::Message;
use crate::support::upstream::Upstream;
use crate::support::world::{World, routes};

use exchanges::Exchange;

/// Both hosts with the same listeners.
struct Pair {
    envoy: World,
    ours: World,
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
        let (envoy, ours) = std::thread::scope(|scope| {
            let envoy = scope.spawn(|| World::start(&envoy, name, "envoy", listeners));
            let ours = World::start(&ours, name, "ours", listeners);
            (envoy.join().expect("Envoy starts"), ours)
        });
        Some(Self { envoy, ours })
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
            let [envoy, ours] = [&self.envoy, &self.ours].map(|world| self.seen(world, listener, exchange));
            if envoy == ours {
                return None;
            }
            difference = Some(format!(
                "--- {listener}: {}\n{}",
                exchange.name,
                differing_lines(["envoy", "ours"], &envoy, &ours)
            ));
        }
        difference
    }

    /// What client, upstream and callee saw, masked.
    fn seen(&self, world: &World, listener: &str, exchange_: &Exchange) -> String {
        world.upstream.take();
        world.callee.take();
        world.grpc.take();
        let address = world.host.listener(listener);
        let client = match &exchange_.request {
            exchanges::Request::Http1(bytes) => match exchange(address, bytes) {
                Ok(reply) => reply.shown(),
                Err(error) => format!("client: {error}"),
            },
            exchanges::Request::Http2(arguments) => curl(&address.to_string(), arguments),
        };
        let requests =
            |upstream: &Upstream| upstream.take().iter().map(Message::shown).collect::<Vec<_>>().join("\n");
        let (upstream, callee) = (requests(&world.upstream), requests(&world.callee));
        let grpc = world.grpc.take().join("\n");
        mask(&format!(
            "client got:\n{client}\nupstream saw:\n{upstream}\ncallee saw:\n{callee}\ngrpc saw:\n{grpc}"
        ))
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

#[track_caller]
fn assert_same(differences: &[String]) {
    assert!(differences.is_empty(), "{} exchanges differ:\n{}", differences.len(), differences.join("\n"));
}
