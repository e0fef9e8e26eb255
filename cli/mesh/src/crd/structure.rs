//! The structure of an object: types, required and unknown fields, bounds, patterns, as its definition has them.
//!
//! Only what OpenAPI v3 schemas of custom resources may have is known:
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation>.

use std::collections::HashSet;

use mesh_filter_runtime::document::suggest;
use regex::Regex;
use serde_json::{Map, Value};

use crate::resource::member;

use super::Violation;

/// What is wrong with the structure of `object`. What the API server itself knows (`metadata` and so on) is left out.
pub(super) fn check(schema: &Value, object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let Some(members) = object.as_object() else { return found };
    let properties = schema.get("properties");
    for required in texts(schema, "required").filter(|name| !members.contains_key(*name)) {
        found.push(Violation::new(required, "the field is required"));
    }
    for (key, value) in members.iter().filter(|(key, _)| matches!(key.as_str(), "spec" | "status")) {
        if let Some(schema) = properties.and_then(|properties| properties.get(key)) {
            node(schema, value, key, &mut found);
        }
    }
    found
}

fn node(schema: &Value, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let is = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
    if value.is_null() && is("nullable") {
        return;
    }
    if is("x-kubernetes-int-or-string") {
        if !value.is_string() && !value.is_i64() && !value.is_u64() {
            found
                .push(Violation::new(path, format!("expected an integer or a text, got {}", kind_of(value))));
        }
    } else if let Some(kind) = schema.get("type").and_then(Value::as_str)
        && !is_type(kind, value)
    {
        found.push(Violation::new(path, format!("expected {}, got {}", name_of(kind), kind_of(value))));
        return;
    }
    match value {
        Value::Object(members) => {
            object(schema, members, path, is("x-kubernetes-preserve-unknown-fields"), found)
        }
        Value::Array(items) => list(schema, items, path, found),
        Value::String(text) => string(schema, text, path, found),
        Value::Number(_) => number(schema, value, path, found),
        _ => {}
    }
    let choices = schema.get("enum").and_then(Value::as_array);
    if let Some(choices) = choices.filter(|choices| !choices.contains(value)) {
        let known: Vec<_> = choices.iter().map(|choice| format!("`{}`", plain(choice))).collect();
        found.push(Violation::new(
            path,
            format!("expected one of {}, got `{}`", known.join(", "), plain(value)),
        ));
    }
    if let Some(problem) = combinations(schema, value) {
        found.push(Violation::new(path, problem));
    }
}

fn object(schema: &Value, members: &Map<String, Value>, path: &str, open: bool, found: &mut Vec<Violation>) {
    for required in texts(schema, "required").filter(|name| !members.contains_key(*name)) {
        found.push(Violation::new(&member(path, required), "the field is required"));
    }
    bound(schema, "maxProperties", members.len(), |is, limit| is > limit, "members", path, found);
    bound(schema, "minProperties", members.len(), |is, limit| is < limit, "members", path, found);
    let properties = schema.get("properties").and_then(Value::as_object);
    let others = schema.get("additionalProperties").filter(|schema| schema.is_object());
    for (key, value) in members {
        let path = member(path, key);
        match properties.and_then(|properties| properties.get(key)).or(others) {
            Some(schema) => node(schema, value, &path, found),
            None if open => {}
            None => {
                let known: Vec<&str> =
                    properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                found.push(Violation::new(&path, format!("unknown field, {}", suggest(key, &known))));
            }
        }
    }
}

fn list(schema: &Value, items: &[Value], path: &str, found: &mut Vec<Violation>) {
    bound(schema, "maxItems", items.len(), |is, limit| is > limit, "items", path, found);
    bound(schema, "minItems", items.len(), |is, limit| is < limit, "items", path, found);
    let keys: Vec<&str> = texts(schema, "x-kubernetes-list-map-keys").collect();
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if !keys.is_empty() {
            let key: Vec<_> = keys.iter().map(|key| item.get(key).map(Value::to_string)).collect();
            if !seen.insert(key) {
                found.push(Violation::new(&path, format!("a second item with this `{}`", keys.join("`, `"))));
            }
        }
        if let Some(schema) = schema.get("items") {
            node(schema, item, &path, found);
        }
    }
}

fn string(schema: &Value, text: &str, path: &str, found: &mut Vec<Violation>) {
    let characters = text.chars().count();
    bound(schema, "maxLength", characters, |is, limit| is > limit, "characters", path, found);
    bound(schema, "minLength", characters, |is, limit| is < limit, "characters", path, found);
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
    {
        found.push(Violation::new(path, format!("`{text}` does not match `{pattern}`")));
    }
}

fn number(schema: &Value, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let Some(number) = value.as_f64() else { return };
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (low, high) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        _ => (None, None),
    };
    if let Some(limit) = limit("minimum").or(low).filter(|limit| number < *limit) {
        found.push(Violation::new(path, format!("expected at least {limit}, got {value}")));
    }
    if let Some(limit) = limit("maximum").or(high).filter(|limit| number > *limit) {
        found.push(Violation::new(path, format!("expected at most {limit}, got {value}")));
    }
}

/// `oneOf`, `anyOf`, `allOf` and `not`, which in definitions of custom resources only restrict.
fn combinations(schema: &Value, value: &Value) -> Option<String> {
    let fits = |schema: &Value| {
        let mut found = Vec::new();
        restriction(schema, value, &mut found);
        found.is_empty()
    };
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(choices) = list("oneOf") {
        let fitting = choices.iter().filter(|choice| fits(choice)).count();
        if fitting != 1 {
            return Some(format!("expected exactly one of {}", alternatives(choices)));
        }
    }
    if let Some(choices) = list("anyOf").filter(|choices| !choices.iter().any(fits)) {
        return Some(format!("expected at least one of {}", alternatives(choices)));
    }
    if list("allOf").is_some_and(|choices| !choices.iter().all(fits)) || schema.get("not").is_some_and(fits) {
        return Some("a combination of fields that is not allowed".to_owned());
    }
    None
}

/// A schema in `oneOf` and its siblings: it says nothing about unknown fields.
fn restriction(schema: &Value, value: &Value, found: &mut Vec<Violation>) {
    if let Some(kind) = schema.get("type").and_then(Value::as_str)
        && !is_type(kind, value)
    {
        found.push(Violation::new("", "type"));
        return;
    }
    match value {
        Value::Object(members) => {
            if texts(schema, "required").any(|name| !members.contains_key(name)) {
                found.push(Violation::new("", "required"));
            }
            let properties = schema.get("properties").and_then(Value::as_object);
            for (key, schema) in properties.into_iter().flatten() {
                if let Some(value) = members.get(key) {
                    restriction(schema, value, found);
                }
            }
        }
        Value::String(text) => string(schema, text, "", found),
        Value::Number(_) => number(schema, value, "", found),
        _ => {}
    }
    let choices = schema.get("enum").and_then(Value::as_array);
    if choices.is_some_and(|choices| !choices.contains(value)) || combinations(schema, value).is_some() {
        found.push(Violation::new("", "combination"));
    }
}

/// The fields that alternatives ask for, as far as they say so.
fn alternatives(choices: &[Value]) -> String {
    let names: Vec<_> =
        choices.iter().flat_map(|choice| texts(choice, "required")).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "several forms".to_owned() } else { names.join(", ") }
}

fn bound(
    schema: &Value,
    key: &str,
    is: usize,
    breaks: impl Fn(usize, usize) -> bool,
    of: &str,
    path: &str,
    found: &mut Vec<Violation>,
) {
    let limit = schema.get(key).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    if let Some(limit) = limit.filter(|limit| breaks(is, *limit)) {
        let side = if key.starts_with("max") { "at most" } else { "at least" };
        found.push(Violation::new(path, format!("expected {side} {limit} {of}, got {is}")));
    }
}

fn texts<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn is_type(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn name_of(kind: &str) -> &str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "`true` or `false`",
        "integer" => "an integer",
        "number" => "a number",
        other => other,
    }
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(_) => format!("the text `{}`", plain(value)),
        _ => format!("`{value}`"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
