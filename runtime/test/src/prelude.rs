//! Everything that a test in Rust usually needs.

pub use crate::api::{
    Check, Cluster, Exchange, FilterError, GrpcMock, GrpcReply, Paused, Pending, Reply, Sim, TestFilter,
    body, complete, contains, ends, get, grpc, header, log, matches, metric, no_header, no_upstream_call,
    not, post, reply, request, reset, set_property, starts, status, trailer,
};
pub use crate::attribute::TestResult;
pub use crate::cuts::Cuts;
pub use crate::matcher::Matcher;
pub use crate::traffic::{Fault, Received};
pub use mesh_filter_runtime::abi::LogLevel as Level;
pub use serde_json::json;
pub use std::time::Duration;

/// So many milliseconds.
#[must_use]
pub const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// So many seconds.
#[must_use]
pub const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many minutes.
#[must_use]
pub const fn mins(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}
