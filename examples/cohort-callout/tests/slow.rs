//! A service that is too slow, as a test in Rust.

use cohort_callout::CohortCallout;
use mesh_filter_test::prelude::*;

#[mesh_filter_test::test]
fn a_slow_answer_is_no_answer(sim: &mut Sim) -> TestResult {
    let config =
        json!({"cluster": "bucket", "header": "x-test-cohort", "timeout_ms": 50, "fallback": "control"});
    let filter = sim.filter::<CohortCallout>(config)?;
    sim.cluster("bucket").reply(reply(200).body("blue").delay(ms(60)));
    filter.request(get("/cart")).upstream(header("x-test-cohort", "control"));
    Ok(())
}
