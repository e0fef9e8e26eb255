//! Filter crates on disk: finding them, reading their metadata, building them.

pub(crate) mod baseline;
pub(crate) mod build;
pub(crate) mod costs;
pub(crate) mod engine;
pub(crate) mod envoy;
pub(crate) mod filter;
pub(crate) mod google;
pub(crate) mod native;
pub(crate) mod plugin;
pub(crate) mod profile;
pub(crate) mod progress;
pub(crate) mod records;
pub(crate) mod report;
pub(crate) mod rustc;
pub(crate) mod scenarios;
mod ship;
pub(crate) mod toolchain;
pub(crate) mod upstream;
mod wasm_opt;
pub(crate) mod workspace;
