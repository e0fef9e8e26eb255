//! The filter's configuration.

use mesh_filter::prelude::*;

/// What stands in `pluginConfig`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Two experiments put the same user into variants independently of each other.
    pub(crate) experiment: String,
    /// Another salt puts all users into variants anew.
    #[serde(default)]
    pub(crate) salt: String,
    /// In their order users fill the variants.
    pub(crate) variants: Vec<Variant>,
}

/// One variant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    /// What the upstream is told.
    pub(crate) name: String,
    /// How many users it gets, in relation to the others.
    pub(crate) weight: u32,
    /// Takes the place of the first segment of the path.
    pub(crate) path_prefix: Option<String>,
}
