//! JSON Schema (draft 2020-12), as far as schemas of filters' configurations use it.
//!
//! What is not known here restricts nothing: `format`, `$dynamicRef`, `unevaluatedProperties`, and references out of the schema.

use mesh_filter_runtime::document::suggest;
use regex::Regex;
use serde_json::{Map, Value};

use crate::crd::Violation;

/// How many references one value is followed through: a schema may refer to itself.
const MAX_DEPTH: usize = 64;

/// What is wrong with a value. Paths are below it.
pub fn check(schema: &Value, value: &Value) -> Vec<Violation> {
    let mut check = Check { root: schema, found: Vec::new() };
    check.node(schema, value, "", MAX_DEPTH);
    check.found
}

/// A path and one below it.
pub(crate) fn join(path: &str, rest: &str) -> String {
    match (path.is_empty(), rest.is_empty() || rest.starts_with('[')) {
        (true, _) => rest.to_owned(),
        (false, true) => format!("{path}{rest}"),
        (false, false) => format!("{path}.{rest}"),
    }
}

struct Check<'a> {
    root: &'a Value,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn wrong(&mut self, path: &str, problem: impl Into<String>) {
        self.found.push(Violation { path: path.to_owned(), problem: problem.into() });
    }

    fn fits(&self, schema: &'a Value, value: &Value, depth: usize) -> bool {
        let mut check = Check { root: self.root, found: Vec::new() };
        check.node(schema, value, "", depth);
        check.found.is_empty()
    }

    fn node(&mut self, schema: &'a Value, value: &Value, path: &str, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if schema == &Value::Bool(false) {
            self.wrong(path, "nothing is allowed here");
        }
        let Some(keywords) = schema.as_object() else { return };
        if let Some(schema) =
            text(keywords, "$ref").and_then(|target| self.root.pointer(target.strip_prefix('#')?))
        {
            self.node(schema, value, path, depth);
        }
        let kinds: Vec<&str> = match keywords.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_type(kind, value)) {
            let expected: Vec<_> = kinds.iter().map(|kind| name_of(kind)).collect();
            return self.wrong(path, format!("expected {}, got {}", expected.join(" or "), shown(value)));
        }
        if let Some(choices) = list(keywords, "enum").filter(|choices| !choices.contains(value)) {
            let known: Vec<_> = choices.iter().map(|choice| format!("`{}`", plain(choice))).collect();
            self.wrong(path, format!("expected one of {}, got {}", known.join(", "), shown(value)));
        }
        if let Some(expected) = keywords.get("const").filter(|expected| *expected != value) {
            self.wrong(path, format!("expected `{}`, got {}", plain(expected), shown(value)));
        }
        match value {
            Value::Object(members) => self.object(keywords, members, path, depth),
            Value::Array(items) => self.list(keywords, items, path, depth),
            Value::String(value) => self.string(keywords, value, path),
            Value::Number(_) => self.number(keywords, value, path),
            _ => {}
        }
        self.combinations(keywords, value, path, depth);
    }

    fn object(
        &mut self,
        keywords: &'a Map<String, Value>,
        members: &Map<String, Value>,
        path: &str,
        depth: usize,
    ) {
        let required = list(keywords, "required").into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !members.contains_key(*name)) {
            self.wrong(path, format!("`{name}` is missing"));
        }
        self.bounds(keywords, "Properties", members.len(), "fields", path);
        let properties = keywords.get("properties").and_then(Value::as_object);
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        for (key, value) in members {
            let path = join(path, key);
            let named = properties.and_then(|properties| properties.get(key));
            let by_pattern = patterns.into_iter().flatten();
            let by_pattern: Vec<_> = by_pattern
                .filter(|(pattern, _)| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(key)))
                .map(|(_, schema)| schema)
                .collect();
            for schema in named.into_iter().chain(by_pattern.iter().copied()) {
                self.node(schema, value, &path, depth);
            }
            if let Some(names) = keywords.get("propertyNames") {
                self.node(names, &Value::String(key.clone()), &path, depth);
            }
            match keywords.get("additionalProperties") {
                Some(_) if named.is_some() || !by_pattern.is_empty() => {}
                Some(Value::Bool(false)) => {
                    let known: Vec<&str> =
                        properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                    self.wrong(&path, format!("unknown field, {}", suggest(key, &known)));
                }
                Some(schema) => self.node(schema, value, &path, depth),
                None => {}
            }
        }
    }

    fn list(&mut self, keywords: &'a Map<String, Value>, items: &[Value], path: &str, depth: usize) {
        self.bounds(keywords, "Items", items.len(), "items", path);
        let first = list(keywords, "prefixItems").map_or(&[][..], Vec::as_slice);
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(index).or_else(|| keywords.get("items")) {
                self.node(schema, item, &format!("{path}[{index}]"), depth);
            }
        }
        let unique = keywords.get("uniqueItems") == Some(&Value::Bool(true));
        let twice = |(index, item): &(usize, &Value)| items.iter().take(*index).any(|other| other == *item);
        if unique && let Some((index, _)) = items.iter().enumerate().find(twice) {
            self.wrong(&format!("{path}[{index}]"), "the same item a second time");
        }
    }

    fn string(&mut self, keywords: &Map<String, Value>, value: &str, path: &str) {
        self.bounds(keywords, "Length", value.chars().count(), "characters", path);
        // A pattern that is none here is one of another dialect: it is left to the filter.
        if let Some(pattern) = text(keywords, "pattern")
            && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(value))
        {
            self.wrong(path, format!("`{value}` does not match `{pattern}`"));
        }
    }

    fn number(&mut self, keywords: &Map<String, Value>, value: &Value, path: &str) {
        let Some(number) = value.as_f64() else { return };
        let limit = |key: &str| keywords.get(key).and_then(Value::as_f64);
        let at_least = limit("minimum").filter(|limit| number < *limit);
        let at_most = limit("maximum").filter(|limit| number > *limit);
        let more = limit("exclusiveMinimum").filter(|limit| number <= *limit);
        let less = limit("exclusiveMaximum").filter(|limit| number >= *limit);
        let rules = [("at least", at_least), ("at most", at_most), ("more than", more), ("less than", less)];
        for (words, broken) in rules {
            if let Some(limit) = broken {
                self.wrong(path, format!("expected {words} {limit}, got {value}"));
            }
        }
        if let Some(step) = limit("multipleOf").filter(|step| *step > 0.0 && (number / step).fract() != 0.0) {
            self.wrong(path, format!("expected a multiple of {step}, got {value}"));
        }
    }

    fn combinations(&mut self, keywords: &'a Map<String, Value>, value: &Value, path: &str, depth: usize) {
        for schema in list(keywords, "allOf").into_iter().flatten() {
            self.node(schema, value, path, depth);
        }
        let fitting =
            |schemas: &'a Vec<Value>| schemas.iter().filter(|schema| self.fits(schema, value, depth)).count();
        let (any, one) = (list(keywords, "anyOf"), list(keywords, "oneOf"));
        let (none, not_one) = (any.filter(|any| fitting(any) == 0), one.filter(|one| fitting(one) != 1));
        if let Some(schemas) = none {
            self.wrong(path, format!("expected at least one of {}", forms(schemas)));
        }
        if let Some(schemas) = not_one {
            self.wrong(path, format!("expected exactly one of {}", forms(schemas)));
        }
        if keywords.get("not").is_some_and(|schema| self.fits(schema, value, depth)) {
            self.wrong(path, "a combination that is not allowed");
        }
        if let Some(condition) = keywords.get("if") {
            let next = if self.fits(condition, value, depth) { "then" } else { "else" };
            if let Some(schema) = keywords.get(next) {
                self.node(schema, value, path, depth);
            }
        }
    }

    fn bounds(&mut self, keywords: &Map<String, Value>, of: &str, is: usize, unit: &str, path: &str) {
        let limit = |side: &str| {
            keywords
                .get(&format!("{side}{of}"))
                .and_then(Value::as_u64)
                .and_then(|limit| usize::try_from(limit).ok())
        };
        if let Some(limit) = limit("min").filter(|limit| is < *limit) {
            self.wrong(path, format!("expected at least {limit} {unit}, got {is}"));
        }
        if let Some(limit) = limit("max").filter(|limit| is > *limit) {
            self.wrong(path, format!("expected at most {limit} {unit}, got {is}"));
        }
    }
}

/// What alternatives ask for, as far as they say so.
fn forms(schemas: &[Value]) -> String {
    let required = |schema: &Value| -> Option<String> {
        let names: Vec<_> = schema.get("required")?.as_array()?.iter().filter_map(Value::as_str).collect();
        Some(format!("`{}`", names.join("` with `")))
    };
    let names: Vec<_> = schemas.iter().filter_map(required).collect();
    if names.len() == schemas.len() { names.join(", ") } else { format!("{} forms", schemas.len()) }
}

fn text<'a>(keywords: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    keywords.get(key).and_then(Value::as_str)
}

fn list<'a>(keywords: &'a Map<String, Value>, key: &str) -> Option<&'a Vec<Value>> {
    keywords.get(key).and_then(Value::as_array)
}

fn is_type(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        // 1.0 is an integer, by the specification.
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
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

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        _ => format!("`{value}`"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_are_applied_with_paths() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["rules"],
            "properties": {
                "rules": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/rule"}},
                "mode": {"enum": ["allow", "deny"]},
                "limit": {"type": "integer", "minimum": 1, "maximum": 10},
            },
            "$defs": {"rule": {
                "type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                "properties": {"a": {"type": "string", "pattern": "^x"}, "not": {"$ref": "#/$defs/rule"}},
            }},
        });
        let problems = |value: &Value| -> Vec<String> {
            check(&schema, value).into_iter().map(|one| format!("{}: {}", one.path, one.problem)).collect()
        };
        assert_eq!(
            problems(&json!({"rules": [{"a": "xy", "not": {"b": 1}}], "limit": 2.0})),
            Vec::<String>::new()
        );
        assert_eq!(problems(&json!({})), [": `rules` is missing"]);
        for (value, expected) in [
            (json!({"rules": []}), "rules: expected at least 1 items, got 0"),
            (json!({"rules": [{"b": 1}], "mod": 1}), "mod: unknown field, did you mean `mode`?"),
            (
                json!({"rules": [{"b": 1}], "mode": "x"}),
                "mode: expected one of `allow`, `deny`, got the text `x`",
            ),
            (json!({"rules": [{"b": 1}], "limit": 11}), "limit: expected at most 10, got 11"),
            (json!({"rules": [{"a": "y"}]}), "rules[0].a: `y` does not match `^x`"),
            (json!({"rules": [{}]}), "rules[0]: expected exactly one of `a`, `b`"),
            (json!({"rules": [{"b": 1, "not": {"a": 5}}]}), "rules[0].not.a: expected a text, got `5`"),
        ] {
            let found = problems(&value);
            assert!(matches!(&found[..], [one] if one.starts_with(expected)), "{value}: {found:?}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        assert!(check(&json!({"$ref": "#"}), &json!(1)).is_empty());
    }

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
        assert_eq!(paths(json!({})), [""]);
        assert_eq!(paths(json!({"rules": []})), ["rules"]);
        assert_eq!(paths(json!({"rules": [{"a": 1}, {"a": 6}]})), ["rules[1]"]);
        assert_eq!(paths(json!({"rules": [{"b": "yy"}]})), ["rules[0]"]);
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
