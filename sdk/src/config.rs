//! Reads a filter's typed configuration, and says precisely what is wrong with it.

use crate::json::{self, JsonError};
use serde::de::DeserializeOwned;

/// A type that can be a filter's configuration: every one that can be read from JSON.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the configuration of a filter",
    label = "it cannot be read from JSON",
    note = "write `#[derive(Deserialize)]` above it (`mesh_filter::prelude` has the derive, the crate needs \
            `serde` as a dependency), or `type Config = ();` for a filter without configuration"
)]
pub trait Configuration: Sized {
    #[doc(hidden)]
    fn read(json: &[u8]) -> crate::Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<C: DeserializeOwned> Configuration for C {
    fn read(json: &[u8]) -> crate::Result<Self> {
        Ok(parse(json)?)
    }
}

/// A configuration that does not fit its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{}", hint(.missing))]
struct ConfigError {
    problem: JsonError,
    missing: bool,
}

fn hint(missing: &bool) -> &'static str {
    if *missing { " (the plugin was given no configuration)" } else { "" }
}

/// Reads JSON. No bytes at all count as `{}`, or as `null` for types without fields.
fn parse<C: DeserializeOwned>(bytes: &[u8]) -> Result<C, ConfigError> {
    if !bytes.trim_ascii().is_empty() {
        return json::read(bytes).map_err(|problem| ConfigError { problem, missing: false });
    }
    json::read(b"{}")
        .or_else(|problem| json::read(b"null").map_err(|_: JsonError| ConfigError { problem, missing: true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::ClusterName;
    use crate::headers::HeaderName;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Config {
        cluster: ClusterName,
        #[serde(default)]
        rules: Vec<Rule>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Rule {
        header: HeaderName,
        #[serde(default)]
        weight: u8,
    }

    fn refusal(json: &str) -> String {
        parse::<Config>(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_path_value_and_expectation() {
        assert_eq!(
            refusal(r#"{"cluster": "a", "rules": [{"header": "x"}, {"header": "x", "weight": "much"}]}"#),
            "at `rules[1].weight`: invalid type: string \"much\", expected u8 at line 1 column 76"
        );
        assert_eq!(
            refusal(r#"{"cluster": "a", "rules": [{"header": "x y"}]}"#),
            "at `rules[0].header`: `x y` is not a header name: expected one or more of a-z, 0-9 and \
             !#$%&'*+-.^_`|~ at line 1 column 43"
        );
        assert_eq!(
            refusal(r#"{"cluster": ""}"#),
            "at `cluster`: a cluster name is empty: expected the name of a cluster of the proxy at \
             line 1 column 14"
        );
    }

    #[test]
    fn unknown_fields_and_trailing_text_are_refused() {
        assert!(refusal(r#"{"clustr": "a"}"#).contains("unknown field `clustr`, expected `cluster` or"));
        assert!(refusal(r#"{"cluster": "a"} x"#).contains("trailing characters"));
    }

    #[test]
    fn no_configuration_is_an_empty_one() {
        assert!(parse::<()>(b"").is_ok());
        assert_eq!(
            refusal(""),
            "missing field `cluster` at line 1 column 2 (the plugin was given no configuration)"
        );
    }
}
