//! Each example, as it ships and with the configuration of its own manifest, is sent what every filter is sent.

use serde_json::{Value, json};

use super::exchanges::{Exchange, common, get, http2};
use super::{Pair, assert_same, routes};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::{example, examples};

fn more() -> Vec<Exchange> {
    vec![
        get("spoofed cohort", "/echo", "X-Test-Cohort: mine\nx-test-cohort: mine too\n"),
        get("page", "/page", "Accept-Encoding: gzip\n"),
        get("page in chunks", "/page-in-chunks", ""),
        get("page until close", "/page-until-close", ""),
        get("compressed page", "/page-compressed", ""),
        http2("page", &["http://ADDRESS/page"]),
    ]
}

/// Examples whose answers depend on the moment or on chance; their scenarios play in both, with one clock.
const BY_TIME_OR_CHANCE: [&str; 2] = ["token-bucket", "variant-split"];

/// Lets nothing through to those behind it.
const REFUSES: &str = "jwt-check";

#[test]
fn examples_act_as_they_do_in_envoy() {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut examples = examples();
    examples.retain(|package| !BY_TIME_OR_CHANCE.contains(&text(&package["name"]).as_str()));
    assert!(examples.len() >= 4, "only {} examples", examples.len());
    let chain = |package: &Value| {
        let (name, metadata) = (text(&package["name"]), &package["metadata"]["mesh-filter"]);
        let configuration = metadata["config"].to_string();
        let mut filter = Filter::new(&text(&metadata["root_id"]), &example(&name), &configuration);
        filter.hold_headers = metadata["hold_headers"] == json!(true);
        (name, vec![filter])
    };
    let mut chains: Vec<_> = examples.iter().map(chain).collect();
    let passing = examples.iter().filter(|package| package["name"] != REFUSES);
    let all = passing.flat_map(|package| chain(package).1).collect();
    chains.push(("all in one chain".to_owned(), all));

    let listeners: Vec<_> =
        chains.iter().map(|(name, filters)| listener(name, filters, &routes(), &json!({}))).collect();
    let Some(pair) = Pair::start("parity-examples", &listeners) else { return };
    let exchanges: Vec<_> = common().into_iter().chain(more()).collect();
    let differences: Vec<_> = chains.iter().flat_map(|(name, _)| pair.compare(name, &exchanges)).collect();
    assert_same(&differences);
}
