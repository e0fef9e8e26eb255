//! Listeners and their HTTP connection manager.

use std::net::SocketAddr;
use std::time::Duration;

use super::proto::Proto;
use super::{
    AccessLog, Cluster, DEFAULT_BUFFER_LIMIT, RouteConfig, WasmFilter, access_log, address, filter, route,
};
use crate::document::{Fields, Node, Result};

pub(super) const MANAGER: &str =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
/// The largest `max_request_headers_kb` that Envoy takes.
const MAX_HEADERS_KB: u32 = 8192;

/// One listening address with its HTTP connection manager.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// The name; the address if the file gives none.
    pub name: String,
    /// Where it listens; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Bytes buffered per connection and stream before reading pauses.
    pub per_connection_buffer_limit_bytes: u32,
    /// What happens to its connections.
    pub http: HttpConnections,
}

/// The HTTP protocol of downstream connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Codec {
    /// HTTP/2 if the connection begins with its preface, else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

/// The HTTP connection manager: codec, routes, filters and Envoy's limits.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpConnections {
    /// Prefix of the statistics, `http.<stat_prefix>.`.
    pub stat_prefix: String,
    /// The downstream protocol.
    pub codec: Codec,
    /// Where requests go.
    pub routes: RouteConfig,
    /// The Wasm filters in order; the router that ends the chain in the file is implied.
    pub filters: Vec<WasmFilter>,
    /// Where finished requests are written.
    pub access_log: Vec<AccessLog>,
    /// The value of the `server` response header.
    pub server_name: String,
    /// The value added to `via`, if any.
    pub via: Option<String>,
    /// Take the peer's address as the client's, instead of trusting `x-forwarded-for`.
    pub use_remote_address: bool,
    /// Put an `x-request-id` on requests that need one.
    pub generate_request_id: bool,
    /// Keep the `x-request-id` that came from outside.
    pub preserve_external_request_id: bool,
    /// Largest request head in KiB.
    pub max_request_headers_kb: u32,
    /// Most headers in a request.
    pub max_headers_count: u32,
    /// How long a stream may stand still; `None` is for ever.
    pub stream_idle_timeout: Option<Duration>,
    /// How long a whole request may take to arrive; `None` is for ever.
    pub request_timeout: Option<Duration>,
    /// How long a connection may be without a stream; `None` is for ever.
    pub idle_timeout: Option<Duration>,
}

impl Default for HttpConnections {
    fn default() -> Self {
        Self {
            stat_prefix: "ingress_http".to_owned(),
            codec: Codec::Auto,
            routes: RouteConfig::default(),
            filters: Vec::new(),
            access_log: Vec::new(),
            server_name: "envoy".to_owned(),
            via: None,
            use_remote_address: false,
            generate_request_id: true,
            preserve_external_request_id: false,
            max_request_headers_kb: 60,
            max_headers_count: 100,
            stream_idle_timeout: Some(Duration::from_secs(5 * 60)),
            request_timeout: None,
            idle_timeout: Some(Duration::from_secs(60 * 60)),
        }
    }
}

pub(super) fn read(node: &Node, clusters: &[Cluster]) -> Result<Listener> {
    let fields = node.proto(&["name", "address", "filter_chains", "per_connection_buffer_limit_bytes"])?;
    let address = address::socket(fields.required("address")?)?;
    let name = fields.optional("name", Proto::text)?.unwrap_or_default();
    Ok(Listener {
        name: if name.is_empty() { address.to_string() } else { name },
        address,
        per_connection_buffer_limit_bytes: buffer_limit(&fields)?,
        http: filter_chain(&fields, clusters)?,
    })
}

/// `per_connection_buffer_limit_bytes` of a listener or cluster.
pub(super) fn buffer_limit(fields: &Fields<'_>) -> Result<u32> {
    let limit = fields.optional("per_connection_buffer_limit_bytes", |node| node.u32(0..=u32::MAX))?;
    Ok(limit.unwrap_or(DEFAULT_BUFFER_LIMIT))
}

fn filter_chain(fields: &Fields<'_>, clusters: &[Cluster]) -> Result<HttpConnections> {
    let chain = fields.required("filter_chains")?.only("filter chain")?;
    let filter = chain.proto(&["filters"])?.required("filters")?.only("network filter")?;
    let fields = filter.proto(&["name", "typed_config"])?;
    let name = fields.required("name")?;
    if name.text()?.is_empty() {
        return Err(name.error("expected a name, got an empty string"));
    }
    manager(fields.required("typed_config")?, clusters)
}

fn manager(node: &Node, clusters: &[Cluster]) -> Result<HttpConnections> {
    let fields = node.typed(
        MANAGER,
        &[
            "stat_prefix",
            "codec_type",
            "route_config",
            "http_filters",
            "access_log",
            "server_name",
            "via",
            "use_remote_address",
            "generate_request_id",
            "preserve_external_request_id",
            "max_request_headers_kb",
            "common_http_protocol_options",
            "http2_protocol_options",
            "stream_idle_timeout",
            "request_timeout",
        ],
    )?;
    let mut http =
        HttpConnections { stat_prefix: fields.required("stat_prefix")?.nonempty()?, ..Default::default() };
    if let Some(codec) = fields.optional("codec_type", codec)? {
        http.codec = codec;
    }
    http.routes = route::read(fields.required("route_config")?, clusters)?;
    http.filters = filter::chain(fields.required("http_filters")?)?;
    http.access_log = fields.each("access_log", access_log::read)?;
    if let Some(name) = fields.optional("server_name", Proto::header_value)?.filter(|name| !name.is_empty()) {
        http.server_name = name;
    }
    http.via = fields.optional("via", Proto::header_value)?.filter(|via| !via.is_empty());
    set(&mut http.use_remote_address, fields.optional("use_remote_address", Node::bool)?);
    set(&mut http.generate_request_id, fields.optional("generate_request_id", Node::bool)?);
    set(&mut http.preserve_external_request_id, fields.optional("preserve_external_request_id", Node::bool)?);
    set(
        &mut http.max_request_headers_kb,
        fields.optional("max_request_headers_kb", |node| node.u32(1..=MAX_HEADERS_KB))?,
    );
    set(&mut http.stream_idle_timeout, fields.optional("stream_idle_timeout", Proto::timeout)?);
    set(&mut http.request_timeout, fields.optional("request_timeout", Proto::timeout)?);
    if let Some(options) = fields.get("common_http_protocol_options") {
        let fields = options.proto(&["idle_timeout", "max_headers_count"])?;
        set(&mut http.idle_timeout, fields.optional("idle_timeout", Proto::timeout)?);
        set(
            &mut http.max_headers_count,
            fields.optional("max_headers_count", |node| node.u32(1..=u32::MAX))?,
        );
    }
    if let Some(options) = fields.get("http2_protocol_options") {
        options.proto(&[])?;
    }
    Ok(http)
}

fn codec(node: &Node) -> Result<Codec> {
    node.enumeration(&[("AUTO", 0, Codec::Auto), ("HTTP1", 1, Codec::Http1), ("HTTP2", 2, Codec::Http2)])
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
