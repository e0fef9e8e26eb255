//! `#[mesh_filter_test::test]` and `#[proptest]`, natively: modules are those of the examples.

use crate::probe::Probe;
use mesh_filter_test::prelude::*;

#[mesh_filter_test::test(engine = "native", clock = "2030-01-01T00:00:00Z")]
fn the_clock_begins_where_the_test_says(sim: &mut Sim) -> TestResult {
    let filter = sim.filter::<Probe>(json!({}))?;
    filter.request(get("/time")).upstream(header("x-time", "1893456000000"));
    Ok(())
}

#[mesh_filter_test::test(engine = "native")]
#[should_panic(expected = "header `x-greeting`: expected `bye`, got `hello`")]
fn a_test_may_be_expected_to_fail(sim: &mut Sim) -> TestResult {
    let filter = sim.filter::<Probe>(json!({"greeting": "hello"}))?;
    filter.request(get("/")).expect(header("x-greeting", "bye"));
    Ok(())
}

#[mesh_filter_test::test(engine = "native")]
fn a_soak_sends_all_its_requests(sim: &mut Sim) -> TestResult {
    sim.filter::<Probe>(json!({}))?.soak(1000, get("/"))?;
    assert_eq!(sim.metric("probe.requests"), 1000);
    Ok(())
}

#[test]
fn an_error_of_a_test_is_shown_as_it_reads_with_its_causes() {
    let fails = || -> TestResult {
        Sim::new().filter::<Probe>(json!({"greetings": "x"}))?;
        Ok(())
    };
    let shown = format!("{:?}", fails().unwrap_err());
    assert!(shown.contains("unknown field `greetings`") && !shown.contains("FilterError"), "{shown}");
}
