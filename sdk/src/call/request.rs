//! A call on its way from the builder to the proxy.

use super::error::InvalidCall;
use super::{CallError, ClusterName, Reply, Retry, RetryingCall};
use crate::dispatch::{Event, InFlight};
use crate::headers::{HeaderName, check_value};
use crate::host::{Status, host};
use std::future::poll_fn;
use std::time::Duration;

/// How long a call may take unless [`Call::timeout`] says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTP call that is being put together; [`Call::send`] makes it.
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    cluster: ClusterName,
    method: String,
    path: String,
    authority: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    timeout: Duration,
    /// The first thing that was wrong; told when the call is sent.
    invalid: Option<InvalidCall>,
}

impl Call {
    pub(crate) fn new(method: String, cluster: ClusterName, path: String) -> Self {
        Self {
            authority: cluster.as_str().to_owned(),
            cluster,
            method,
            path,
            headers: Vec::new(),
            body: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            invalid: None,
        }
    }

    /// Adds a header. A name or value that cannot be is told by [`Call::send`].
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        match header(name.as_ref(), value.as_ref()) {
            Ok(header) => self.headers.push(header),
            Err(error) => {
                self.invalid.get_or_insert(error);
            }
        }
        self
    }

    /// The host that the service sees; the name of the cluster unless it is set.
    pub fn authority(mut self, authority: impl Into<String>) -> Self {
        self.authority = authority.into();
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// How long it may take from now to the end of the reply; 5 s unless it is set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the call again where it fails in a way that this says.
    pub fn retry(self, retry: Retry) -> RetryingCall {
        RetryingCall::new(self, retry)
    }

    pub(super) fn cluster(&self) -> &ClusterName {
        &self.cluster
    }

    pub(super) fn limit(&self) -> Duration {
        self.timeout
    }

    /// Whether making it twice does no more than making it once (RFC 9110, section 9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        matches!(&*self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    /// Makes the call and waits for its reply.
    ///
    /// The exchange waits meanwhile: the request before [`crate::Next::run`], the response after
    /// it. Dropping the future ignores the reply, but does not take the call back.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(self) -> Result<Reply, CallError> {
        let timeout = self.timeout;
        let (in_flight, cluster) = self.start()?;
        match poll_fn(|context| in_flight.poll_event(context)).await {
            Event::Reply { headers, body, trailers } => {
                Reply::read(cluster, timeout, headers, body, trailers)
            }
            _ => Err(CallError::Reset { cluster }),
        }
    }

    fn start(self) -> Result<(InFlight, ClusterName), CallError> {
        let cluster = self.cluster.clone();
        let timeout_ms = match self.check() {
            Ok(timeout_ms) => timeout_ms,
            Err(source) => return Err(CallError::Invalid { cluster, source }),
        };
        let mut headers = vec![
            (":method", self.method.as_bytes()),
            (":path", self.path.as_bytes()),
            (":authority", self.authority.as_bytes()),
        ];
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
        match host().http_call(cluster.as_str(), &headers, &self.body, &[], timeout_ms) {
            Ok(token) => match InFlight::register(token) {
                Some(in_flight) => Ok((in_flight, cluster)),
                None => Err(CallError::Invalid { cluster, source: InvalidCall::Outside }),
            },
            // Everything else that this status could mean has been checked.
            Err(Status::BAD_ARGUMENT) => Err(CallError::UnknownCluster { cluster }),
            Err(status) => Err(CallError::Send { cluster, status }),
        }
    }

    /// Checks what a proxy would refuse without saying why, and answers the timeout.
    fn check(&self) -> Result<u32, InvalidCall> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.clone());
        }
        if HeaderName::new(&self.method).is_err() {
            return Err(InvalidCall::Method(self.method.clone()));
        }
        let is_bad = |byte: u8| byte.is_ascii_control() || byte == b' ';
        if !self.path.starts_with('/') || self.path.bytes().any(is_bad) {
            return Err(InvalidCall::Path(self.path.clone()));
        }
        check_value(":authority", self.authority.as_bytes())?;
        match i32::try_from(self.timeout.as_millis()) {
            Ok(timeout_ms @ 1..) => Ok(timeout_ms.unsigned_abs()),
            _ => Err(InvalidCall::Timeout(self.timeout)),
        }
    }
}

fn header(name: &str, value: &[u8]) -> Result<(String, Vec<u8>), InvalidCall> {
    let name = HeaderName::new(name)?;
    check_value(name.as_str(), value)?;
    Ok((name.as_str().to_owned(), value.to_owned()))
}
