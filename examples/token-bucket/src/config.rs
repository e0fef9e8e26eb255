//! The filter's configuration.

use crate::bucket::Bucket;
use mesh_filter::clock::Span;
use mesh_filter::{Error, HeaderName, Result};
use serde::Deserialize;
use std::num::NonZeroU32;

/// What stands in `pluginConfig`; the limit is spelled as in Envoy's `token_bucket`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How many requests may come at once.
    max_tokens: NonZeroU32,
    /// So many requests more are allowed in each `fill_interval`, evenly spread over it.
    tokens_per_fill: NonZeroU32,
    /// See `tokens_per_fill`.
    fill_interval: Span,
    /// Who has a bucket of their own.
    pub(crate) key: Key,
}

/// What clients are told apart by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    /// The value of this request header.
    pub(crate) header: HeaderName,
}

impl Config {
    pub(crate) fn bucket(&self) -> Result<Bucket> {
        Bucket::new(self.max_tokens, *self.fill_interval / self.tokens_per_fill.get()).ok_or_else(|| {
            Error::new("at `fill_interval`: less than a nanosecond for each token, or too long")
        })
    }
}
