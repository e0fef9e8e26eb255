//! A Proxy-Wasm host that behaves as Envoy does, and a standalone proxy on top of it.
//!
//! ```text
//!   sockets ── proxy ──┐                          ┌── vm (wasmtime) ── hostcalls ──┐
//!   virtual time, ─────┤→ worker → chain → Guest ─┤                                ├→ host
//!   mocks (harness)    │                          └── native filter (harness) ─────┘
//! ```
//!
//! Reading order: [`abi`] (numbers and bytes), [`exchange`] (the data of one request),
//! [`guest`] (how a filter is called), [`host`] (what a filter may ask for), [`plugin`] (one
//! configured plugin), [`chain`] (a phase through the filters), [`worker`] (all of one thread), [`document`] (files with
//! positions).

pub mod abi;
pub mod body;
pub mod chain;
pub mod document;
pub mod exchange;
pub mod guest;
pub mod headers;
pub mod host;
#[cfg(feature = "wasm")]
mod hostcalls;
mod number_map;
pub mod plugin;
#[cfg(feature = "proxy")]
pub mod proxy;
mod start;
mod stop;
#[cfg(feature = "wasm")]
pub mod vm;
pub mod worker;
