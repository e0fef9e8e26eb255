//! A plugin that has failed and is to be reloaded: in this proxy, and in Envoy where it is there.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::{guest, program, root};
use crate::support::client::exchange;
use crate::support::host::{self, Host};

/// Far more than the interval and Envoy's jitter.
const BOUND: Duration = Duration::from_secs(20);

fn hosts(name: &str) -> Vec<Host> {
    let routes = json!([{"name": "all", "domains": ["*"], "routes": [
        {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    ]}]);
    let mut listener = listener("main", &[Filter::new("fickle", &guest("fickle"), "")], &routes, &json!({}));
    let manager = "/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
    let config = listener.pointer_mut(manager).unwrap();
    config["failure_policy"] = json!("FAIL_RELOAD");
    // The longest interval changes nothing: no attempt waits longer than the one before.
    config["reload_config"] = json!({"backoff": {"base_interval": "0.05s", "max_interval": "600s"}});
    let file = root().join("target/acceptance").join(name).join("bootstrap.json");
    bootstrap::write(&file, &[listener], &[]);
    let ours = Host::start(&program("mesh-filter-proxy"), &file, "ours");
    let envoy = host::envoy().map(|program| Host::start(&program, &file, "envoy"));
    [Some(ours), envoy].into_iter().flatten().collect()
}

fn status(host: &Host, headers: &str) -> u16 {
    let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
    let reply = exchange(host.listener("main"), request.as_bytes()).unwrap();
    reply.messages.last().map_or(0, |message| message.status())
}

fn counted(host: &Host, name: &str) -> u64 {
    let line = format!("wasm.fickle.{name}: ");
    let page = host.page("/stats").unwrap();
    page.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap()
}

/// Asks again and again until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < BOUND, "{what}");
    }
}

#[test]
fn a_failed_plugin_comes_back() {
    for host in hosts("reload") {
        assert_eq!(status(&host, ""), 200);
        assert_eq!(status(&host, "x-trap: 1\r\n"), 503);
        until("the plugin is back", || status(&host, "") == 200);
        assert_eq!(counted(&host, "vm_reload_success"), 1);
        assert_eq!(counted(&host, "vm_reload_failure"), 0);
    }
}

#[test]
fn a_plugin_that_does_not_start_again_stays_closed_and_is_tried_again() {
    for next in ["refuse", "trap"] {
        for host in hosts(&format!("reload-{next}")) {
            assert_eq!(status(&host, &format!("x-next: {next}\r\n")), 200);
            assert_eq!(status(&host, "x-trap: 1\r\n"), 503);
            until("two attempts", || {
                assert_eq!(status(&host, ""), 503);
                counted(&host, "vm_reload_failure") >= 2
            });
            assert_eq!(counted(&host, "vm_reload_success"), 0);
        }
    }
}
