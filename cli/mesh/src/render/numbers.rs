//! Configurations as plugins get them: JSON without spaces, keys in order, and from Istio with numbers as doubles.

use serde_json::Value;

/// The text of a configuration. `doubles`: it went through `google.protobuf.Struct`, whose numbers are doubles.
#[must_use]
pub fn compact(value: &Value, doubles: bool) -> String {
    let mut text = String::new();
    write(value, doubles, &mut text);
    text
}

fn write(value: &Value, doubles: bool, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_str());
            text.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(value, doubles, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, doubles, text);
            }
            text.push(']');
        }
        Value::Number(number) if doubles => match number.as_f64() {
            Some(number) => text.push_str(&double(number)),
            None => text.push_str(&number.to_string()),
        },
        other => text.push_str(&other.to_string()),
    }
}

/// A double as Go writes it in JSON: digits alone between 1e-6 and 1e21, else with an exponent.
fn double(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}
