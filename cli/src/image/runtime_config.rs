//! `runtime-config.json`: what an image says about its plugin, inside the layer, so that every copy keeps it.
//!
//! The first members are those of the Wasm image specification; what it has no words for stands below `mesh-filter`.

use mesh_filter_runtime::abi::table::AbiVersion;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::project::filter::{Filter, Phase};

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuntimeConfig {
    r#type: String,
    /// The specification's text has this name, its example `abi_version`: both are read.
    #[serde(alias = "abi_version", default)]
    pub(crate) abi_versions: Vec<String>,
    #[serde(default)]
    pub(crate) config: Roots,
    #[serde(rename = "mesh-filter", default, skip_serializing_if = "Option::is_none")]
    pub(crate) plugin: Option<Plugin>,
}

/// Which root contexts the module has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Roots {
    #[serde(default)]
    pub(crate) root_ids: Vec<String>,
}

/// What the plugin is and needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plugin {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i32>,
    /// Clusters that it calls out to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) clusters: Vec<String>,
    /// It reads bodies while it holds the headers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hold_headers: bool,
    /// Variables of its environment, without their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) environment: Vec<String>,
    /// The JSON Schema of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config_schema: Option<Value>,
}

impl RuntimeConfig {
    /// What can be said about a plugin of this name.
    pub(crate) fn new(
        abi: Option<AbiVersion>,
        name: &str,
        version: Option<&str>,
        filter: &Filter,
        config_schema: Option<Value>,
    ) -> Self {
        Self {
            r#type: "envoy_proxy".to_owned(),
            abi_versions: abi.iter().map(|abi| format!("v{}", abi.name().replace('.', "_"))).collect(),
            config: Roots { root_ids: vec![filter.root_id.clone()] },
            plugin: Some(Plugin {
                name: filter.name.clone().unwrap_or_else(|| name.to_owned()),
                version: version.map(str::to_owned),
                phase: filter.phase,
                priority: filter.priority,
                clusters: filter.clusters.clone(),
                hold_headers: filter.hold_headers,
                environment: filter.environment.keys().cloned().collect(),
                config_schema,
            }),
        }
    }

    /// Its bytes.
    pub(crate) fn json(&self) -> Vec<u8> {
        // Text, numbers and maps with text as keys: each has a form in JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_crate_says() {
        let filter = Filter { root_id: "r".to_owned(), phase: Some(Phase::Authn), ..Filter::default() };
        let config = RuntimeConfig::new(Some(AbiVersion::V0_2_1), "jwt", Some("1.2.3"), &filter, None);
        let text = String::from_utf8(config.json()).unwrap();
        assert_eq!(
            text,
            r#"{"type":"envoy_proxy","abiVersions":["v0_2_1"],"config":{"root_ids":["r"]},"mesh-filter":{"name":"jwt","version":"1.2.3","phase":"authn"}}"#
        );
        assert_eq!(serde_json::from_str::<RuntimeConfig>(&text).unwrap(), config);
    }

    #[test]
    fn files_of_others_are_read_too() {
        let text = r#"{"type":"envoy_proxy","abi_version":["v0-2-1"],"config":{"root_ids":["a"]}}"#;
        let config: RuntimeConfig = serde_json::from_str(text).unwrap();
        assert_eq!((config.abi_versions, config.plugin), (vec!["v0-2-1".to_owned()], None));
    }
}
