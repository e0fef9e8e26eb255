//! The plugin's configuration.

use mesh_filter::{ClusterName, HeaderName};
use serde::Deserialize;

/// The settings, as they stand in the plugin's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The cluster of the service that is asked.
    pub(crate) cluster: ClusterName,
    /// The request header that names the user's group.
    pub(crate) header: HeaderName,
    /// How long a request waits for the answer.
    #[serde(default = "timeout_ms")]
    pub(crate) timeout_ms: u64,
    /// The group when there is no answer in time, or none that makes sense.
    #[serde(default = "fallback")]
    pub(crate) fallback: String,
}

fn timeout_ms() -> u64 {
    50
}

fn fallback() -> String {
    "everybody".to_owned()
}
