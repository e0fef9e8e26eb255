//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use ab_bucket::AbBucket;
use mesh_filter_test::config_schema::{ConfigSchema, UNKNOWN};
use mesh_filter_test::prelude::*;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../config.schema.json");

/// A configuration with an experiment that has this field.
fn experiment(field: &str, value: &Value) -> Value {
    json!({"experiments": [{field: value}]})
}

/// Where each definition of the schema stands, with an unknown field in it.
fn places() -> Vec<(&'static str, Value)> {
    let unknown = || json!({UNKNOWN: 1});
    let text = json!({"headers": [{"string_match": unknown()}]});
    vec![
        ("", json!({UNKNOWN: 1})),
        ("unit", json!({"unit": [unknown()]})),
        ("cookie", json!({"sticky_cookie": unknown()})),
        ("secret", json!({"secret": unknown()})),
        ("experiment", experiment(UNKNOWN, &json!(1))),
        ("variation", experiment("variations", &json!([unknown()]))),
        ("decision_service", experiment("decision_service", &unknown())),
        ("match", experiment("match", &unknown())),
        ("header_match", experiment("targeting", &json!({"headers": [unknown()]}))),
        ("parameter_match", experiment("match", &json!({"query_parameters": [unknown()]}))),
        ("text", experiment("match", &text)),
        ("regex", experiment("match", &json!({"safe_regex": unknown()}))),
    ]
}

/// The words of each enumeration, and a configuration with one that it has not.
fn enumerations() -> Vec<(&'static str, Value)> {
    vec![
        ("experiment/properties/hash", experiment("hash", &json!(UNKNOWN))),
        ("unit/properties/peer", json!({"unit": [{"peer": UNKNOWN}]})),
        ("cookie/properties/same_site", json!({"sticky_cookie": {"same_site": UNKNOWN}})),
        ("secret/properties/encoding", json!({"secret": {"encoding": UNKNOWN}})),
    ]
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_fields::<AbBucket>(sim, &places())?)
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_words_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_words::<AbBucket>(sim, &enumerations())?)
}
