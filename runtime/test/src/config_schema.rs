//! Holds the JSON Schema of a filter's configuration to what the filter reads, neither more nor less.
//!
//! A filter that refuses a name says which ones it expects, in backticks. So a test gives it a configuration with an unknown
//! name at each place, and what the filter lists is what the schema has to list.

use crate::api::Sim;
use mesh_filter::Filter;
use serde_json::Value;
use std::collections::BTreeSet;

/// A name that no configuration has, for fields and for words.
pub const UNKNOWN: &str = "no_such_name";

/// What a schema and its filter disagree about.
#[derive(Debug, thiserror::Error)]
#[error("the schema is not what the filter reads: {0}")]
pub struct SchemaMismatch(String);

type Result<T = (), E = SchemaMismatch> = std::result::Result<T, E>;

/// The schema of a filter's configuration.
#[derive(Debug)]
pub struct ConfigSchema(Value);

impl ConfigSchema {
    /// Reads a schema.
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn new(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|error| SchemaMismatch(format!("it is no JSON: {error}")))
    }

    /// Compares the fields of each object. `places` has a configuration with the field [`UNKNOWN`] for each definition of the
    /// schema, by its name, and for the whole, by no name.
    ///
    /// # Errors
    /// When a definition has other fields than the filter expects there, allows others, or has no configuration.
    pub fn has_the_fields<F: Filter>(&self, sim: &Sim, places: &[(&str, Value)]) -> Result {
        for (name, config) in places {
            let pointer = if name.is_empty() { String::new() } else { format!("/$defs/{name}") };
            let definition = self.at(&pointer)?;
            if definition.get("additionalProperties") != Some(&Value::Bool(false)) {
                return Err(SchemaMismatch(format!("`{name}` allows fields that it does not list")));
            }
            let fields = definition.get("properties").and_then(Value::as_object);
            let fields = fields.into_iter().flatten().map(|(name, _)| name.clone());
            same::<F>(sim, name, fields.collect(), config)?;
        }
        let definitions = self.0.get("$defs").and_then(Value::as_object);
        for (name, definition) in definitions.into_iter().flatten() {
            // Maps have any names.
            let is_map = definition.get("additionalProperties").is_some_and(Value::is_object);
            let is_object = definition.get("type").is_some_and(|kind| kind == "object") && !is_map;
            if is_object && !places.iter().any(|(place, _)| place == name) {
                return Err(SchemaMismatch(format!("there is no configuration for `{name}`")));
            }
        }
        Ok(())
    }

    /// Compares the words of enumerations: for each the place in the schema (a JSON pointer below `$defs`), and a configuration with
    /// the word [`UNKNOWN`].
    ///
    /// # Errors
    /// When an enumeration has other words than the filter expects there.
    pub fn has_the_words<F: Filter>(&self, sim: &Sim, places: &[(&str, Value)]) -> Result {
        for (place, config) in places {
            let definition = self.at(&format!("/$defs/{place}"))?;
            let words = definition.get("enum").and_then(Value::as_array);
            let words = words.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            same::<F>(sim, place, words.collect(), config)?;
        }
        Ok(())
    }

    fn at(&self, pointer: &str) -> Result<&Value> {
        self.0.pointer(pointer).ok_or_else(|| SchemaMismatch(format!("it has nothing at `{pointer}`")))
    }
}

/// Compares what is listed with what the filter expects in the place of [`UNKNOWN`].
fn same<F: Filter>(sim: &Sim, place: &str, listed: BTreeSet<String>, config: &Value) -> Result {
    let refusal = sim.filter::<F>(config.clone()).err().map(|error| error.to_string()).unwrap_or_default();
    if !refusal.contains(UNKNOWN) {
        return Err(SchemaMismatch(format!("`{UNKNOWN}` is not refused at `{place}`: {refusal}")));
    }
    let expected = names(&refusal);
    if listed == expected {
        return Ok(());
    }
    let only = |some: &BTreeSet<String>, others| some.difference(others).cloned().collect::<Vec<_>>();
    Err(SchemaMismatch(format!(
        "at `{place}` it has {:?} more, and lacks {:?}; the filter says: {refusal}",
        only(&listed, &expected),
        only(&expected, &listed)
    )))
}

/// The names in backticks behind `expected`, before the line and the column that follow some messages.
fn names(refusal: &str) -> BTreeSet<String> {
    let (_, expected) = refusal.split_once("expected").unwrap_or_default();
    let (expected, _) = expected.split_once(" at line").unwrap_or((expected, ""));
    let expected = expected.lines().next().unwrap_or_default();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mesh_filter::prelude::*;
    use serde_json::json;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        #[serde(default, rename = "word")]
        _word: Option<Word>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        One,
        Two,
    }

    struct Passes;

    impl Filter for Passes {
        type Config = Config;

        fn new(_: Config, _: &mut Setup) -> mesh_filter::Result<Self> {
            Ok(Self)
        }

        async fn handle(&self, request: Request, next: Next) -> mesh_filter::Result<Response> {
            next.run(request).await
        }
    }

    /// Compares the schema `{"properties": FIELDS, "$defs": DEFINITIONS}`.
    fn compared(fields: &Value, definitions: &Value) -> String {
        let schema = json!({"additionalProperties": false, "properties": fields, "$defs": definitions});
        let (schema, sim) = (ConfigSchema(schema), Sim::new());
        let compared = schema
            .has_the_fields::<Passes>(&sim, &[("", json!({UNKNOWN: 1}))])
            .and_then(|()| schema.has_the_words::<Passes>(&sim, &[("word", json!({"word": UNKNOWN}))]));
        compared.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_schema_that_has_more_or_less_than_the_filter_reads_is_told_of() {
        let words = json!({"word": {"enum": ["one", "two"]}});
        assert_eq!(compared(&json!({"word": {}}), &words), "");
        for (fields, definitions, says) in [
            (json!({}), words.clone(), "at `` it has [] more, and lacks [\"word\"]"),
            (json!({"word": {}, "old": {}}), words, "at `` it has [\"old\"] more, and lacks []"),
            (
                json!({"word": {}}),
                json!({"word": {"enum": ["one"]}}),
                "at `word` it has [] more, and lacks [\"two\"]",
            ),
            (json!({"word": {}}), json!({}), "it has nothing at `/$defs/word`"),
            (
                json!({"word": {}}),
                json!({"more": {"type": "object"}}),
                "there is no configuration for `more`",
            ),
        ] {
            let error = compared(&fields, &definitions);
            assert!(error.contains(says), "{error}");
        }
    }
}
