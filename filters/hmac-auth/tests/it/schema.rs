//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use hmac_auth::HmacAuth;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// A field that nothing has.
const UNKNOWN: &str = "no_field_at_all";

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

/// The names in backticks.
fn names(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.schema.json"))?;
    let schema: Value = serde_json::from_str(&text)?;
    let mut seen = BTreeSet::new();
    for (name, config) in places() {
        let error =
            sim.filter::<HmacAuth>(config.clone()).err().map(|error| error.to_string()).unwrap_or_default();
        let (_, expected) = error.split_once("expected").unwrap_or_default();
        let (expected, _) = expected.split_once(" at line").unwrap_or((expected, ""));
        assert!(error.contains(UNKNOWN), "{name}: {error}");
        let definition = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        assert_eq!(definition["additionalProperties"], false, "{name}");
        let fields = definition["properties"].as_object().into_iter().flatten();
        assert_eq!(
            fields.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(),
            names(expected),
            "{name}: {error}"
        );
        seen.insert(name);
    }
    let objects =
        schema["$defs"].as_object().into_iter().flatten().filter(|(_, value)| value["type"] == "object");
    assert!(objects.clone().all(|(name, _)| seen.contains(name.as_str())), "{objects:?}");
    Ok(())
}
