//! What meshes are told about plugins: resources of Istio and Envoy Gateway, their rules, and the proxy's side of them.
//!
//! ```text
//!   file ──► Resource ──► crd (structure, CEL) ──► violations, each with its line
//!               │
//!               └──► Declared: one plugin, whatever kind of resource declares it
//!                        ├──► lint: what proxies would refuse or ignore, with fixes
//!                        └──► render: what proxies are told
//! ```
//!
//! Nothing here opens a socket, starts a process or knows a registry: that is the CLI's part.

pub mod config_schema;
pub mod crd;
pub mod declared;
pub mod differ;
pub mod history;
mod kind;
pub mod loaded;
pub mod render;
mod resource;
mod target;
pub mod write;

pub mod lint;

pub use kind::Kind;
pub use resource::Resource;
pub use target::{NoTarget, Product, Target, Version};
