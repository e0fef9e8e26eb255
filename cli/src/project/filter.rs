//! What a filter says about itself in `[package.metadata.mesh-filter]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};

/// The table `[package.metadata.mesh-filter]`: the one place where these things are written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Name of the plugin; the crate's name where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Which root context of the module to configure.
    #[serde(default)]
    pub(crate) root_id: String,
    /// Where in the proxy's chain the filter belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<Phase>,
    /// Order within the phase; higher runs first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i32>,
    /// Image repository to publish to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    /// Default configuration: a table, or the path of a JSON or YAML file beside `Cargo.toml`.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub(crate) config: serde_json::Value,
    /// Clusters that the filter calls out to.
    #[serde(default)]
    pub(crate) clusters: Vec<String>,
    /// The filter reads bodies while it holds the headers.
    #[serde(default)]
    pub(crate) hold_headers: bool,
    /// Environment variables of the VM.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Packages that are compiled for speed, not for size: the crate itself or what it depends on directly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fast: Vec<String>,
}

/// A phase of Istio's filter chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Before authentication.
    Authn,
    /// Before authorization.
    Authz,
    /// Before statistics.
    Stats,
}

impl Filter {
    /// Reads the table from a package's metadata; `None` when the package has none.
    pub(crate) fn from_package(package: &cargo_metadata::Package) -> Result<Option<Self>> {
        let Some(table) = package.metadata.get("mesh-filter") else {
            return Ok(None);
        };
        serde_json::from_value(table.clone()).map(Some).map_err(|error| {
            Failure::usage(format!("`[package.metadata.mesh-filter]` in `{}` is not valid", package.manifest_path))
                .because(&error)
                .help(
                    "known keys: name, root_id, phase (authn, authz or stats), priority, image, config, clusters, hold_headers, environment, fast",
                )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<Filter, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn an_empty_table_is_a_filter_with_defaults() {
        assert_eq!(parse("{}").unwrap(), Filter::default());
    }

    #[test]
    fn all_keys_are_read() {
        let filter =
            parse(r#"{"root_id": "r", "phase": "authz", "hold_headers": true, "clusters": ["jwks"]}"#)
                .unwrap();
        assert_eq!(
            (filter.root_id.as_str(), filter.phase, filter.hold_headers),
            ("r", Some(Phase::Authz), true)
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(parse(r#"{"cluster": []}"#).unwrap_err().to_string().contains("unknown field `cluster`"));
    }
}
