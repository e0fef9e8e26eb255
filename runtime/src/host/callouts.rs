//! HTTP callouts: checked and numbered here, carried out by the driver.

use super::{Deferred, Host, maps};
use crate::abi::Status;
use crate::exchange::Side;
use crate::guest::ContextId;
use crate::headers::Headers;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

/// What `proxy_get_status` answers, for each root context.
pub(super) type Statuses = BTreeMap<ContextId, (u32, Bytes)>;

/// Which clusters the proxy has.
pub trait Clusters {
    /// Whether a callout can name this cluster.
    fn knows(&self, name: &str) -> bool;

    /// Whether the cluster has no endpoint at all, so that a callout fails at once.
    fn is_empty(&self, _name: &str) -> bool {
        false
    }
}

/// A callout that the driver starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// Number that the guest knows it by: 4, 8, 12, ... in each VM.
    pub token: u32,
    /// Root context that gets the answer.
    pub root: ContextId,
    /// Cluster.
    pub cluster: String,
    /// Request headers, pseudo headers included.
    pub headers: Headers,
    /// Request body.
    pub body: Bytes,
    /// Request trailers; may be empty.
    pub trailers: Headers,
    /// After which the answer is 504; `None` waits for ever.
    pub timeout: Option<Duration>,
}

/// How a callout ended.
///
/// A timeout and a failed connection are responses too, 504 and 503, as in Envoy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpCallOutcome {
    /// A response.
    Response {
        /// Headers, `:status` included.
        headers: Headers,
        /// Body.
        body: Bytes,
        /// Trailers; may be empty.
        trailers: Headers,
    },
    /// The connection broke after the response had begun, or the body was too large.
    Reset,
}

static NO_HEADERS: LazyLock<Headers> = LazyLock::new(Headers::new);
static NO_BODY: Bytes = Bytes::new();

impl HttpCallOutcome {
    pub(super) fn headers(&self) -> &Headers {
        match self {
            Self::Response { headers, .. } => headers,
            Self::Reset => &NO_HEADERS,
        }
    }

    pub(super) fn body(&self) -> &Bytes {
        match self {
            Self::Response { body, .. } => body,
            Self::Reset => &NO_BODY,
        }
    }

    pub(super) fn trailers(&self) -> &Headers {
        match self {
            Self::Response { trailers, .. } => trailers,
            Self::Reset => &NO_HEADERS,
        }
    }

    /// Number of headers, bytes and trailers, as `on_http_call_response` gets them.
    #[must_use]
    pub fn sizes(&self) -> (u32, u32, u32) {
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        (size(self.headers().len()), size(self.body().len()), size(self.trailers().len()))
    }
}

impl Host {
    /// `proxy_http_call`; returns the token.
    ///
    /// # Errors
    /// `BadArgument` for a negative timeout, an unknown cluster, or headers without `:method`,
    /// `:path` or `:authority`; `InternalFailure` for a cluster without endpoints.
    pub fn http_call(
        &mut self,
        cluster: &[u8],
        headers: Vec<(Bytes, Bytes)>,
        body: &[u8],
        trailers: Vec<(Bytes, Bytes)>,
        timeout_ms: i32,
    ) -> Result<u32, Status> {
        let timeout_ms = u64::try_from(timeout_ms).map_err(|_| Status::BAD_ARGUMENT)?;
        let cluster = std::str::from_utf8(cluster).map_err(|_| Status::BAD_ARGUMENT)?;
        if !self.services.clusters.knows(cluster) {
            return Err(Status::BAD_ARGUMENT);
        }
        let pairs = headers;
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.add(Side::Request, maps::in_request(name), value);
        }
        if [&b":method"[..], b":path", b":authority"].iter().any(|name| !headers.contains(name)) {
            return Err(Status::BAD_ARGUMENT);
        }
        if !body.is_empty() {
            headers.set(Bytes::from_static(b"content-length"), body.len().to_string().into());
        }
        let root = self.root_of(self.effective).ok_or(Status::BAD_ARGUMENT)?;
        if self.open_calls >= self.services.quotas.callouts {
            return Err(Status::INTERNAL_FAILURE);
        }
        self.last_call = self.last_call.checked_add(4).unwrap_or(4);
        if self.services.clusters.is_empty(cluster) {
            return Err(Status::INTERNAL_FAILURE);
        }
        self.open_calls += 1;
        self.deferred.push(Deferred::Call(HttpCall {
            token: self.last_call,
            root,
            cluster: cluster.to_owned(),
            headers,
            body: Bytes::copy_from_slice(body),
            trailers: trailers.into_iter().collect(),
            timeout: (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms)),
        }));
        Ok(self.last_call)
    }

    /// Makes an outcome readable for the callback that delivers it.
    pub fn deliver(&mut self, root: ContextId, outcome: HttpCallOutcome) {
        self.open_calls = self.open_calls.saturating_sub(1);
        if outcome == HttpCallOutcome::Reset {
            let status = (Status::BROKEN_CONNECTION.0, Bytes::from_static(b"reset"));
            self.statuses.insert(root, status);
        }
        self.delivered = Some(outcome);
    }

    /// Ends the delivery.
    pub fn delivered(&mut self) {
        self.delivered = None;
        self.forget_messages();
    }

    /// The message of a failure goes with its callback; its code stays until a gRPC callout ends, as in Envoy.
    pub(super) fn forget_messages(&mut self) {
        for (_, message) in self.statuses.values_mut() {
            message.clear();
        }
    }

    /// `proxy_get_status`: code and message of the callout that is being told about.
    #[must_use]
    pub fn status(&self) -> (u32, Bytes) {
        let root = self.root_of(self.effective);
        root.and_then(|root| self.statuses.get(&root)).cloned().unwrap_or_default()
    }
}
