//! The data of one HTTP exchange: what filters read and change.
//!
//! The chain moves it; hostcalls reach it through the context of a filter. Nothing here decides.

use crate::body::Body;
use crate::headers::Headers;
use crate::host::FilterState;
use bytes::Bytes;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

/// One direction of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// From the client to the upstream.
    Request,
    /// From the upstream to the client.
    Response,
}

/// An exchange as the chain and the contexts of its filters share it, on one thread.
pub type SharedExchange = Rc<RefCell<Exchange>>;

/// Headers, bodies, trailers and facts of one request and its response.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Number of the exchange in its worker.
    pub number: u64,
    /// From the client.
    pub request: Message,
    /// To the client.
    pub response: Message,
    /// What properties and the access log tell.
    pub info: Info,
}

impl Exchange {
    /// The message that goes in this direction.
    #[must_use]
    pub fn message(&self, side: Side) -> &Message {
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
        }
    }

    /// The message that goes in this direction.
    pub fn message_mut(&mut self, side: Side) -> &mut Message {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }
}

/// One message of an exchange.
#[derive(Debug, Default)]
pub struct Message {
    /// Headers, once they have arrived; they stay for the access log.
    pub headers: Option<Headers>,
    /// The chunk that is going through the chain.
    pub chunk: Body,
    /// What a paused filter has held back.
    pub buffer: Option<Body>,
    /// Trailers, once they have arrived or been added.
    pub trailers: Option<Headers>,
}

/// Facts about an exchange, for properties and the access log.
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// Number of the connection, unique in the process.
    pub connection_id: u64,
    /// `HTTP/1.1` or `HTTP/2`.
    pub protocol: &'static str,
    /// The client.
    pub downstream_remote: Option<SocketAddr>,
    /// The listener.
    pub downstream_local: Option<SocketAddr>,
    /// The endpoint that was chosen.
    pub upstream_remote: Option<SocketAddr>,
    /// How many endpoints the cluster has that the route leads to.
    pub upstream_endpoints: Option<u64>,
    /// Our address towards it.
    pub upstream_local: Option<SocketAddr>,
    /// Why it could not be connected to.
    pub upstream_failure: String,
    /// How often the request was sent to an upstream.
    pub upstream_attempts: u64,
    /// How long the request waited for its connection, in nanoseconds.
    pub upstream_wait_ns: Option<u64>,
    /// When the request's headers went to the upstream.
    pub upstream_sent_ns: Option<u64>,
    /// When the last of the response came from the upstream.
    pub upstream_end_ns: Option<u64>,
    /// When the request began, nanoseconds since 1970.
    pub start_ns: u64,
    /// When it ended, on the same clock.
    pub end_ns: Option<u64>,
    /// When the request was complete.
    pub request_end_ns: Option<u64>,
    /// When the response's headers came from the upstream.
    pub response_start_ns: Option<u64>,
    /// Name of the route as configured, if there is a route.
    pub route_name: Option<String>,
    /// Name of the virtual host, if there is one.
    pub virtual_host_name: Option<String>,
    /// Name of the cluster that the route leads to.
    pub cluster_name: Option<String>,
    /// Status of the response as it came, then as it left; filters do not change it in between.
    pub code: Option<u16>,
    /// Why the response is what it is, e.g. `via_upstream`.
    pub code_details: String,
    /// Envoy's response flags, a bit each.
    pub response_flags: u64,
    /// Request body bytes that came from the client.
    pub request_bytes: u64,
    /// Response body bytes that went to the client.
    pub response_bytes: u64,
    /// What filters have noted for others, and for later.
    pub filter_state: FilterState,
    /// A filter asked that the route be chosen again.
    pub route_cleared: bool,
}

/// A response that a filter or the proxy gives instead of the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReply {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Why, for the access log: no spaces.
    pub details: String,
    /// Body; may be empty.
    pub body: Bytes,
    /// Headers besides `:status`, `content-length` and `content-type`.
    pub headers: Vec<(Bytes, Bytes)>,
    /// gRPC status 0 to 16, for gRPC requests.
    pub grpc_status: Option<u32>,
}
