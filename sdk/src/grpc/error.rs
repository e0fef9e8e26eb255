//! Why a gRPC call brought no message, or a stream no more.

use super::Code;
use crate::call::ClusterName;
use crate::clock::Shown;
use crate::host::Status;
use std::fmt;
use std::time::Duration;

/// What was called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rpc {
    cluster: ClusterName,
    service: String,
    method: String,
}

impl Rpc {
    pub(super) fn new(cluster: ClusterName, service: String, method: String) -> Self {
        Self { cluster, service, method }
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    /// Package and service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }
}

impl fmt::Display for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}/{}` of cluster `{}`", self.service, self.method, self.cluster)
    }
}

/// A gRPC call or stream that did not end with the status OK, or brought what cannot be used.
///
/// Texts of the peer in it are readable and safe for logs: decoded, without control characters, of
/// bounded length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcError {
    /// The proxy has no cluster of this name.
    ///
    /// A few short names are told as [`GrpcError::NotStarted`] instead: proxies cannot tell them
    /// from serialised messages, so that they are called in another way.
    #[error("{rpc} cannot be called: the proxy has no such cluster")]
    UnknownCluster {
        /// What was called.
        rpc: Rpc,
    },
    /// The proxy did not start it: most often its cluster has no healthy endpoint.
    #[error("the proxy did not start {rpc}: {status}")]
    NotStarted {
        /// What was called.
        rpc: Rpc,
        /// What the proxy answered.
        status: Status,
    },
    /// It was not over in time.
    #[error("{rpc} was not over within {}", Shown(*.timeout))]
    Timeout {
        /// What was called.
        rpc: Rpc,
        /// How long the filter was ready to wait.
        timeout: Duration,
    },
    /// The proxy could not connect, or the service says that it cannot serve now.
    #[error("{rpc} is unavailable{}", Colon(.reason))]
    Unavailable {
        /// What was called.
        rpc: Rpc,
        /// What the proxy or the service says; may be empty.
        reason: String,
    },
    /// It ended with another status.
    #[error("{rpc} ended with {code}{}", Colon(.message))]
    Status {
        /// What was called.
        rpc: Rpc,
        /// The status.
        code: Code,
        /// What the service says; may be empty.
        message: String,
    },
    /// The response broke off.
    #[error("{rpc} broke off{}", Colon(.reason))]
    BrokenOff {
        /// What was called.
        rpc: Rpc,
        /// What the proxy says; may be empty.
        reason: String,
    },
    /// A message is not of the type that was asked for.
    #[error("{rpc} sent a message that cannot be decoded: {reason}")]
    Undecodable {
        /// What was called.
        rpc: Rpc,
        /// What is wrong with it.
        reason: String,
    },
    /// A message is longer than [`super::Call::max_message`] allows.
    #[error("{rpc} sent a message of {size} bytes: expected at most {limit}")]
    TooLarge {
        /// What was called.
        rpc: Rpc,
        /// Its length.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Something was to be sent on a stream of which the sending side has ended.
    #[error("nothing more can be sent to {rpc}: its stream is finished")]
    Finished {
        /// What was called.
        rpc: Rpc,
    },
    /// It has a name, metadata or a timeout that cannot be.
    #[error("{rpc} cannot be called")]
    Invalid {
        /// What was called.
        rpc: Rpc,
        /// What is wrong.
        source: InvalidGrpc,
    },
}

impl GrpcError {
    /// The status that says most about it, to tell it to a client for instance.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Timeout { .. } => Code::DeadlineExceeded,
            Self::UnknownCluster { .. } | Self::NotStarted { .. } | Self::Unavailable { .. } => {
                Code::Unavailable
            }
            Self::Status { code, .. } => *code,
            Self::TooLarge { .. } => Code::ResourceExhausted,
            Self::BrokenOff { .. }
            | Self::Undecodable { .. }
            | Self::Finished { .. }
            | Self::Invalid { .. } => Code::Internal,
        }
    }

    /// What was called.
    #[must_use]
    pub fn rpc(&self) -> &Rpc {
        match self {
            Self::UnknownCluster { rpc }
            | Self::NotStarted { rpc, .. }
            | Self::Timeout { rpc, .. }
            | Self::Unavailable { rpc, .. }
            | Self::Status { rpc, .. }
            | Self::BrokenOff { rpc, .. }
            | Self::Undecodable { rpc, .. }
            | Self::TooLarge { rpc, .. }
            | Self::Finished { rpc }
            | Self::Invalid { rpc, .. } => rpc,
        }
    }
}

/// What is wrong with a gRPC call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidGrpc {
    /// The service's name is none.
    #[error("`{0}` is not a service: expected letters, digits, `_` and `.`, as in `package.Service`")]
    Service(String),
    /// The method's name is none.
    #[error("`{0}` is not a method: expected letters, digits and `_`")]
    Method(String),
    /// A name of metadata is none, or is the proxy's affair.
    #[error("`{name}` cannot be sent as metadata: {problem}")]
    Name {
        /// What was given.
        name: String,
        /// Why not.
        problem: &'static str,
    },
    /// A value of metadata holds what only names that end with `-bin` may hold. The value itself is
    /// not repeated: it may be secret.
    #[error(
        "the value for `{name}` holds byte {byte:#04x} at {position}: expected printable ASCII, or a name with `-bin`"
    )]
    Value {
        /// The name.
        name: String,
        /// The byte.
        byte: u8,
        /// Where it stands.
        position: usize,
    },
    /// The timeout is zero, which would be no timeout, or too long for the ABI.
    #[error("{0:?} is no timeout: expected 1 ms to 24 days")]
    Timeout(Duration),
    /// It was called outside a plugin's callbacks, so nothing could receive the reply.
    #[error("no filter runs here that could wait for the reply")]
    Outside,
}

/// A reason behind a colon, if there is one.
struct Colon<'a>(&'a str);

impl fmt::Display for Colon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}
