//! What a body becomes does not depend on the chunks in which it arrives.

use body_rewrite::BodyRewrite;
use mesh_filter_test::prelude::*;

#[mesh_filter_test::proptest(cases = 128)]
fn chunks_cannot_be_seen_in_the_result(
    sim: &mut Sim,
    #[strategy("[ab]{0,24}")] page: String,
    cuts: Cuts,
) -> TestResult {
    let filter = sim.filter::<BodyRewrite>(json!({"from": "aab", "to": "<b>"}))?;
    filter.upstream(reply(200).header("content-type", "text/html").chunks(cuts.of(page.clone())));
    filter.request(get("/")).expect(body(page.replace("aab", "<b>").as_str()));
    Ok(())
}

#[mesh_filter_test::test]
fn an_empty_pattern_is_refused(sim: &mut Sim) {
    let refused =
        sim.filter::<BodyRewrite>(json!({"from": "", "to": "x"})).err().map(|error| error.to_string());
    assert!(refused.as_ref().is_some_and(|error| error.contains("the pattern is empty")), "{refused:?}");
}

/// A page without the pattern costs a search and no copy.
#[mesh_filter_test::test(
    engine = "wasm",
    budget(fuel = 80_000, hostcalls = 40, memory = "4MiB", heap_growth = 0)
)]
fn a_page_of_sixteen_kilobytes_is_cheap(sim: &mut Sim) -> TestResult {
    let filter =
        sim.filter::<BodyRewrite>(json!({"from": "https://foo.com", "to": "https://bar.example"}))?;
    let page = "<p>nothing to be found in here</p> ".repeat(480);
    filter.upstream(reply(200).header("content-type", "text/html").body(page));
    filter.soak(200, get("/"))
}
