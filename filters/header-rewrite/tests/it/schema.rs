//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use header_rewrite::HeaderRewrite;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// A field that nothing has.
const UNKNOWN: &str = "no_field_at_all";

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
fn enumerations() -> Vec<(Vec<&'static str>, Value)> {
    let action = json!({"header": {"key": "x"}, "append_action": UNKNOWN});
    let fraction = json!({"default_value": {"numerator": 1, "denominator": UNKNOWN}});
    vec![
        (vec!["append_action"], mutation("append", &action)),
        (vec!["mutation", "properties", "preset"], mutation("preset", &json!(UNKNOWN))),
        (
            vec!["dedupe", "properties", "strategy"],
            mutation("dedupe", &json!({"header": "x", "strategy": UNKNOWN})),
        ),
        (vec!["fraction", "properties", "denominator"], matches("runtime_fraction", &fraction)),
    ]
}

/// The names in backticks behind `expected`.
fn names(error: &str) -> BTreeSet<String> {
    let (_, expected) = error.split_once("expected").unwrap_or_default();
    let (expected, _) = expected.split_once(" at line").unwrap_or((expected, ""));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn refusal(sim: &mut Sim, config: Value) -> String {
    let error = sim.filter::<HeaderRewrite>(config).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains(UNKNOWN), "{error}");
    error
}

fn schema() -> TestResult<Value> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.schema.json"))?;
    Ok(serde_json::from_str(&text)?)
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_fields_that_are_read(sim: &mut Sim) -> TestResult {
    let schema = schema()?;
    let mut seen = BTreeSet::new();
    for (name, config) in places() {
        let error = refusal(sim, config);
        let definition = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        assert_eq!(definition["additionalProperties"], false, "{name}");
        let fields = definition["properties"].as_object().into_iter().flatten();
        let fields: BTreeSet<_> = fields.map(|(name, _)| name.clone()).collect();
        assert_eq!(fields, names(&error), "{name}: {error}");
        seen.insert(name);
    }
    let objects =
        schema["$defs"].as_object().into_iter().flatten().filter(|(_, value)| value["type"] == "object");
    for (name, _) in objects {
        assert!(seen.contains(name.as_str()), "no configuration is made for `{name}`");
    }
    Ok(())
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_words_that_are_read(sim: &mut Sim) -> TestResult {
    let schema = schema()?;
    for (path, config) in enumerations() {
        let error = refusal(sim, config);
        let definition = path.iter().fold(&schema["$defs"], |definition, step| &definition[*step]);
        let words = definition["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        assert_eq!(words.map(str::to_owned).collect::<BTreeSet<_>>(), names(&error), "{path:?}");
    }
    Ok(())
}
