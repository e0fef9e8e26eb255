//! What filters leave on an exchange for access logs and for each other.

use super::{Result, Value, read};
use crate::host::{HostError, Status, host};

/// Leaves a value on this exchange, for access logs and other filters.
///
/// The proxy keeps it, until the exchange ends, as a *filter state* object whose name is `wasm.` and
/// `name`. So for `set("team", "blue")`:
///
/// | who reads it | how |
/// |---|---|
/// | this and other Wasm filters | `property::read::<String>(&["team"])` |
/// | the same, and expressions (RBAC, access log filters) | `filter_state["wasm.team"]`, see [`filter_state`] |
/// | access logs | `%FILTER_STATE(wasm.team:PLAIN)%` (without `:PLAIN` base64 in JSON) |
///
/// All Wasm filters share these names. Logs write the bytes as they are, so text serves best:
/// numbers are read back as what was set, [`String`] or bytes.
///
/// ```no_run
/// # use mesh_filter::prelude::*;
/// # fn run(bucket: u32) -> Result<()> {
/// property::set("cohort.bucket", bucket.to_string())?;
/// assert_eq!(property::read::<String>(&["cohort.bucket"])?, Some(bucket.to_string()));
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the proxy refuses, as it does outside an exchange, or the name is empty or has a NUL byte.
pub fn set(name: &str, value: impl AsRef<[u8]>) -> Result<()> {
    let set = if name.is_empty() || name.contains('\0') {
        // A path of several segments could be written, and never read.
        Err(Status::BAD_ARGUMENT)
    } else {
        host().set_property(name.as_bytes(), value.as_ref())
    };
    set.map_err(|status| HostError::new("proxy_set_property", name, status).into())
}

/// A filter state object by its full name, whoever left it: `wasm.NAME` for what [`set`] left, or
/// one of the proxy's own, as `envoy.tcp_proxy.cluster`.
///
/// # Errors
/// When the proxy refuses, or gives bytes of another kind.
pub fn filter_state<T: Value>(name: &str) -> Result<Option<T>> {
    read(&["filter_state", name])
}
