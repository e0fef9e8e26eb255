//! What proxies are told about the plugins of resources, in the words of Envoy's configuration.
//!
//! ```text
//!   Resource ──► chain (order) ──► istiod: a filter of the chain, and an extension that is discovered (ECDS)
//!                                     └──► agent: the same once the module has been fetched
//!                                             └──► runnable: what a plain Envoy takes from files
//! ```

mod agent;
mod chain;
mod istiod;
mod names;
mod numbers;
mod runnable;

pub use agent::{Outcome, fetched, module_path};
pub use chain::{Fetcher, Link, chain};
pub use istiod::{Filter, sent};
pub use names::{NEWEST, extension_name, plugin_name};
pub use numbers::compact;
pub use runnable::{Backend, Runnable, runnable};

/// The types of messages, as an `Any` names them.
pub(crate) const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
pub(crate) const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
pub(crate) const TEXT: &str = "type.googleapis.com/google.protobuf.StringValue";

#[cfg(test)]
mod tests;
