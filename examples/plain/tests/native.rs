//! Tests in Rust of a plugin that knows nothing of them.

use mesh_filter_test::prelude::*;
use mesh_filter_test::proxy_wasm;

#[mesh_filter_test::test]
fn the_upstreams_header_is_replaced(sim: &mut Sim) -> TestResult {
    let filter = sim.plugin(&proxy_wasm!(plain), json!({"value": "world"}))?;
    filter.upstream(reply(200).header("x-hello", "mars"));
    filter.request(get("/")).expect(header("x-hello", "world"));
    Ok(())
}

#[mesh_filter_test::test]
fn a_configuration_that_it_does_not_know_is_refused(sim: &mut Sim) {
    let error = sim.plugin(&proxy_wasm!(plain), json!({"values": 1})).unwrap_err();
    assert!(error.to_string().contains("unknown field `values`"), "{error}");
}

#[mesh_filter_test::test]
fn two_plugins_at_once_do_not_know_each_other(sim: &mut Sim) -> TestResult {
    let one = sim.plugin(&proxy_wasm!(plain), json!({"value": "one"}))?;
    let two = sim.plugin(&proxy_wasm!(plain), json!({"value": "two"}))?;
    one.request(get("/")).expect(header("x-hello", "one"));
    two.request(get("/")).expect(header("x-hello", "two"));
    Ok(())
}
