//! gRPC callouts that nobody waits for any more, here and in Envoy: what the upstream gets to know of them.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{guest, program};
use crate::support::client::exchange;
use crate::support::grpc::GrpcUpstream;
use crate::support::host::{self, Host};
use crate::support::world::folder;

/// Far more than a reload takes.
const BOUND: Duration = Duration::from_secs(20);

/// A stream and a unary call, of which `$stream_token` and `$call_token` are kept.
const OPEN: &str = "grpc_stream 'grpc' 'a.Service' 'watch_stream' {} &number=stream_token
  grpc_send $stream_token 'one' 0
  grpc_call 'grpc' 'a.Service' 'watch_call' {} 'two' 0 &number=call_token";

/// One host, whose plugin does what each request says.
struct World {
    name: &'static str,
    host: Host,
    upstream: GrpcUpstream,
}

impl World {
    fn start(test: &str, name: &'static str, binary: &Path) -> Self {
        let upstream = GrpcUpstream::start();
        let mut filter = Filter::new("main", &guest("program"), "quiet\nrequest_headers:\n  from x-do");
        filter.options = json!({
            "failure_policy": "FAIL_RELOAD",
            "reload_config": {"backoff": {"base_interval": "0.05s"}},
        });
        let routes = json!([{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
        ]}]);
        let file = folder(test).join(format!("{name}.json"));
        let clusters = [bootstrap::http2_cluster("grpc", &[upstream.address])];
        bootstrap::write(&file, &[listener("main", &[filter], &routes, &json!({}))], &clusters);
        Self { name, host: Host::start(binary, &file, name), upstream }
    }

    /// This proxy, and Envoy where it is there.
    fn all(test: &str) -> Vec<Self> {
        let ours = Self::start(test, "ours", &program("mesh-filter-proxy"));
        let envoy = host::envoy().map(|binary| Self::start(test, "envoy", &binary));
        [envoy, Some(ours)].into_iter().flatten().collect()
    }

    /// Lets the plugin make these calls when the headers of a request come; the status that the client gets.
    fn plugin_does(&self, calls: &str) -> u16 {
        let reply = exchange(self.host.listener("main"), request(calls).as_bytes()).unwrap();
        reply.messages.last().map_or(0, |message| message.status())
    }

    /// What the upstream notes next, as often as lines are expected; in order of the alphabet.
    #[track_caller]
    fn upstream_notes(&self, expected: &[&str]) {
        let mut noted: Vec<_> = expected.iter().filter_map(|_| self.upstream.next()).collect();
        noted.sort();
        assert_eq!(noted, expected, "{}", self.name);
    }
}

fn request(calls: &str) -> String {
    let program = format!("quiet|request_headers:|  {}", calls.replace('\n', "|"));
    format!("GET / HTTP/1.1\r\nhost: a\r\nx-do: {program}\r\n\r\n")
}

const OPENED: [&str; 5] = [
    "watch_call ended",
    "watch_call opened",
    "watch_call sent two",
    "watch_stream opened",
    "watch_stream sent one",
];
const RESET: [&str; 2] = ["watch_call reset INTERNAL_ERROR", "watch_stream reset INTERNAL_ERROR"];

#[test]
fn the_upstream_sees_that_the_plugin_gives_calls_and_streams_up() {
    for world in World::all("grpc-cancelled") {
        assert_eq!(world.plugin_does(OPEN), 200);
        world.upstream_notes(&OPENED);
        world.plugin_does("grpc_cancel $stream_token\n  grpc_cancel $call_token");
        world.upstream_notes(&RESET);
    }
}

#[test]
fn calls_and_streams_of_a_vm_that_is_replaced_are_reset_and_the_next_vm_has_its_own() {
    for world in World::all("grpc-reloaded") {
        assert_eq!(world.plugin_does(OPEN), 200);
        world.upstream_notes(&OPENED);
        assert_eq!(world.plugin_does("trap"), 503);
        let begun = Instant::now();
        while world.plugin_does("let a 1") != 200 {
            assert!(begun.elapsed() < BOUND, "{} reloads its plugin", world.name);
        }
        world.upstream_notes(&RESET);
        assert_eq!(world.plugin_does(OPEN), 200);
        world.upstream_notes(&OPENED);
        world.plugin_does("grpc_cancel $stream_token\n  grpc_cancel $call_token");
        world.upstream_notes(&RESET);
    }
}

/// No exchange comes that could replace the VM: what it has begun goes on, and stands in nobody's way.
#[test]
fn calls_and_streams_of_a_failed_vm_do_not_keep_the_proxy_from_ending() {
    for mut world in World::all("grpc-failed") {
        assert_eq!(world.plugin_does(OPEN), 200);
        world.upstream_notes(&OPENED);
        assert_eq!(world.plugin_does("trap"), 503);
        let told = Command::new("kill").arg("-TERM").arg(world.host.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()));
        world.host.wait_for_end();
        // Whether the resets are still written before the connection is closed is a race in Envoy.
        let mut over: Vec<_> = [(); 2].iter().filter_map(|()| world.upstream.next()).collect();
        over.sort();
        let is_over = |note: &str, call: &str| {
            let how = note.strip_prefix(call).unwrap_or_default();
            [" reset INTERNAL_ERROR", " gone with its connection"].contains(&how)
        };
        let [call, stream] = over.as_slice() else { panic!("{}: {over:?}", world.name) };
        assert!(is_over(call, "watch_call") && is_over(stream, "watch_stream"), "{}: {over:?}", world.name);
    }
}

/// They belong to the root context, not to the exchange in which they were begun.
#[test]
fn calls_and_streams_outlive_the_exchange_that_began_them() {
    for world in World::all("grpc-outliving") {
        let mut client = TcpStream::connect(world.host.listener("main")).unwrap();
        client.write_all(request(&format!("{OPEN}\n  return 1")).as_bytes()).unwrap();
        world.upstream_notes(&OPENED);
        drop(client);
        assert_eq!(world.plugin_does("grpc_send $stream_token 'three' 1"), 200);
        world.upstream_notes(&["watch_stream ended", "watch_stream sent three"]);
    }
}

#[test]
fn a_call_whose_time_is_over_is_reset() {
    for world in World::all("grpc-late") {
        world.plugin_does("grpc_call 'grpc' 'a.Service' 'watch_call' {} 'two' 50 &number=call_token");
        world.upstream_notes(&[
            "watch_call ended",
            "watch_call opened",
            "watch_call reset INTERNAL_ERROR",
            "watch_call sent two",
        ]);
    }
}

/// `:authority`, which comes again as `host` too, and `:scheme`, which plugins can choose.
#[test]
fn metadata_may_change_what_the_call_is_about() {
    for world in World::all("grpc-metadata") {
        for (metadata, begin) in [
            ("':authority'='x.y'", "POST http://grpc,x.y/a.Service/ok\n"),
            ("'host'='x.y'", "POST http://grpc,x.y/a.Service/ok\n"),
            ("':scheme'='https'", "POST https://grpc/a.Service/ok\n"),
            ("':path'='/b'", "POST http://grpc/a.Service/ok,/b\n"),
        ] {
            world.plugin_does(&format!("grpc_call 'grpc' 'a.Service' 'ok' {{{metadata}}} 'a' 1000 &number"));
            let noted = world.upstream.next().unwrap_or_default();
            assert!(noted.starts_with(begin), "{}: {metadata}: {noted}", world.name);
        }
        // An HTTP callout names its authority by either name, too.
        let headers = "{':method'='POST', ':path'='/a.Service/ok', 'host'='x.y'}";
        world.plugin_does(&format!("http_call 'grpc' {headers} '' {{}} 1000 &number"));
        let noted = world.upstream.next().unwrap_or_default();
        assert!(noted.starts_with("POST http://x.y/a.Service/ok\n"), "{}: {noted}", world.name);
    }
}
