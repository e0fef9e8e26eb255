//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use jwt_auth::JwtAuth;
use mesh_filter_test::config_schema::{ConfigSchema, UNKNOWN};
use mesh_filter_test::prelude::*;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../config.schema.json");

/// A configuration with one more provider's field.
fn provider(field: &str, value: &Value) -> Value {
    json!({"providers": {"p": {field: value}}, "rules": []})
}

/// A configuration with a rule that has this field.
fn rule(field: &str, value: &Value) -> Value {
    json!({"providers": {}, "rules": [{field: value}]})
}

/// Where each definition of the schema stands, with an unknown field in it.
fn places() -> Vec<(&'static str, Value)> {
    let unknown = || json!({UNKNOWN: 1});
    let requires = |value: &Value| rule("requires", value);
    vec![
        ("", json!({UNKNOWN: 1})),
        ("provider", provider(UNKNOWN, &json!(1))),
        ("local_jwks", provider("local_jwks", &unknown())),
        ("remote_jwks", provider("remote_jwks", &unknown())),
        ("http_uri", provider("remote_jwks", &json!({"http_uri": unknown()}))),
        ("refetch", provider("remote_jwks", &json!({"refetch_on_unknown_kid": unknown()}))),
        ("retry_policy", provider("remote_jwks", &json!({"retry_policy": unknown()}))),
        ("retry_back_off", provider("remote_jwks", &json!({"retry_policy": {"retry_back_off": unknown()}}))),
        ("from_header", provider("from_headers", &json!([unknown()]))),
        ("claim_to_header", provider("claim_to_headers", &json!([unknown()]))),
        ("jwt_cache_config", provider("jwt_cache_config", &unknown())),
        ("rule", rule(UNKNOWN, &json!(1))),
        ("match", rule("match", &unknown())),
        ("header_match", rule("match", &json!({"headers": [unknown()]}))),
        ("parameter_match", rule("match", &json!({"query_parameters": [unknown()]}))),
        ("text", provider("subjects", &unknown())),
        ("regex", provider("subjects", &json!({"safe_regex": unknown()}))),
        ("requirement", requires(&unknown())),
        ("provider_and_audiences", requires(&json!({"provider_and_audiences": unknown()}))),
        ("requirements", requires(&json!({"requires_any": unknown()}))),
        ("nothing", requires(&json!({"allow_missing": unknown()}))),
        ("authorization", rule("authorization", &unknown())),
        ("claim_match", rule("authorization", &json!({"claims": [unknown()]}))),
    ]
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_fields::<JwtAuth>(sim, &places())?)
}
