//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use header_rewrite::HeaderRewrite;
use mesh_filter_test::config_schema::{ConfigSchema, UNKNOWN};
use mesh_filter_test::prelude::*;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../config.schema.json");

/// A configuration with a rule that has this field.
fn rule(field: &str, value: &Value) -> Value {
    json!({"rules": [{field: value}]})
}

/// A configuration with this operation on headers.
fn mutation(name: &str, value: &Value) -> Value {
    rule("request_mutations", &json!([{name: value}]))
}

/// A configuration with this operation on the query.
fn parameter(name: &str, value: &Value) -> Value {
    rule("query_parameter_mutations", &json!([{name: value}]))
}

/// A configuration with this condition.
fn matches(field: &str, value: &Value) -> Value {
    rule("match", &json!({field: value}))
}

/// Where each definition of the schema stands, with an unknown field in it.
fn places() -> Vec<(&'static str, Value)> {
    let unknown = json!({UNKNOWN: 1});
    let list = json!([unknown]);
    vec![
        ("", unknown.clone()),
        ("rule", json!({"rules": list})),
        ("match", rule("match", &unknown)),
        ("header_match", matches("headers", &list)),
        ("value_match", matches("cookies", &list)),
        ("claim_match", matches("claims", &list)),
        ("cidr_range", matches("remote_ip", &list)),
        ("runtime_fraction", matches("runtime_fraction", &unknown)),
        ("fraction", matches("runtime_fraction", &json!({"default_value": unknown}))),
        ("text", matches("headers", &json!([{"name": "x", "string_match": unknown}]))),
        ("regex", matches("safe_regex", &unknown)),
        ("mutation", rule("request_mutations", &list)),
        ("append", mutation("append", &unknown)),
        ("header", mutation("append", &json!({"header": unknown}))),
        ("remove_on_match", mutation("remove_on_match", &unknown)),
        ("transfer", mutation("rename", &unknown)),
        ("header_regex", mutation("regex_rewrite", &unknown)),
        ("path_regex", rule("regex_rewrite", &unknown)),
        ("dedupe", mutation("dedupe", &unknown)),
        ("parameter_mutation", rule("query_parameter_mutations", &list)),
        ("parameter_append", parameter("append", &unknown)),
        ("record", parameter("append", &json!({"record": unknown}))),
        ("parameter_rename", parameter("rename", &unknown)),
        ("mutation_rules", json!({"mutation_rules": unknown})),
        ("limits", json!({"limits": unknown})),
        ("claims", json!({"claims": unknown})),
        ("token_header", json!({"claims": {"token_header": unknown}})),
        ("payload_in_metadata", json!({"claims": {"payload_in_metadata": unknown}})),
    ]
}

/// The words of each enumeration, and a configuration with one that it has not.
fn enumerations() -> Vec<(&'static str, Value)> {
    let action = json!({"header": {"key": "x"}, "append_action": UNKNOWN});
    let fraction = json!({"default_value": {"numerator": 1, "denominator": UNKNOWN}});
    vec![
        ("append_action", mutation("append", &action)),
        ("mutation/properties/preset", mutation("preset", &json!(UNKNOWN))),
        ("dedupe/properties/strategy", mutation("dedupe", &json!({"header": "x", "strategy": UNKNOWN}))),
        ("fraction/properties/denominator", matches("runtime_fraction", &fraction)),
    ]
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_fields::<HeaderRewrite>(sim, &places())?)
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_words_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_words::<HeaderRewrite>(sim, &enumerations())?)
}
