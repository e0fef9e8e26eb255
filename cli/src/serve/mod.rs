//! What `run` ends in: a configuration that is served until a signal comes, by this project's proxy or by Envoy.

pub(crate) mod envoy;
mod log;
pub(crate) mod standalone;
