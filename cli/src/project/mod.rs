//! Filter crates on disk: finding them, reading their metadata, building them.

pub(crate) mod build;
pub(crate) mod filter;
pub(crate) mod rustc;
mod ship;
mod toolchain;
mod wasm_opt;
pub(crate) mod workspace;
