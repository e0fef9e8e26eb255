//! The JSON Schema has the fields that the filter reads, neither more nor fewer.

use ab_bucket::AbBucket;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// A field that nothing has.
const UNKNOWN: &str = "no_field_at_all";

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
            sim.filter::<AbBucket>(config.clone()).err().map(|error| error.to_string()).unwrap_or_default();
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
    let mut objects = schema["$defs"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| value["properties"].is_object());
    assert!(objects.all(|(name, _)| seen.contains(name.as_str())), "{seen:?}");
    Ok(())
}

#[mesh_filter_test::test(engine = "native")]
fn the_schema_has_the_words_that_are_read(sim: &mut Sim) -> TestResult {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.schema.json"))?;
    let schema: Value = serde_json::from_str(&text)?;
    let definitions = &schema["$defs"];
    for (words, config) in [
        (&definitions["experiment"]["properties"]["hash"], experiment("hash", &json!(UNKNOWN))),
        (&definitions["unit"]["properties"]["peer"], json!({"unit": [{"peer": UNKNOWN}]})),
        (&definitions["cookie"]["properties"]["same_site"], json!({"sticky_cookie": {"same_site": UNKNOWN}})),
        (&definitions["secret"]["properties"]["encoding"], json!({"secret": {"encoding": UNKNOWN}})),
    ] {
        let error = sim.filter::<AbBucket>(config).err().map(|error| error.to_string()).unwrap_or_default();
        let (_, expected) = error.split_once("expected").unwrap_or_default();
        let (expected, _) = expected.split_once(" at line").unwrap_or((expected, ""));
        let listed: BTreeSet<String> = words["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        assert_eq!(listed, names(expected), "{error}");
    }
    Ok(())
}
