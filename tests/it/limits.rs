//! The filter `rate-limit` before a real rate limit service (the crate `limitador` behind tonic's server), which is slowed down,
//! killed and brought back, in this proxy and in Envoy.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::answers;
use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{example, program, root};
use crate::support::client::exchange;
use crate::support::host::{self, Host};
use crate::support::upstream::Upstream;
use crate::support::world::folder;

/// What the service gives each user in an hour.
const LIMIT: usize = 3;
/// How often a request may fail until a service that has come back is reached.
const TRIES: usize = 200;

/// A running service, killed when it goes out of scope.
struct Service {
    process: Child,
    lines: BufReader<ChildStdout>,
    address: String,
}

impl Service {
    /// Starts the service at an address; with port 0 at a free one.
    fn start(address: &str) -> Self {
        let folder = root().join("tests/limit-service");
        let target = root().join("target/limit-service");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--target-dir"]).arg(&target).current_dir(&folder);
        build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
        assert!(build.stdin(Stdio::null()).status().unwrap().success(), "the service is built");
        let mut command = Command::new(target.join("debug/limit-service"));
        command.args([address, &LIMIT.to_string(), "3600"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        let mut service = Self { process, lines, address: String::new() };
        service.address = service.line();
        service
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Lets it wait for so long before each answer.
    fn delay(&mut self, milliseconds: u32) {
        writeln!(self.process.stdin.as_mut().unwrap(), "delay {milliseconds}").unwrap();
        assert_eq!(self.line(), "ok");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Either it has ended already or it ends now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A proxy with two listeners: behind `open` requests pass while the service has no answer, behind `closed` they get 503.
struct World {
    host: Host,
    _upstream: Upstream,
}

impl World {
    fn start(binary: &Path, name: &str, service: &Service) -> Self {
        let upstream = Upstream::start(answers::upstream);
        let routes = json!([{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]);
        let listeners = [("open", None), ("closed", Some(503))].map(|(name, status)| {
            let filter = Filter::new(name, &example("rate-limit"), &configuration(status).to_string());
            listener(name, &[filter], &routes, &json!({}))
        });
        let clusters = [
            bootstrap::cluster("upstream", &[upstream.address]),
            bootstrap::http2_cluster("limits", &[service.address.parse().unwrap()]),
        ];
        let file = folder("limits").join(format!("{name}.json"));
        bootstrap::write(&file, &listeners, &clusters);
        Self { host: Host::start(binary, &file, name), _upstream: upstream }
    }

    /// The status that a user gets, and `retry-after`.
    fn ask(&self, listener: &str, user: &str) -> (u16, Option<String>) {
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\nx-user: {user}\r\n\r\n");
        let reply = exchange(self.host.listener(listener), request.as_bytes()).unwrap();
        let message = reply.messages.last().unwrap();
        (message.status(), message.header("retry-after").map(str::to_owned))
    }

    fn status(&self, listener: &str, user: &str) -> u16 {
        self.ask(listener, user).0
    }

    /// A user has what the limit says, and no more.
    fn has_its_limit(&self, listener: &str, user: &str) {
        let given: Vec<_> = (0..LIMIT + 2).map(|_| self.status(listener, user)).collect();
        assert_eq!(given, [200, 200, 200, 429, 429], "{user}");
    }
}

fn configuration(status_on_error: Option<u16>) -> Value {
    // More than an answer takes on a busy machine.
    let mut service = json!({"cluster": "limits", "domain": "edge", "timeout": "3s"});
    if let Some(code) = status_on_error {
        service["failure_mode_deny"] = json!(true);
        service["status_on_error"] = json!({"code": code});
    }
    json!({
        "rate_limit_service": service,
        "rate_limits": [{
            "name": "per-user",
            "actions": [{"request_headers": {"header_name": "x-user", "descriptor_key": "user"}}],
            "scope": "global",
        }],
    })
}

#[test]
fn a_real_service_is_obeyed_waited_for_missed_and_found_again() {
    let proxies = [(Some(program("mesh-filter-proxy")), "ours"), (host::envoy(), "envoy")];
    for (binary, name) in proxies.into_iter().filter_map(|(binary, name)| Some((binary?, name))) {
        let mut service = Service::start("127.0.0.1:0");
        let world = World::start(&binary, name, &service);

        // Both listeners ask the same service: alice has one limit.
        assert_eq!(world.status("open", "alice"), 200);
        assert_eq!([0; 3].map(|_| world.status("closed", "alice")), [200, 200, 429]);
        let (status, retry_after) = world.ask("open", "alice");
        assert!(status == 429 && retry_after.is_some_and(|seconds| seconds.parse::<u32>().unwrap() <= 3600));
        world.has_its_limit("closed", "bob");

        // Slower than the timeout.
        service.delay(60_000);
        assert_eq!(world.status("closed", "carol"), 503);
        assert_eq!(world.status("open", "carol"), 200);
        service.delay(0);
        world.has_its_limit("closed", "dave");

        // Gone.
        let address = service.address.clone();
        drop(service);
        assert_eq!([0; 2].map(|_| world.status("closed", "erin")), [503, 503]);
        assert_eq!([0; 5].map(|_| world.status("open", "erin")), [200; 5]);

        // And back, at the same address.
        let service = Service::start(&address);
        assert_eq!(service.address, address);
        let found = (0..TRIES).any(|_| world.status("closed", "frank") == 200);
        assert!(found, "{name} does not find the service again");
        world.has_its_limit("closed", "grace");
    }
}
