//! The reply to a call.

use super::{CallError, ClusterName};
use crate::headers::Headers;
use crate::host::{MapKind, Pairs};
use std::fmt;
use std::time::Duration;

/// What proxies answer in place of a service that was too slow.
const TIMEOUT_BODY: &[u8] = b"upstream request timeout";
/// How the bodies begin that proxies answer in place of a service that they cannot reach.
const UNREACHABLE_BODIES: [&[u8]; 2] = [b"upstream connect error", b"no healthy upstream"];

/// What a service replied.
pub struct Reply {
    cluster: ClusterName,
    status: u16,
    headers: Headers,
    body: Vec<u8>,
    trailers: Headers,
    pub(super) tries: u32,
}

impl Reply {
    /// Reads what the proxy delivered. A proxy reports its own failures as replies: these become
    /// errors here. They are told from a service's own 503 and 504 by their bodies.
    pub(crate) fn read(
        cluster: ClusterName,
        timeout: Duration,
        headers: Pairs,
        body: Vec<u8>,
        trailers: Pairs,
    ) -> Result<Self, CallError> {
        let headers = Headers::local(MapKind::CallResponseHeaders, headers);
        let status = headers.get(":status").and_then(|status| status.as_str().ok());
        let Some(status) = status.and_then(|status| status.parse().ok()) else {
            return Err(CallError::Reset { cluster });
        };
        if status == 504 && (body.is_empty() || body == TIMEOUT_BODY) {
            return Err(CallError::Timeout { cluster, timeout });
        }
        if status == 503 && UNREACHABLE_BODIES.iter().any(|start| body.starts_with(start)) {
            let reason = String::from_utf8_lossy(&body).into_owned();
            return Err(CallError::Unreachable { cluster, reason });
        }
        let trailers = Headers::local(MapKind::CallResponseTrailers, trailers);
        Ok(Self { cluster, status, headers, body, trailers, tries: 1 })
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, CallError> {
        std::str::from_utf8(&self.body).map_err(|error| CallError::NotText {
            cluster: self.cluster.clone(),
            valid_up_to: error.valid_up_to(),
        })
    }

    /// The trailers; empty where there are none.
    #[must_use]
    pub fn trailers(&self) -> &Headers {
        &self.trailers
    }

    /// How often the call was made, this time included: 1 unless [`super::Call::retry`] made it
    /// again.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// The body, without a copy.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("cluster", &self.cluster)
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
