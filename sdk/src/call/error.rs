//! Why a call brought no reply of the service.

use super::ClusterName;
use crate::clock::Shown;
use crate::error::told;
use crate::headers::HeaderError;
use crate::host::Status;
use std::time::Duration;

/// A call that brought no reply of the service, or one that cannot be read.
///
/// A reply with a bad status is none of these: it is a reply, and its status is
/// [`super::Reply::status`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The proxy has no cluster of this name.
    #[error("the proxy has no cluster `{cluster}`")]
    UnknownCluster {
        /// The cluster that was called.
        cluster: ClusterName,
    },
    /// No reply came in time.
    #[error("cluster `{cluster}` did not reply within {}", Shown(*.timeout))]
    Timeout {
        /// The cluster that was called.
        cluster: ClusterName,
        /// How long the filter was ready to wait.
        timeout: Duration,
    },
    /// The proxy could not connect, or found no healthy endpoint.
    #[error("cluster `{cluster}` cannot be reached: {reason}")]
    Unreachable {
        /// The cluster that was called.
        cluster: ClusterName,
        /// What the proxy says.
        reason: String,
    },
    /// The reply broke off.
    #[error("the call to cluster `{cluster}` was reset before its reply was complete")]
    Reset {
        /// The cluster that was called.
        cluster: ClusterName,
    },
    /// The proxy did not start the call.
    #[error("the proxy did not start the call to cluster `{cluster}`: {status}")]
    Send {
        /// The cluster that was called.
        cluster: ClusterName,
        /// What the proxy answered.
        status: Status,
    },
    /// The call has a header, a path or a timeout that cannot be.
    #[error("the call to cluster `{cluster}` cannot be made")]
    Invalid {
        /// The cluster that was called.
        cluster: ClusterName,
        /// What is wrong.
        source: InvalidCall,
    },
    /// The reply's body is not UTF-8.
    #[error("the reply of cluster `{cluster}` is not UTF-8 from byte {valid_up_to} on")]
    NotText {
        /// The cluster that was called.
        cluster: ClusterName,
        /// Length of the part that is text.
        valid_up_to: usize,
    },
}

/// What is wrong with a call.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCall {
    /// A header name or value.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The method is not a token.
    #[error("`{0}` is not a method")]
    Method(String),
    /// The path does not begin with a slash, or holds a space or a control character.
    #[error("`{0}` is not a path: expected `/`, and no spaces or control characters")]
    Path(String),
    /// The timeout is zero, which would be no timeout, or too long for the ABI.
    #[error("{} is no timeout: expected 1 ms to 24 days", Shown(*.0))]
    Timeout(Duration),
    /// The call was made outside a plugin's callbacks, so nothing could receive the reply.
    #[error("no filter runs here that could wait for the reply")]
    Outside,
}

told!(CallError, InvalidCall);
