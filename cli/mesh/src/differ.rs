//! Two objects, field by field.

use serde::Serialize;
use serde_json::Value;

use crate::resource::member;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where, such as `spec.match[0].mode`.
    pub path: String,
    /// The value before, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// All fields that differ, in the order of their names.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                compare(&member(path, key), before.get(key), after.get(key), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                compare(&format!("{path}[{index}]"), before.get(index), after.get(index), found);
            }
        }
        (before, after) if before != after => {
            found.push(Difference { path: path.to_owned(), before: before.cloned(), after: after.cloned() });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_changed_added_and_gone_is_found_where_it_is() {
        let before = json!({"spec": {"url": "a", "gone": 1, "list": [1, 2], "same": {"a": 1}}});
        let after = json!({"spec": {"url": "b", "new": null, "list": [1], "same": {"a": 1}}});
        let found = differences(&before, &after);
        let paths: Vec<_> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["spec.gone", "spec.list[1]", "spec.new", "spec.url"]);
        assert_eq!((&found[3].before, &found[3].after), (&Some(json!("a")), &Some(json!("b"))));
    }
}
