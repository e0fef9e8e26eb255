//! Integers that a `google.protobuf.Struct` cannot carry: all of its numbers are doubles.

use serde_json::Value;

use crate::resource::member;

/// The largest integer up to which a double has them all.
const LARGEST: u64 = 1 << 53;

/// The path of the first integer that would lose digits, and the integer.
pub(super) fn too_large(value: &Value, path: &str) -> Option<(String, String)> {
    match value {
        Value::Number(number) => {
            let integer = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            integer.filter(|integer| *integer > LARGEST).map(|_| (path.to_owned(), number.to_string()))
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| too_large(item, &format!("{path}[{index}]")))
        }
        Value::Object(members) => {
            members.iter().find_map(|(key, value)| too_large(value, &member(path, key)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn integers_beyond_those_of_a_double_are_found_with_their_path() {
        let found = |value| too_large(&value, "c").map(|(path, _)| path);
        assert_eq!(found(json!({"a": [1, {"b": 9_007_199_254_740_993_u64}]})), Some("c.a[1].b".to_owned()));
        assert_eq!(found(json!({"a": -9_007_199_254_740_993_i64})), Some("c.a".to_owned()));
        assert_eq!(found(json!({"a": 9_007_199_254_740_992_u64, "b": 1e300, "c": "9007199254740993"})), None);
    }
}
