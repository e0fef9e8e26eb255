//! The filter's configuration.

use mesh_filter::{ClusterName, HeaderName};
use serde::Deserialize;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the bucket service is.
    pub(crate) cluster: ClusterName,
    /// The request header that names the cohort.
    pub(crate) header: HeaderName,
    /// How long a request waits for its cohort.
    #[serde(default = "timeout_ms")]
    pub(crate) timeout_ms: u64,
    /// The cohort when the service is slow or wrong.
    #[serde(default = "fallback")]
    pub(crate) fallback: String,
}

fn timeout_ms() -> u64 {
    50
}

fn fallback() -> String {
    "control".to_owned()
}
