//! HTTP calls to clusters of the proxy, awaited wherever a filter's future runs.
//!
//! ```no_run
//! # use mesh_filter::prelude::*;
//! # async fn ask(cluster: &ClusterName) -> Result<()> {
//! let reply = call::get(cluster, "/bucket").header("x-user", "alice").timeout(millis(50)).send().await?;
//! if reply.status() == 200 {
//!     log::info!("bucket {}", reply.text()?);
//! }
//! # Ok(()) }
//! ```
//!
//! What fails may be [made again](Call::retry); [`crate::task::join`] makes several calls at once,
//! [`crate::flight`] makes one for all who ask the same.

mod budget;
mod cluster;
mod error;
mod reply;
mod request;
mod retry;

pub use budget::Budget;
pub(crate) use budget::Budgets;
pub use cluster::{ClusterName, ClusterNameError};
pub use error::{CallError, InvalidCall};
pub use reply::Reply;
pub use request::{Call, DEFAULT_TIMEOUT};
pub use retry::{On, Retry, RetryError, RetryingCall, Stopped};

/// A `GET` of a path (and query).
pub fn get(cluster: &ClusterName, path: impl Into<String>) -> Call {
    request("GET", cluster, path)
}

/// A `POST` to a path (and query); see [`Call::body`].
pub fn post(cluster: &ClusterName, path: impl Into<String>) -> Call {
    request("POST", cluster, path)
}

/// A call with any method.
pub fn request(method: impl Into<String>, cluster: &ClusterName, path: impl Into<String>) -> Call {
    Call::new(method.into(), cluster.clone(), path.into())
}
