//! Patterns for JSON: what they name must be there, what they do not name may be.

use super::{Matcher, Mismatch, shown};
use mesh_filter_runtime::document::Place;
use serde_json::Value;

/// A pattern and where it stands.
#[derive(Debug, Clone)]
pub struct JsonPattern {
    pub(crate) shape: Shape,
    pub(crate) place: Option<Place>,
}

/// What a pattern asks for.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// An object with at least these members.
    Object(Vec<(String, JsonPattern)>),
    /// An array of exactly these elements.
    Array(Vec<JsonPattern>),
    /// `null`, or no such member.
    Null,
    /// A scalar written without quotes: a number, a bool or a string that reads so.
    Plain { text: String, value: Value },
    /// A string.
    Text(String),
    /// A condition on the text of the value.
    Matches(Matcher),
}

impl JsonPattern {
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), Mismatch> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| Mismatch {
            problem: format!("expected JSON, got {} ({error})", shown(bytes)),
            place: None,
        })?;
        self.check(Some(&value), "$")
    }

    fn check(&self, actual: Option<&Value>, path: &str) -> Result<(), Mismatch> {
        match (&self.shape, actual) {
            (Shape::Object(members), Some(Value::Object(object))) => members
                .iter()
                .try_for_each(|(name, pattern)| pattern.check(object.get(name), &format!("{path}.{name}"))),
            (Shape::Array(patterns), Some(Value::Array(array))) if patterns.len() == array.len() => {
                let mut pairs = patterns.iter().zip(array).enumerate();
                pairs.try_for_each(|(index, (pattern, value))| {
                    pattern.check(Some(value), &format!("{path}[{index}]"))
                })
            }
            (Shape::Null, None | Some(Value::Null)) => Ok(()),
            (Shape::Plain { text, .. }, Some(Value::String(actual))) if text == actual => Ok(()),
            (Shape::Plain { value, .. }, Some(actual)) if same(value, actual) => Ok(()),
            (Shape::Text(text), Some(Value::String(actual))) if text == actual => Ok(()),
            (Shape::Matches(matcher), actual) => {
                let text = match actual {
                    None | Some(Value::Null) => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
                matcher.check(text.as_bytes()).map_err(|mismatch| self.mismatch(path, mismatch))
            }
            (_, actual) => {
                let got = actual.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"));
                let problem = format!("expected {}, got {got}", self.describe());
                Err(self.mismatch(path, Mismatch::new(problem)))
            }
        }
    }

    fn mismatch(&self, path: &str, inner: Mismatch) -> Mismatch {
        let place = inner.place.clone().or_else(|| self.place.clone());
        Mismatch { place, ..inner.of(path) }
    }

    fn describe(&self) -> String {
        match &self.shape {
            Shape::Object(_) => "an object".to_owned(),
            Shape::Array(patterns) => format!("an array of {}", patterns.len()),
            Shape::Null => "null".to_owned(),
            Shape::Plain { value, .. } => format!("`{value}`"),
            Shape::Text(text) => format!("`{}`", Value::from(text.as_str())),
            Shape::Matches(matcher) => matcher.describe(),
        }
    }
}

/// Equality where `1` and `1.0` are one number.
fn same(expected: &Value, actual: &Value) -> bool {
    match (expected.as_f64(), actual.as_f64()) {
        (Some(expected), Some(actual)) if expected == actual => true,
        _ => expected == actual,
    }
}
