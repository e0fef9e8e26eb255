//! Clusters: named groups of upstream endpoints.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::listener::buffer_limit;
use super::proto::Proto;
use super::{DEFAULT_BUFFER_LIMIT, address};
use crate::document::{Fields, Node, Result};

pub(super) const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// A named group of endpoints, used in turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The name; unique.
    pub name: String,
    /// How endpoints are found.
    pub discovery: Discovery,
    /// The endpoints in order; addresses when the discovery is static, host names otherwise.
    pub endpoints: Vec<Endpoint>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// Speak HTTP/2 to the endpoints instead of HTTP/1.1.
    pub http2: bool,
    /// Bytes buffered per connection before reading pauses.
    pub per_connection_buffer_limit_bytes: u32,
}

/// How a cluster finds its endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Discovery {
    /// They are IP addresses.
    #[default]
    Static,
    /// Each is a name; all its addresses are used.
    StrictDns,
    /// One name, of which one address is used at a time.
    LogicalDns,
}

/// An upstream address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// An IP address or host name.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// The address, if the host is one.
    #[must_use]
    pub fn socket_address(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.parse().ok()?;
        Some(SocketAddr::new(ip, self.port))
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            name: String::new(),
            discovery: Discovery::Static,
            endpoints: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            http2: false,
            per_connection_buffer_limit_bytes: DEFAULT_BUFFER_LIMIT,
        }
    }
}

pub(super) fn read(node: &Node) -> Result<Cluster> {
    let fields = node.proto(&[
        "name",
        "type",
        "connect_timeout",
        "lb_policy",
        "load_assignment",
        "typed_extension_protocol_options",
        "per_connection_buffer_limit_bytes",
    ])?;
    let mut cluster = Cluster {
        name: fields.required("name")?.nonempty()?,
        per_connection_buffer_limit_bytes: buffer_limit(&fields)?,
        ..Cluster::default()
    };
    if let Some(discovery) = fields.optional("type", discovery)? {
        cluster.discovery = discovery;
    }
    if let Some(timeout) = fields.optional("connect_timeout", Proto::positive_duration)? {
        cluster.connect_timeout = timeout;
    }
    fields.optional("lb_policy", |node| node.enumeration(&[("ROUND_ROBIN", 0, ())]))?;
    cluster.http2 = fields.optional("typed_extension_protocol_options", protocol)?.unwrap_or_default();
    cluster.endpoints = load_assignment(&fields, cluster.discovery)?;
    Ok(cluster)
}

fn discovery(node: &Node) -> Result<Discovery> {
    node.enumeration(&[
        ("STATIC", 0, Discovery::Static),
        ("STRICT_DNS", 1, Discovery::StrictDns),
        ("LOGICAL_DNS", 2, Discovery::LogicalDns),
    ])
}

/// Whether `typed_extension_protocol_options` asks for HTTP/2.
fn protocol(node: &Node) -> Result<bool> {
    let mut http2 = false;
    for entry in node.entries()? {
        if entry.key != OPTIONS {
            let problem = format!("unknown protocol options `{}`", entry.key);
            return Err(crate::document::Error::new(&entry.place, problem)
                .with_help(format!("known here: `{OPTIONS}`")));
        }
        let fields = entry.value.typed(OPTIONS, &["explicit_http_config"])?;
        let explicit = fields.required("explicit_http_config")?;
        let fields = explicit.proto(&["http_protocol_options", "http2_protocol_options"])?;
        let (name, options) = fields.one_of(&["http_protocol_options", "http2_protocol_options"])?;
        options.proto(&[])?;
        http2 = name == "http2_protocol_options";
    }
    Ok(http2)
}

fn load_assignment(fields: &Fields<'_>, discovery: Discovery) -> Result<Vec<Endpoint>> {
    let node = fields.required("load_assignment")?;
    let assignment = node.proto(&["cluster_name", "endpoints"])?;
    assignment.required("cluster_name")?.nonempty()?;
    let groups = assignment.each("endpoints", |group| {
        group.proto(&["lb_endpoints"])?.each("lb_endpoints", |node| endpoint(node, discovery))
    })?;
    let groups_given = groups.len();
    let endpoints: Vec<Endpoint> = groups.into_iter().flatten().collect();
    if discovery == Discovery::LogicalDns && (groups_given != 1 || endpoints.len() != 1) {
        return Err(
            node.error(format!("a `LOGICAL_DNS` cluster has exactly one endpoint, got {}", endpoints.len()))
        );
    }
    Ok(endpoints)
}

fn endpoint(node: &Node, discovery: Discovery) -> Result<Endpoint> {
    let endpoint = node.proto(&["endpoint"])?.required("endpoint")?;
    let fields = endpoint.proto(&["address"])?;
    let address = fields.required("address")?;
    match discovery {
        Discovery::Static => {
            let socket = address::socket(address)?;
            Ok(Endpoint { host: socket.ip().to_string(), port: socket.port() })
        }
        Discovery::StrictDns | Discovery::LogicalDns => address::host(address),
    }
}
