//! The Rust API.

use crate::probe::Probe;
use mesh_filter_test::prelude::*;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn filter(sim: &Sim) -> TestFilter {
    sim.filter::<Probe>(json!({"greeting": "hello"})).unwrap()
}

#[test]
fn a_request_goes_through_the_filter_and_comes_back() {
    let sim = Sim::new();
    let filter = filter(&sim);
    filter.upstream(reply(201).header("x-up", "1").body("made"));
    filter
        .request(post("/cart").header("x-user", "alice").body("two"))
        .expect(status(201))
        .expect(header("x-greeting", "hello"))
        .expect(body("made"))
        .expect(metric("probe.requests", 1))
        .upstream(header("x-user", "alice"))
        .upstream(header(":path", starts("/ca")))
        .upstream(body(contains("w")));
}

#[test]
fn a_local_reply_leaves_the_upstream_alone() {
    let sim = Sim::new();
    filter(&sim)
        .request(get("/deny"))
        .expect(status(403))
        .expect(no_upstream_call())
        .expect(no_header("x-up"));
}

#[test]
fn waiting_for_a_callout_takes_virtual_time_only() {
    let sim = Sim::new();
    let filter = filter(&sim);
    let who = sim.cluster("who");
    who.reply(reply(200).body("alice").delay(ms(99)));
    let waiting = filter.open(get("/ask/who"));
    assert_eq!(waiting.paused_on(), Paused::Callout("who"));
    sim.advance(ms(98));
    assert!(!waiting.is_done());
    sim.advance(ms(1));
    assert!(waiting.is_done());
    assert_eq!(waiting.paused_on(), Paused::Done);
    waiting.finish().upstream(header("x-who", "alice"));
    assert_eq!(who.requests()[0].body, b"me");

    who.reply(reply(200).delay(ms(100)));
    filter.request(get("/ask/who")).upstream(no_header("x-who")).expect(log(Level::Warn, contains("100ms")));
    who.fail(Fault::Reset);
    filter.request(get("/ask/who")).upstream(no_header("x-who")).expect(status(200));
    who.fail(Fault::NoCluster);
    filter.request(get("/ask/who")).upstream(no_header("x-who")).expect(status(200));
    assert_eq!(who.calls(), 3);
}

#[test]
fn properties_are_those_of_the_test_and_outside_of_exchanges_those_that_a_proxy_knows_there() {
    let sim = Sim::new();
    sim.property("xds.node.id", "node-7");
    sim.property("source.address", "192.0.2.7:4711");
    for path in ["xds.node.id", "source.address"] {
        sim.filter::<Probe>(json!({"property": path})).unwrap();
    }
    let logs: Vec<_> = sim.logs().into_iter().map(|line| line.message).collect();
    assert_eq!(logs, ["xds.node.id is Some(\"node-7\")", "source.address is None"]);
    let filter = filter(&sim);
    filter.request(get("/property/source.address")).upstream(header("x-property", "192.0.2.7:4711"));
    filter
        .request(get("/property/source.address").property("source.address", "::1"))
        .upstream(header("x-property", "::1"));
    filter.request(get("/set/note/seven")).expect(set_property("note", starts("sev")));
}

#[test]
fn an_exchange_says_what_it_waits_for() {
    let sim = Sim::new().workers(2);
    let filter = filter(&sim);
    sim.cluster("who").reply(reply(200).delay(ms(10)));
    let asking = filter.open(get("/ask/who"));
    let held = filter.open(get("/hang"));
    assert_eq!(held.paused_on(), Paused::Callout("who"), "the other worker's");
    assert!(asking.finish().response().is_some());
    assert_eq!(held.paused_on(), Paused::Filter);
    filter.upstream(reply(200).delay(ms(10)));
    let sent = filter.open(get("/"));
    assert_eq!(sent.paused_on(), Paused::Upstream);
    sent.finish().expect(status(200));
    drop(held);
}

#[test]
fn timers_fire_when_time_passes() {
    let sim = Sim::new();
    let flags = sim.cluster("flags");
    let _filter = sim.filter::<Probe>(json!({"tick_ms": 1000})).unwrap();
    sim.advance(ms(999));
    assert_eq!(flags.calls(), 0);
    sim.advance(secs(2));
    assert_eq!(flags.calls(), 2);
    assert_eq!(sim.metric("probe.ticks"), 2);
}

#[test]
fn a_refused_configuration_is_an_error_that_says_why() {
    let error = Sim::new().filter::<Probe>(json!({"greetings": "x"})).unwrap_err();
    assert!(error.to_string().contains("unknown field `greetings`"), "{error}");
    let error = Sim::new().filter::<Probe>(json!({"greeting": "panic"})).unwrap_err();
    assert!(error.to_string().contains("trapped in `proxy_on_configure`"), "{error}");
}

#[test]
fn the_clock_is_that_of_the_test() {
    let sim = Sim::at(std::time::UNIX_EPOCH + secs(60));
    sim.advance(ms(5));
    filter(&sim).request(get("/time")).upstream(header("x-time", "60005"));
}

#[test]
#[should_panic(expected = "header `x-greeting`: expected `bye`, got `hello`")]
fn an_expectation_that_does_not_hold_fails_the_test() {
    filter(&Sim::new()).request(get("/")).expect(header("x-greeting", "bye"));
}

#[test]
#[should_panic(expected = "the request hangs: the filter holds the request headers")]
fn a_request_that_can_never_end_fails_the_test() {
    let _ = filter(&Sim::new()).request(get("/hang"));
}

#[test]
#[should_panic(expected = "no mock (no cluster is mocked)")]
fn a_callout_to_a_cluster_without_mock_fails_the_test() {
    let _ = filter(&Sim::new()).request(get("/ask/who"));
}

#[test]
#[should_panic(expected = "the plugin trapped: panicked at ")]
fn a_panic_of_the_filter_fails_the_test() {
    let _ = filter(&Sim::new()).request(get("/panic"));
}

#[test]
fn a_panic_is_a_503_where_the_test_allows_it() {
    let sim = Sim::new().allow_traps();
    let filter = filter(&sim);
    filter.request(get("/panic")).expect(status(503));
    filter.request(get("/")).expect(status(503)).expect(no_upstream_call());
}

#[test]
fn two_runs_leave_the_same_timeline() {
    let run = || {
        let sim = Sim::new();
        sim.cluster("who").reply(reply(200).body("alice").delay(ms(3)));
        let filter = filter(&sim);
        filter.request(get("/ask/who").body("x")).expect(status(200));
        sim.timeline()
    };
    assert_eq!(run(), run());
    assert!(run().contains("+3ms      on_http_call_response"), "{}", run());
}
