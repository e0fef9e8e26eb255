//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use hmac_auth::HmacAuth;
use mesh_filter_test::config_schema::{ConfigSchema, UNKNOWN};
use mesh_filter_test::prelude::*;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../config.schema.json");

/// A configuration with a rule that has this field.
fn rule(field: &str, value: &Value) -> Value {
    json!({"keys": [], "rules": [{field: value}]})
}

/// A configuration with a rule that verifies so.
fn verify(field: &str, value: &Value) -> Value {
    rule("verify", &json!({field: value}))
}

/// A configuration that signs so.
fn sign(field: &str, value: &Value) -> Value {
    json!({"keys": [], "sign": [{field: value}]})
}

/// Where each definition of the schema stands, with an unknown field in it.
fn places() -> Vec<(&'static str, Value)> {
    let unknown = || json!({UNKNOWN: 1});
    let text = |value: &Value| rule("match", &json!({"headers": [{"name": "x", "string_match": value}]}));
    vec![
        ("", json!({UNKNOWN: 1})),
        ("key", json!({"keys": [unknown()]})),
        ("key_secret", json!({"keys": [{"secrets": [unknown()]}]})),
        ("secret", sign("session_token", &unknown())),
        ("rule", rule(UNKNOWN, &json!(1))),
        ("verify", verify(UNKNOWN, &json!(1))),
        ("nonce", verify("nonce", &unknown())),
        ("sign", sign(UNKNOWN, &json!(1))),
        ("custom", verify("custom", &unknown())),
        ("literal", verify("custom", &json!({"components": [unknown()]}))),
        ("timestamp", verify("custom", &json!({"timestamp": unknown()}))),
        ("match", rule("match", &unknown())),
        ("header_match", rule("match", &json!({"headers": [unknown()]}))),
        ("parameter_match", rule("match", &json!({"query_parameters": [unknown()]}))),
        ("text", text(&unknown())),
        ("regex", text(&json!({"safe_regex": unknown()}))),
    ]
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_fields::<HmacAuth>(sim, &places())?)
}
