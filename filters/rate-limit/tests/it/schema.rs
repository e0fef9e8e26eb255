//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use mesh_filter_test::config_schema::{ConfigSchema, UNKNOWN};
use mesh_filter_test::prelude::*;
use rate_limit::RateLimit;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../config.schema.json");

/// A configuration with a rule that has this field.
fn rule(field: &str, value: &Value) -> Value {
    let mut rule =
        json!({"name": "r", "actions": [], "token_bucket": {"max_tokens": 1, "fill_interval": "1s"}});
    rule.as_object_mut().into_iter().for_each(|rule| drop(rule.insert(field.to_owned(), value.clone())));
    json!({"rate_limits": [rule]})
}

/// A configuration with this field beside a rule.
fn beside(field: &str, value: &Value) -> Value {
    json!({field: value, "rate_limits": [{
        "name": "r",
        "actions": [],
        "token_bucket": {"max_tokens": 1, "fill_interval": "1s"},
    }]})
}

/// A configuration with an action that has an unknown field.
fn action(name: &str) -> Value {
    rule("actions", &json!([{name: {UNKNOWN: 1}}]))
}

/// A configuration with an unknown field of the service.
fn service() -> Value {
    let rule = json!({"name": "r", "actions": [{"method": {}}], "scope": "global"});
    json!({"rate_limits": [rule], "rate_limit_service": {UNKNOWN: 1}})
}

/// Where each definition of the schema stands, with an unknown field in it.
fn places() -> Vec<(&'static str, Value)> {
    let unknown = || json!({UNKNOWN: 1});
    let matching = |value: &Value| rule("match", value);
    let text = |value: &Value| matching(&json!({"headers": [{"name": "x", "string_match": value}]}));
    vec![
        ("", json!({UNKNOWN: 1})),
        ("rule", rule(UNKNOWN, &json!(1))),
        ("token_bucket", rule("token_bucket", &unknown())),
        ("fixed_window", json!({"rate_limits": [{"name": "r", "actions": [], "fixed_window": unknown()}]})),
        ("override", rule("overrides", &json!([unknown()]))),
        ("entries", rule("exempt", &json!([unknown()]))),
        ("entry", rule("exempt", &json!([{"entries": [unknown()]}]))),
        ("hits_addend", rule("hits_addend", &unknown())),
        ("action", rule("actions", &json!([unknown()]))),
        ("nothing", action("remote_address")),
        ("request_headers", action("request_headers")),
        ("query_parameters", action("query_parameters")),
        ("cookie", action("cookie")),
        ("jwt_claim", action("jwt_claim")),
        ("property", action("property")),
        ("masked_remote_address", action("masked_remote_address")),
        ("remote_address_match", action("remote_address_match")),
        ("generic_key", action("generic_key")),
        ("header_value_match", action("header_value_match")),
        ("query_parameter_value_match", action("query_parameter_value_match")),
        ("path", action("path")),
        ("rate_limit_service", service()),
        ("exempt", beside("exempt", &unknown())),
        ("client_address", beside("client_address", &unknown())),
        ("status", beside("status", &unknown())),
        ("body", beside("body", &unknown())),
        ("header_option", beside("response_headers_to_add", &json!([unknown()]))),
        ("header_value", beside("response_headers_to_add", &json!([{"header": unknown()}]))),
        ("percent", beside("filter_enabled", &unknown())),
        ("match", matching(&unknown())),
        ("header_match", matching(&json!({"headers": [unknown()]}))),
        ("parameter_match", matching(&json!({"query_parameters": [unknown()]}))),
        ("text", text(&unknown())),
        ("regex", text(&json!({"safe_regex": unknown()}))),
    ]
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    Ok(ConfigSchema::new(SCHEMA)?.has_the_fields::<RateLimit>(sim, &places())?)
}
