//! The numbers and byte formats of Proxy-Wasm, without an engine and without I/O.
//!
//! Everything here follows the Proxy-Wasm ABI v0.2.1 and its two predecessors, as Envoy
//! implements them. Read [`table`] first: it is the one list of imports and exports.

#[cfg(test)]
mod docs;
pub mod kinds;
pub mod pairs;
pub mod path;
pub mod protobuf;
pub mod status;
pub mod table;

pub use kinds::{BufferKind, LogLevel, MapKind, MetricKind, StreamKind};
pub use status::Status;
pub use table::AbiVersion;
