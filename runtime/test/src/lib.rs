//! Tests for Proxy-Wasm filters: virtual time, scenario files, native tests.
//!
//! ```text
//!   tests/*.test.yaml ── scenario ──┐
//!                                   ├──▶ sim ──▶ worker ──▶ native filter │ Wasm module
//!   tests in Rust ─────── api ──────┘     │
//!                                         └── clock, mocked clusters, upstream, journal
//! ```
//!
//! A filter author writes scenario files and plays them with [`scenarios!`], or tests in Rust
//! with [`Sim`](prelude::Sim). Neither sleeps, opens a socket or depends on the machine: time moves only when
//! a test says so, and two runs are the same. Nothing here compiles a Wasm engine unless the
//! feature `wasm` asks for it; `cargo mesh-filter test` plays the same files on built modules.
//!
//! Reading order: [`prelude`] and [`scenario`] (what tests see), [`report`], `traffic`, `grpc` and
//! `matcher` (what they are made of), `sim` (virtual time), `native` and `world` (what runs).

pub mod prelude;

pub mod api;
pub mod google;
pub mod matcher;
pub mod report;
pub mod scenario;

mod base64;
mod cargo;
mod grpc;
mod mint;
mod native;
mod panics;
mod sim;
mod statistics;
mod traffic;
#[cfg(feature = "wasm")]
mod wasm;
mod world;

#[cfg(feature = "wasm")]
pub use wasm::WasmError;
pub use world::World;

/// The blocks of the guide, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide.md")]
mod guide {}

/// What macros expand to; not for use by hand.
#[doc(hidden)]
pub mod private {
    pub use crate::cargo::{main, play};
}
