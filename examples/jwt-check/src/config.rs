//! The filter's configuration.

use mesh_filter::ClusterName;
use mesh_filter::clock::Span;
use serde::Deserialize;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who must have made the token: its `iss`.
    pub(crate) issuer: String,
    /// For whom it must be made: one of its `aud`.
    pub(crate) audience: String,
    /// Where the keys are.
    pub(crate) jwks: Jwks,
}

/// Where keys are fetched from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jwks {
    /// The cluster that has them.
    pub(crate) cluster: ClusterName,
    /// The path there.
    pub(crate) path: String,
    /// How long a set of keys is used.
    pub(crate) ttl: Span,
    /// How long requests wait for it.
    pub(crate) timeout: Span,
}
