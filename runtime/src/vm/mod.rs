//! Plugins in Wasm: loads modules and calls them. Only here and in `hostcalls` is the engine named.
//!
//! Reading order: [`engine`] (limits and how they are kept), [`outline`] (reading a module
//! without compiling it), [`module`] (a module that is ready to run), [`instance`] (a running
//! one), [`trap`] (what is told when it fails).

pub mod engine;
pub mod instance;
pub mod module;
pub mod outline;

mod cache;
pub(crate) mod calls;
mod capabilities;
mod check;
mod exports;
mod fault;
mod limits;
pub(crate) mod memory;
mod profile;
pub(crate) mod state;
mod symbols;
mod trace;
mod trap;

#[cfg(test)]
pub(crate) mod tests;

pub use cache::CacheFolder;
pub use capabilities::Capabilities;
pub use engine::{Engine, EngineError, Limits};
pub use fault::{LoadError, LoadFault, Mismatch};
pub use instance::{Instance, StartError};
pub use module::{LoadOptions, Module, UnknownImports};
pub use profile::Profile;
