//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use jwt_auth::JwtAuth;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// A field that nothing has.
const UNKNOWN: &str = "no_field_at_all";

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
            sim.filter::<JwtAuth>(config.clone()).err().map(|error| error.to_string()).unwrap_or_default();
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
