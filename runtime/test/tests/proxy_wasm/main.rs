//! A plugin of the crate `proxy-wasm` with many hostcalls, played natively.

#[cfg(test)]
mod plugin;

use mesh_filter_test::World;
use mesh_filter_test::prelude::*;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn start(sim: &Sim) -> TestFilter {
    sim.plugin(&World::proxy_wasm(plugin::_initialize), json!({"greeting": "hello"})).unwrap()
}

#[test]
fn headers_are_read_added_and_removed() {
    let sim = Sim::new();
    let request = get("/headers?a=1").header("x-one", "1").header("x-gone", "1");
    start(&sim)
        .request(request)
        .expect(status(200))
        .expect(header("x-greeting", "hello"))
        .upstream(header("x-seen", "/headers?a=1 1 none"))
        .upstream(no_header("x-gone"))
        .upstream(header("x-path", "/headers?a=1"));
}

#[test]
fn bodies_are_buffered_and_replaced() {
    let sim = Sim::new();
    let filter = start(&sim);
    filter.upstream(reply(200).chunks(["a", "b", "c"]));
    filter.request(post("/body").chunks(["one", "two"])).upstream(body("ONETWO")).expect(body("ABC"));
}

#[test]
fn local_replies_leave_the_upstream_alone() {
    let sim = Sim::new();
    let denied = start(&sim).request(get("/deny"));
    // The plugin's own reply goes through its own callbacks for responses.
    denied.expect(status(403)).expect(body("NO")).expect(header("x-why", "so")).expect(no_upstream_call());
}

#[test]
fn callouts_are_answered_by_mocks_in_virtual_time() {
    let sim = Sim::new();
    let who = sim.cluster("who");
    who.reply(reply(200).body("alice").delay(ms(30)));
    let filter = start(&sim);
    let waiting = filter.open(get("/ask"));
    sim.advance(ms(29));
    assert!(!waiting.is_done());
    waiting.finish().upstream(header("x-who", "alice"));
    who.reply(reply(200).delay(ms(100)));
    filter.request(get("/ask")).upstream(header("x-who", "504"));
    assert_eq!(who.calls(), 2);
}

#[test]
fn shared_data_queues_and_metrics_are_the_proxys() {
    let sim = Sim::new();
    let filter = start(&sim);
    for count in ["1", "2"] {
        filter.request(get("/count")).upstream(header("x-count", count)).expect(metric("plugin.requests", 1));
    }
    let lines: Vec<_> = sim.logs().into_iter().map(|line| line.message).collect();
    assert!(lines.contains(&"queued: 2".to_owned()), "{lines:?}");
}

#[test]
fn timers_fire_and_the_clock_is_the_tests() {
    let sim = Sim::new();
    let _filter = start(&sim);
    sim.advance(secs(2));
    let ticks: Vec<_> = sim.logs().into_iter().filter(|line| line.message.starts_with("tick")).collect();
    assert_eq!(ticks.len(), 2);
    assert_eq!(ticks[1].message, "tick at 1767225602");
}
