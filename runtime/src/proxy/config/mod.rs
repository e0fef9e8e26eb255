//! The proxy's configuration: a strict subset of Envoy's v3 bootstrap.
//!
//! One file drives both hosts. What stands outside the subset is refused with file, line and path;
//! what is accepted here is accepted by `envoy --mode validate`, whose rules are therefore checked
//! too. Defaults are Envoy's. [`Bootstrap::load`] reads a file, [`Bootstrap::to_yaml`] writes one.
//!
//! Reading order: the types ([`listener`], [`route`], [`filter`], [`cluster`], [`access_log`]), each
//! with the reader of its fields; `proto` holds protobuf's JSON rules, `check` what concerns several
//! parts at once, `write` the way back.

use std::net::SocketAddr;
use std::path::Path;

use crate::document::{Document, Node, Place, Result};

pub mod access_log;
mod address;
mod any;
pub(super) mod base64;
mod check;
pub mod cluster;
pub mod filter;
pub mod format;
mod generate;
pub mod listener;
mod proto;
pub mod route;
mod write;

pub use access_log::{AccessLog, Sink};
pub use cluster::{Cluster, Discovery, Endpoint};
pub use filter::{Backoff, Code, FailurePolicy, Plugin, Vm, WasmFilter};
pub use format::{Field, Format, HeaderField, HeaderSource, Part};
pub use generate::Setup;
pub use listener::{Codec, HttpConnections, Listener};
pub use route::{
    Action, DirectResponse, Domain, Forward, HeaderMatch, HeaderTest, PathMatch, Route, RouteConfig,
    StringMatch, TextTest, VirtualHost,
};

use proto::Proto;

/// Bytes that a connection buffers before it pushes back, unless configured otherwise: 1 MiB.
pub const DEFAULT_BUFFER_LIMIT: u32 = 1024 * 1024;

/// A whole configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bootstrap {
    /// `node.id`: what plugins read as property `node.id`; may be empty.
    pub node_id: String,
    /// `node.cluster`; may be empty.
    pub node_cluster: String,
    /// Where the admin pages listen, if they do.
    pub admin: Option<SocketAddr>,
    /// `static_resources.listeners`; names and addresses are unique.
    pub listeners: Vec<Listener>,
    /// `static_resources.clusters`; names are unique.
    pub clusters: Vec<Cluster>,
}

impl Bootstrap {
    /// Reads the file at `path`: YAML if its name ends in `.yaml` or `.yml`, else JSON, as Envoy does.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid configuration; the error names the place.
    pub fn load(path: &Path) -> Result<Self> {
        Self::read(Document::load(path)?.root())
    }

    /// Reads YAML text; `name` stands in errors.
    ///
    /// # Errors
    /// If it is not a valid configuration; the error names the place.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        Self::read(Document::parse(name, text)?.root())
    }

    /// The cluster `name`.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    fn read(root: &Node) -> Result<Self> {
        let fields = root.proto(&["node", "admin", "static_resources"])?;
        let mut bootstrap = Self::default();
        if let Some(node) = fields.get("node") {
            let fields = node.proto(&["id", "cluster"])?;
            bootstrap.node_id = fields.optional("id", Proto::text)?.unwrap_or_default();
            bootstrap.node_cluster = fields.optional("cluster", Proto::text)?.unwrap_or_default();
        }
        if let Some(admin) = fields.get("admin") {
            bootstrap.admin = admin.proto(&["address"])?.optional("address", address::socket)?;
        }
        if let Some(resources) = fields.get("static_resources") {
            let fields = resources.proto(&["listeners", "clusters"])?;
            let clusters =
                fields.each("clusters", |node| Ok((cluster::read(node)?, node.place().clone())))?;
            let clusters = check::clusters(clusters)?;
            let listeners = fields
                .each("listeners", |node| Ok((listener::read(node, &clusters)?, node.place().clone())))?;
            bootstrap.listeners = check::listeners(listeners)?;
            bootstrap.clusters = clusters;
        }
        Ok(bootstrap)
    }
}

/// A value with the place it was read from, for checks that come later.
type Placed<T> = (T, Place);
