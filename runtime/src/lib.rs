//! A Proxy-Wasm host that behaves as Envoy does, and a standalone proxy on top of it.
//!
//! ```text
//!   sockets ── proxy ──┐                          ┌── vm (wasmtime) ── hostcalls ──┐
//!   virtual time, ─────┤→ worker → chain → Guest ─┤                                ├→ host
//!   mocks (harness)    │                          └── native filter (harness) ─────┘
//! ```
//!
//! Reading order: [`abi`] (numbers and bytes), [`exchange`] (the data of one request),
//! [`guest`] (how a filter is called).

pub mod abi;
pub mod body;
pub mod exchange;
pub mod guest;
pub mod headers;
