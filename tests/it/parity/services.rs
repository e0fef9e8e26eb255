//! What a plugin gets from its host beside the exchange: metrics, ticks, environment variables.

use std::time::{Duration, Instant};

use serde_json::json;

use super::exchanges::{common, get};
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::guest;
use crate::support::host::Host;

/// How long three ticks of a few milliseconds may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The value of a metric on the admin page: a number, or the summary of a histogram.
fn metric(host: &Host, name: &str) -> Option<String> {
    let page = host.page("/stats").expect("the admin serves /stats");
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.map(str::to_owned)
}

/// Waits until all timers of a plugin have come to their third and last tick.
fn wait_for_ticks(host: &Host, contexts: u32) {
    let (begun, wanted) = (Instant::now(), (3 * contexts).to_string());
    while metric(host, "wasmcustom.ticks").as_ref() != Some(&wanted) {
        assert!(begun.elapsed() < PATIENCE, "ticks: {:?}", metric(host, "wasmcustom.ticks"));
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn plugins_get_the_services_that_envoy_gives() {
    let tick = Filter::new("tick", &guest("tick"), "period 2\nlast 3");
    let counting = Filter::new("metrics", &guest("metrics"), "");
    let mut environ =
        Filter::new("environ", &guest("environ"), "variable GREETING\nvariable EMPTY\nvariable NOWHERE");
    environ.environment = vec![("GREETING", "hello there"), ("EMPTY", "")];
    let listeners = [("tick", tick), ("metrics", counting), ("environ", environ)]
        .map(|(name, filter)| listener(name, &[filter], &routes(), &json!({})));
    let Some(pair) = Pair::start("parity-services", &listeners) else { return };

    let mut found = pair.compare("metrics", &common());
    found.extend(pair.compare("environ", &[get("GET", "/echo", "")]));
    for name in ["wasmcustom.requests", "wasmcustom.streams"] {
        let [envoy, ours] = [&pair.envoy.host, &pair.ours.host].map(|host| metric(host, name));
        if envoy != ours || envoy.is_none() {
            found.push(format!("{name}: envoy {envoy:?}, ours {ours:?}"));
        }
    }
    // A histogram is merged every five seconds; that it is there is enough.
    assert!(metric(&pair.ours.host, "wasmcustom.header_count").is_some(), "no histogram");
    // A root context has a timer of its own: Envoy has one on its main thread too, this proxy on its workers only.
    wait_for_ticks(&pair.envoy.host, 2);
    wait_for_ticks(&pair.ours.host, 1);
    assert_same(&found);
}
