//! What a plugin is given: L06 the id of its root context, L07 its configuration.

use serde_json::Value;

use super::facts::Subject;
use super::{Facts, Finding, Level, Rule};
use crate::Kind;
use crate::config_schema as schema;
use crate::declared::Configuration;

/// Largest integer below which doubles have all integers (IEEE 754).
const EXACT: u64 = 1 << 53;

pub(super) const L06: Rule = Rule {
    id: "L06",
    level: Level::Error,
    title: "the id of the root context is none of the module's",
    explanation: "\
`pluginName` of Istio and `rootID` of Envoy Gateway become `root_id` in Envoy, which creates a root context
for it and lets the module find its own by that id. Modules of the C++ and Go SDKs register contexts by id: for
an id that they lack, the configuration is refused or no callback of theirs runs, while the filter is in place.
Modules of Rust mostly ignore it. An image says in `runtime-config.json` (`config.root_ids`) which ids it has.

Write one of these ids, or leave the field out where the list has the empty one.",
    evidence: &["solo-io/wasm: spec of wasm images"],
    check: root_id,
};

pub(super) const L07: Rule = Rule {
    id: "L07",
    level: Level::Error,
    title: "a configuration is not what the filter reads",
    explanation: "\
The proxy gives the configuration to `proxy_on_configure` as bytes and knows nothing of its form. A filter that
refuses it makes Envoy reject the filter: with FAIL_CLOSE every request gets 500 or 503. Istio puts
`pluginConfig` through a protobuf Struct first, where all numbers are doubles: integers beyond 2^53 lose digits;
Envoy Gateway passes the text and keeps them. `_rules_` is a convention of Higress, which nothing else reads.

An image of `cargo mesh-filter package` carries the JSON Schema of its configuration, which this rule applies.",
    evidence: &["higress: hgctl plugin", "google.protobuf.Struct: number_value is a double"],
    check: configuration,
};

fn root_id(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let Some(plugin) = plugin(&subject).filter(|plugin| !plugin.root_ids.is_empty()) else { continue };
        let given = &subject.declared.root_id;
        if plugin.root_ids.contains(given) {
            continue;
        }
        let path = match subject.resource.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => subject.path("pluginName"),
            Kind::EnvoyExtensionPolicy => subject.path("rootID"),
            Kind::EnvoyFilter => subject.envoy_path("root_id"),
        };
        let known: Vec<_> = plugin.root_ids.iter().map(|id| format!("`{id}`")).collect();
        out.push(if plugin.root_ids.iter().all(String::is_empty) {
            let message = format!("`{given}` is ignored: the module has one root context, without an id");
            L06.at(subject.resource, &path, message).level(Level::Info).help("the field may go away")
        } else {
            let got = if given.is_empty() { "no id".to_owned() } else { format!("`{given}`") };
            let message =
                format!("expected a root context of the module, {}, and got {got}", known.join(" or "));
            L06.at(subject.resource, &path, message).help(format!(
                "write `{}: {}`",
                path.rsplit('.').next().unwrap_or_default(),
                plugin.root_ids.join("` or `")
            ))
        });
    }
}

fn plugin<'a>(subject: &Subject<'a>) -> Option<&'a super::Plugin> {
    subject.image?.loaded.as_ref()?.plugin.as_ref()
}

fn configuration(facts: &Facts, out: &mut Vec<Finding>) {
    for one in &facts.crates {
        let (Some(schema), Some(value)) = (&one.schema, &one.configuration) else { continue };
        for problem in schema::check(schema, value) {
            let path = schema::join("package.metadata.mesh-filter.config", &problem.path);
            let mut finding = L07.about(&one.manifest, problem.problem);
            finding.place.path = path;
            out.push(finding.help("the default configuration has to fit `config.schema.json` beside it"));
        }
    }
    for subject in facts.plugins() {
        let path = match subject.resource.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => subject.path("pluginConfig"),
            Kind::EnvoyExtensionPolicy => subject.path("config"),
            Kind::EnvoyFilter => format!("{}.value", subject.envoy_path("configuration")),
        };
        let text_value;
        let value = match &subject.declared.configuration {
            Configuration::Json(value) => Some(value),
            Configuration::Absent => None,
            Configuration::Text(text) => {
                text_value = serde_json::from_str::<Value>(text).ok();
                text_value.as_ref()
            }
        };
        let as_text = matches!(subject.declared.configuration, Configuration::Text(_));
        if let Some(schema) = plugin(&subject).and_then(|plugin| plugin.schema.as_ref()) {
            match (value, as_text) {
                (None, true) => out.push(
                    L07.at(subject.resource, &path, "expected JSON, as the filter's schema describes it")
                        .help("write the configuration as compact JSON in a text"),
                ),
                // A plugin without a configuration is given nothing, and reads it as no field.
                _ => {
                    let empty = Value::Object(serde_json::Map::new());
                    for problem in schema::check(schema, value.unwrap_or(&empty)) {
                        let at = if as_text { path.clone() } else { schema::join(&path, &problem.path) };
                        let inside = if as_text && !problem.path.is_empty() {
                            format!("`{}`: ", problem.path)
                        } else {
                            String::new()
                        };
                        out.push(
                            L07.at(subject.resource, &at, format!("{inside}{}", problem.problem))
                                .help("the JSON Schema of the filter's configuration is in its image: `cargo mesh-filter inspect REF --format json`"),
                        );
                    }
                }
            }
        }
        let Some(value) = value else { continue };
        if !as_text && !value.is_object() && subject.resource.kind != Kind::EnvoyExtensionPolicy {
            out.push(
                L07.at(subject.resource, &path, "expected an object")
                    .help("Istio reads it as a protobuf Struct"),
            );
        }
        // A text is not read by Istio, and Envoy Gateway passes JSON as it is.
        if !as_text && subject.resource.kind != Kind::EnvoyExtensionPolicy {
            for (at, number) in large_integers(value) {
                let message = format!(
                    "`{number}` becomes a double on its way, and `{}` arrives: integers are exact up to 2^53 only",
                    as_double(number)
                );
                out.push(
                    L07.at(subject.resource, &schema::join(&path, &at), message)
                        .help("write it as a text, if the filter reads one"),
                );
            }
        }
        if value.get("_rules_").is_some() {
            let message = "`_rules_` is read by Higress alone: here the filter gets it as any other field";
            out.push(
                L07.at(subject.resource, &schema::join(&path, "_rules_"), message)
                    .help("write one resource for each set of routes, with `match` or targets"),
            );
        }
    }
}

/// The integers that a double does not have, with their paths.
fn large_integers(value: &Value) -> Vec<(String, &serde_json::Number)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                open.extend(members.iter().map(|(key, value)| (schema::join(&path, key), value)));
            }
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)));
            }
            Value::Number(number) => {
                let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
                if size.is_some_and(|size| size > EXACT) {
                    found.push((path, number));
                }
            }
            _ => {}
        }
    }
    found
}

/// The number as a filter sees it.
fn as_double(number: &serde_json::Number) -> String {
    number.as_f64().map_or_else(|| number.to_string(), |double| format!("{double}"))
}
