//! The published JSON Schema says of scenario files what their reader says.

use mesh_filter_runtime::document::Document;
use mesh_filter_test::scenario::{self, SCHEMA};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// Where a value is not as a schema says; of JSON Schema no more than the file has.
#[expect(clippy::panic, clippy::unwrap_used, reason = "a helper of tests")]
fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let Value::Object(keywords) = schema else { return Ok(()) };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fails = |why: String| Err(format!("{path}: {why}: {value}"));
    let count = |rule: &Value| usize::try_from(rule.as_u64().unwrap()).unwrap();
    for (keyword, rule) in keywords {
        match (keyword.as_str(), value) {
            ("$ref", _) => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#'));
                check(root, target.unwrap_or_else(|| panic!("{rule}")), value, path)?;
            }
            ("type", _) => {
                let kinds: Vec<&str> = match rule {
                    Value::String(one) => vec![one],
                    several => several.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect(),
                };
                if !(kinds.contains(&kind) || kind == "integer" && kinds.contains(&"number")) {
                    return fails(format!("not of {kinds:?}"));
                }
            }
            ("enum", _) if !rule.as_array().unwrap().contains(value) => {
                return fails(format!("not of {rule}"));
            }
            ("pattern", Value::String(text))
                if !Regex::new(rule.as_str().unwrap()).unwrap().is_match(text) =>
            {
                return fails(format!("not like {rule}"));
            }
            ("allOf", _) => {
                rule.as_array().unwrap().iter().try_for_each(|each| check(root, each, value, path))?;
            }
            ("anyOf", _) => {
                let each = rule.as_array().unwrap().iter().map(|each| check(root, each, value, path));
                let wrong: Vec<String> = each.clone().filter_map(Result::err).collect();
                if !each.clone().any(|one| one.is_ok()) {
                    return fails(format!("none of {wrong:?}"));
                }
            }
            ("items", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    check(root, rule, item, &format!("{path}[{index}]"))?;
                }
            }
            ("required", Value::Object(members)) => {
                let missing = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|name| !members.contains_key(name.as_str().unwrap()));
                if let Some(missing) = missing {
                    return fails(format!("without {missing}"));
                }
            }
            ("minItems", Value::Array(items)) if items.len() < count(rule) => {
                return fails("too few".to_owned());
            }
            ("minProperties", Value::Object(members)) if members.len() < count(rule) => {
                return fails("too few".to_owned());
            }
            ("maxProperties", Value::Object(members)) if members.len() > count(rule) => {
                return fails("too many".to_owned());
            }
            ("additionalProperties", Value::Object(members)) => {
                let known = keywords.get("properties").and_then(Value::as_object);
                for (name, member) in members {
                    let path = format!("{path}.{name}");
                    match known.and_then(|known| known.get(name)) {
                        Some(schema) => check(root, schema, member, &path)?,
                        None if *rule == Value::Bool(false) => return Err(format!("{path}: unknown")),
                        None => check(root, rule, member, &path)?,
                    }
                }
            }
            // `additionalProperties` stands beside all of these.
            ("properties", _) => assert!(keywords.contains_key("additionalProperties"), "{path}"),
            (
                "enum" | "pattern" | "items" | "required" | "minItems" | "minProperties" | "maxProperties",
                _,
            ) => {}
            (
                "additionalProperties"
                | "description"
                | "examples"
                | "title"
                | "$schema"
                | "$id"
                | "definitions",
                _,
            ) => {}
            (other, _) => panic!("this test does not know `{other}`"),
        }
    }
    Ok(())
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn validate(name: &str, text: &str) -> Result<(), String> {
    let schema = schema();
    let value = Document::parse(name, text).unwrap().root().to_json().unwrap();
    check(&schema, &schema, &value, name)
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn scenario_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            scenario_files(&path, files);
        } else if name.ends_with(".test.yaml") {
            files.push(path);
        }
    }
}

#[test]
fn every_scenario_file_of_the_repository_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    scenario_files(&root, &mut files);
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        validate(&file.display().to_string(), &std::fs::read_to_string(&file).unwrap()).unwrap();
    }
    for page in ["scenarios.md", "guide.md"] {
        let text = std::fs::read_to_string(root.join("docs").join(page)).unwrap();
        for block in text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            validate(page, block).unwrap();
        }
    }
}

#[test]
fn what_the_reader_refuses_is_not_valid() {
    let step = |step: &str| format!("version: 1\nscenarios: [{{name: a, steps: [{step}]}}]");
    for text in [
        "version: 2\nscenarios: [{name: a, steps: [{request: {}}]}]".to_owned(),
        "version: 1".to_owned(),
        "version: 1\nscenarios: []".to_owned(),
        "version: 1\nscenarios: [{name: a}]".to_owned(),
        step("{}"),
        step("{requst: {}}"),
        step("{request: {path: [/]}}"),
        step("{request: {headers: {a: {b: c}}}}"),
        step("{request: {body: {text: a, json: b}}}"),
        step("{request: {}, repeat: many}"),
        step("{advance: soon}"),
        step("{mock: {a: {fail: slow}}}"),
        step("{request: {}, expect: {upstream: notcalled}}"),
        step("{request: {}, expect: {response: {status: {equal: 200}}}}"),
        step("{request: {}, expect: {response: {headers: {a: {golden: b}}}}}"),
        step("{request: {}, expect: {log: [{level: warning}]}}"),
        step("{request: {}, expect: {calls: [{on: request_heders}]}}"),
        step("{request: {}, expect: {budget: {fuel: {max: lots}}}}"),
        step("{request: {}, expect: {distribution: {of: upstream.path}}}"),
    ] {
        assert!(validate("x", &text).is_err(), "{text}");
        assert!(scenario::parse(Path::new("x.test.yaml"), &text).is_err(), "{text}");
    }
    for text in [
        step("{request: {path: 7, headers: {a: [true, 1.5, null]}}}"),
        step("{request: \"{{x}}\", repeat: \"{{n}}\"}"),
    ] {
        validate("x", &text).unwrap();
    }
}

/// What the reader knows at a place: it lists it when it refuses something else.
#[expect(clippy::panic, clippy::unwrap_used, reason = "a helper of tests")]
fn known(file: &str) -> BTreeSet<String> {
    let error = scenario::parse(Path::new("x.test.yaml"), file).unwrap_err();
    let help = error.help().unwrap_or_default();
    let (_, known) = help.split_once("known here: ").unwrap_or_else(|| panic!("{file}\n{}", error.render()));
    known.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

#[test]
fn the_reader_and_the_schema_know_the_same_keys() {
    let top = |setting: &str| format!("version: 1\nscenarios: []\n{setting}");
    let step = |step: &str| format!("version: 1\nscenarios: [{{name: a, steps: [{step}]}}]");
    let expect = |expect: &str| step(&format!("{{request: {{}}, expect: {{{expect}}}}}"));
    // Where in the schema, joined where it has two for one of the reader's, and files with an unknown key there.
    let table: Vec<(&[&str], Vec<String>)> = vec![
        (&[""], vec!["x: 1".to_owned()]),
        (&["scenario"], vec!["version: 1\nscenarios: [{x: 1}]".to_owned()]),
        (&["plugin"], vec![top("plugin: {x: 1}")]),
        (&["chunking"], vec![top("chunking: {x: 1}")]),
        (&["random_chunks"], vec![top("chunking: {random: {x: 1}}")]),
        (&["property"], vec![top("properties: {a: {x: 1}}")]),
        (&["jwt"], vec!["version: 1\nvars: {a: {jwt: {x: 1}}, b: \"{{a}}\"}\nscenarios: []".to_owned()]),
        (&["step"], vec![step("{request: {}, x: 1}")]),
        (&["parallel"], vec![step("{parallel: {x: 1}}")]),
        (&["expect_of_each"], vec![step("{parallel: {count: 1, request: {}, expect: {x: 1}}}")]),
        (&["link"], vec![top("chain: [{x: 1}]")]),
        (&["interleave"], vec![step("{request: {}, interleave: {x: 1}}")]),
        (&["request"], vec![step("{request: {x: 1}}")]),
        (&["body"], vec![step("{request: {body: {x: 1}}}")]),
        (&["jwk"], vec![step("{request: {body: {jwks: [{x: 1}]}}}")]),
        (&["upstream_reply"], vec![step("{request: {}, upstream: {x: 1}}")]),
        (&["soak"], vec![step("{request: {}, soak: {x: 1}}")]),
        (&["http_rule", "grpc_rule"], vec![step("{mock: {a: {x: 1}}}")]),
        (&["reply"], vec![step("{mock: {a: {reply: {x: 1}}}}")]),
        (&["fail"], vec![step("{mock: {a: {fail: {x: 1}}}}")]),
        (&["when"], vec![step("{mock: {a: {when: {x: 1}, reply: {}}}}")]),
        (&["grpc_when"], vec![step("{mock: {a: {grpc: {x: 1}, reply: {}}}}")]),
        (&["grpc_reply"], vec![step("{mock: {a: {grpc: {}, reply: {x: 1}}}}")]),
        (&["fault"], vec![step("{fault: {x: 1}}")]),
        (&["trap_at"], vec![step("{fault: {trap_at: {x: 1}}}")]),
        (&["expect"], vec![expect("x: 1")]),
        (&["expect/properties/upstream"], vec![expect("upstream: {x: 1}")]),
        (&["expect/properties/response"], vec![expect("response: {x: 1}")]),
        (&["expect/properties/count"], vec![expect("count: {x: 1}")]),
        (&["condition"], vec![expect("response: {body: {x: 1}}")]),
        (&["property_condition"], vec![expect("set_properties: {a: {int: 1, x: 1}}")]),
        (&["callouts"], vec![expect("callouts: {a: {x: 1}}")]),
        (&["callout"], vec![expect("callouts: {a: [{x: 1}]}"), expect("callouts: {a: [{grpc: {}, x: 1}]}")]),
        (&["grpc_expectation"], vec![expect("callouts: {a: [{grpc: {x: 1}}]}")]),
        (&["log"], vec![expect("log: [{x: 1}]")]),
        (&["trap"], vec![expect("trap: {x: 1}")]),
        (&["budget"], vec![expect("budget: {x: 1}")]),
        (&["limit"], vec![expect("budget: {fuel: {x: 1}}")]),
        (&["call"], vec![expect("calls: [{x: 1}]")]),
        (&["distribution"], vec![expect("distribution: {x: 1}")]),
        (&["test"], vec![expect("distribution: {of: upstream.path, shares: {a: 1}, test: {x: 1}}")]),
        (
            &["chi_squared"],
            vec![expect("distribution: {of: upstream.path, shares: {a: 1}, test: {chi_squared: {x: 1}}}")],
        ),
        (&["transitions"], vec![expect("transitions: {x: 1}")]),
    ];
    let schema = schema();
    let properties = |name: &str| -> BTreeSet<String> {
        let at = if name.is_empty() { String::new() } else { format!("/definitions/{name}") };
        let found = schema.pointer(&format!("{at}/properties")).and_then(Value::as_object);
        found.into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    for (names, files) in &table {
        let schema: BTreeSet<String> = names.iter().flat_map(|name| properties(name)).collect();
        let reader: BTreeSet<String> = files.iter().flat_map(|file| known(file)).collect();
        let where_to = "mend runtime/test/schema/mesh-filter.test.v1.json";
        assert_eq!(reader, schema, "{names:?}: the reader on the left, the schema on the right; {where_to}");
    }
    // Bodies and headers may have one condition more than other values, which the reader does not list.
    for (name, more) in [("body_condition", "golden"), ("header_condition", "count")] {
        let mut keys = properties("condition");
        keys.insert(more.to_owned());
        assert_eq!(properties(name), keys, "{name}");
    }
    let compared: BTreeSet<&str> = table.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        let checked = compared.contains(name.as_str())
            || matches!(name.as_str(), "body_condition" | "header_condition");
        assert!(
            definition.get("properties").is_none() || checked,
            "nothing compares `{name}` with the reader"
        );
    }
}

#[test]
fn the_reader_and_the_schema_know_the_same_words() {
    let schema = schema();
    let step = |step: &str| format!("version: 1\nscenarios: [{{name: a, steps: [{step}]}}]");
    for (at, file) in [
        ("/properties/failure_policy", "version: 1\nfailure_policy: x\nscenarios: []".to_owned()),
        ("/properties/requires", "version: 1\nrequires: x\nscenarios: []".to_owned()),
        ("/definitions/grpc_when/properties/at", step("{mock: {a: {grpc: {at: x}, reply: {}}}}")),
        ("/definitions/log/properties/level", step("{request: {}, expect: {log: [{level: x}]}}")),
        ("/definitions/trap_at/properties/callback", step("{fault: {trap_at: {callback: x}}}")),
        ("/definitions/call/properties/on", step("{request: {}, expect: {calls: [{on: x}]}}")),
        (
            "/definitions/call/properties/action",
            step("{request: {}, expect: {calls: [{on: request_headers, action: x}]}}"),
        ),
        (
            "/definitions/jwt/properties/alg",
            "version: 1\nvars: {a: {jwt: {alg: x, claims: {}}}, b: \"{{a}}\"}\nscenarios: []".to_owned(),
        ),
    ] {
        let property = schema.pointer(at).unwrap();
        let words = property["examples"].as_array().unwrap();
        let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(property["pattern"], format!("^({})$|\\{{\\{{", words.join("|")), "{at}");
        assert_eq!(known(&file), words.into_iter().map(str::to_owned).collect(), "{at}");
    }
}
