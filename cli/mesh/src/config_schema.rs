//! A plugin's configuration against the JSON Schema that its author wrote.
//!
//! The keywords that schemas of configurations have are applied: types, values, members, items, bounds, patterns,
//! combinations and references within the schema. `format` and `if` only annotate here, and other keywords are left out:
//! what passes may still be refused by the filter, what is refused here breaks its schema.

use regex::Regex;
use serde_json::{Map, Value};

use crate::crd::Violation;
use crate::resource::member;

/// Deepest chain of references and members: a schema that refers to itself without end is not followed further.
const MAX_DEPTH: usize = 64;

/// What is wrong with a configuration; paths are those of the configuration, such as `rules[0].match`.
#[must_use]
pub fn check(schema: &Value, configuration: &Value) -> Vec<Violation> {
    Checker { root: schema }.check(schema, configuration, "", MAX_DEPTH)
}

/// Whether a number keeps to a limit.
type Holds = fn(f64, f64) -> bool;

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn check(&self, schema: &Value, value: &Value, path: &str, depth: usize) -> Vec<Violation> {
        let mut found = Vec::new();
        let Some(schema) = schema.as_object() else {
            if *schema == Value::Bool(false) {
                found.push(wrong(path, "nothing may stand here"));
            }
            return found;
        };
        let Some(depth) = depth.checked_sub(1) else { return found };
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        if let Some(target) = target.and_then(|pointer| self.root.pointer(pointer)) {
            found.extend(self.check(target, value, path, depth));
        }
        if let Some(problem) = kind(schema, value).or_else(|| choice(schema, value)) {
            found.push(wrong(path, problem));
            return found;
        }
        match value {
            Value::Object(members) => self.object(schema, members, path, depth, &mut found),
            Value::Array(items) => self.list(schema, items, path, depth, &mut found),
            Value::String(text) => string(schema, text, path, &mut found),
            Value::Number(_) => number(schema, value, path, &mut found),
            Value::Null | Value::Bool(_) => {}
        }
        self.combinations(schema, value, path, depth, &mut found);
        found
    }

    fn object(
        &self,
        schema: &Map<String, Value>,
        members: &Map<String, Value>,
        path: &str,
        depth: usize,
        found: &mut Vec<Violation>,
    ) {
        for name in texts(schema, "required").filter(|name| !members.contains_key(*name)) {
            found.push(wrong(&member(path, name), "the field is required"));
        }
        bounds(schema, ("minProperties", "maxProperties"), members.len(), "members", path, found);
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        for (key, value) in members {
            let path = member(path, key);
            let named = properties.and_then(|properties| properties.get(key));
            let matching = patterns.into_iter().flatten().filter(|(pattern, _)| matches(pattern, key));
            let known: Vec<_> = named.into_iter().chain(matching.map(|(_, schema)| schema)).collect();
            match schema.get("additionalProperties").filter(|_| known.is_empty()) {
                Some(Value::Bool(false)) => {
                    let names: Vec<_> =
                        properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                    let known = mesh_filter_runtime::document::suggest(key, &names);
                    found.push(wrong(&path, format!("unknown field, {known}")));
                }
                Some(schema) => found.extend(self.check(schema, value, &path, depth)),
                None => {
                    known.into_iter().for_each(|schema| found.extend(self.check(schema, value, &path, depth)))
                }
            }
        }
        if let Some(names) = schema.get("propertyNames") {
            let keys = members.keys().map(|key| (member(path, key), Value::String(key.clone())));
            found.extend(keys.flat_map(|(path, key)| self.check(names, &key, &path, depth)));
        }
    }

    fn list(
        &self,
        schema: &Map<String, Value>,
        items: &[Value],
        path: &str,
        depth: usize,
        found: &mut Vec<Violation>,
    ) {
        bounds(schema, ("minItems", "maxItems"), items.len(), "items", path, found);
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if let Some(schema) = first.get(index).or_else(|| schema.get("items")) {
                found.extend(self.check(schema, item, &path, depth));
            }
            let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
            if unique && items.iter().take(index).any(|other| other == item) {
                found.push(wrong(&path, "the same item stands here twice"));
            }
        }
    }

    fn combinations(
        &self,
        schema: &Map<String, Value>,
        value: &Value,
        path: &str,
        depth: usize,
        found: &mut Vec<Violation>,
    ) {
        let list = |key: &str| schema.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let results = |key: &str| -> Vec<_> {
            list(key).iter().map(|schema| self.check(schema, value, path, depth)).collect()
        };
        found.extend(results("allOf").into_iter().flatten());
        for (key, expected) in [("anyOf", "at least one"), ("oneOf", "exactly one")] {
            let results = results(key);
            let fitting = results.iter().filter(|result| result.is_empty()).count();
            let fits = fitting == 1 || (fitting > 1 && key == "anyOf") || results.is_empty();
            match results.into_iter().min_by_key(Vec::len) {
                _ if fits => {}
                // What fails least is most likely the form that was meant.
                Some(nearest) if fitting == 0 && nearest.iter().any(|one| one.path.len() > path.len()) => {
                    found.extend(nearest)
                }
                _ => found.push(wrong(
                    path,
                    format!("expected {expected} of {} forms, and {fitting} fit", list(key).len()),
                )),
            }
        }
        if schema.get("not").is_some_and(|schema| self.check(schema, value, path, depth).is_empty()) {
            found.push(wrong(path, "a form that is excluded"));
        }
    }
}

fn wrong(path: &str, problem: impl Into<String>) -> Violation {
    Violation { path: path.to_owned(), problem: problem.into() }
}

fn kind(schema: &Map<String, Value>, value: &Value) -> Option<String> {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => true,
    };
    let names: Vec<_> = match schema.get("type")? {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    (!names.iter().any(|name| is(name))).then(|| format!("expected {}, got `{value}`", names.join(" or ")))
}

fn choice(schema: &Map<String, Value>, value: &Value) -> Option<String> {
    if let Some(only) = schema.get("const").filter(|only| *only != value) {
        return Some(format!("expected `{only}`, got `{value}`"));
    }
    let choices = schema.get("enum")?.as_array().filter(|choices| !choices.contains(value))?;
    let known: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    Some(format!("expected one of {}, got `{value}`", known.join(", ")))
}

fn string(schema: &Map<String, Value>, text: &str, path: &str, found: &mut Vec<Violation>) {
    bounds(schema, ("minLength", "maxLength"), text.chars().count(), "characters", path, found);
    if let Some(pattern) =
        schema.get("pattern").and_then(Value::as_str).filter(|pattern| !matches(pattern, text))
    {
        found.push(wrong(path, format!("`{text}` does not match `{pattern}`")));
    }
}

/// A pattern of another dialect, which cannot be read, matches everything.
fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).map_or(true, |pattern| pattern.is_match(text))
}

fn number(schema: &Map<String, Value>, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let Some(number) = value.as_f64() else { return };
    let limits: [(&str, &str, Holds); 4] = [
        ("minimum", "at least", |is, limit| is >= limit),
        ("maximum", "at most", |is, limit| is <= limit),
        ("exclusiveMinimum", "more than", |is, limit| is > limit),
        ("exclusiveMaximum", "less than", |is, limit| is < limit),
    ];
    for (key, words, holds) in limits {
        if let Some(limit) = schema.get(key).and_then(Value::as_f64).filter(|limit| !holds(number, *limit)) {
            found.push(wrong(path, format!("expected {words} {limit}, got {value}")));
        }
    }
}

fn bounds(
    schema: &Map<String, Value>,
    keys: (&str, &str),
    is: usize,
    of: &str,
    path: &str,
    found: &mut Vec<Violation>,
) {
    let limit =
        |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    if let Some(limit) = limit(keys.0).filter(|limit| is < *limit) {
        found.push(wrong(path, format!("expected at least {limit} {of}, got {is}")));
    }
    if let Some(limit) = limit(keys.1).filter(|limit| is > *limit) {
        found.push(wrong(path, format!("expected at most {limit} {of}, got {is}")));
    }
}

fn texts<'a>(schema: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a str> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_breaks_the_schema_is_named_with_its_path() {
        let schema = json!({
            "type": "object",
            "required": ["rules"],
            "properties": {"rules": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/rule"}}},
            "$defs": {"rule": {"oneOf": [
                {"required": ["a"], "additionalProperties": false, "properties": {"a": {"type": "integer", "maximum": 5}}},
                {"required": ["b"], "additionalProperties": false, "properties": {"b": {"pattern": "^x", "minLength": 2}}},
            ]}},
        });
        let paths = |value| -> Vec<_> { check(&schema, &value).into_iter().map(|one| one.path).collect() };
        assert_eq!(paths(json!({"rules": [{"a": 1}, {"a": 2.0}, {"b": "xy"}]})), Vec::<String>::new());
        assert_eq!(paths(json!({})), ["rules"]);
        assert_eq!(paths(json!({"rules": []})), ["rules"]);
        assert_eq!(paths(json!({"rules": [{"a": 1}, {"a": 6}]}))[0], "rules[1].a");
        assert_eq!(paths(json!({"rules": [{"b": "yy"}]}))[0], "rules[0].b");
        assert!(!paths(json!({"rules": [{"a": 1, "b": "xy"}]})).is_empty());
        assert_eq!(paths(json!([])), [""]);
        for (schema, good, bad) in [
            (json!({"enum": ["a", 1]}), json!(1), json!("b")),
            (json!({"const": {"a": 1}}), json!({"a": 1}), json!({"a": 2})),
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"additionalProperties": {"type": "string"}}), json!({"a": "b"}), json!({"a": 1})),
            (json!({"patternProperties": {"^x": {"type": "null"}}}), json!({"y": 1}), json!({"x": 1})),
            (json!({"propertyNames": {"maxLength": 1}}), json!({"a": 1}), json!({"ab": 1})),
            (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1])),
            (json!({"anyOf": [{"type": "string"}, {"minimum": 3}]}), json!(3), json!(2)),
            (json!({"not": {"type": "string"}}), json!(3), json!("")),
            (json!({"exclusiveMaximum": 3}), json!(2), json!(3)),
            (json!({"$ref": "#"}), json!(1), json!(false)),
        ] {
            assert_eq!(check(&schema, &good), [], "{schema}");
            let endless = schema.get("$ref").is_some();
            assert_eq!(check(&schema, &bad).is_empty(), endless, "{schema}");
        }
    }
}
