//! What the proxy's configuration calls the things that an exchange went through, and the metadata
//! that stands beside them.

use super::{Result, Value, group, read};

group! {
    /// Properties of the route; see [`route`].
    Route: "xds" {
        /// Its name; empty where the configuration gives none.
        name: String = "route_name",
    }
}

/// The route of the request, once one was chosen.
#[must_use]
pub fn route() -> Route {
    Route(())
}

impl Route {
    /// What the configuration notes on it.
    #[must_use]
    pub fn metadata(self) -> Metadata {
        Metadata(&["xds", "route_metadata"])
    }
}

group! {
    /// Properties of the virtual host; see [`virtual_host`].
    VirtualHost: "xds" {
        /// Its name.
        name: String = "virtual_host_name",
    }
}

/// The virtual host of the request, once a route was chosen.
#[must_use]
pub fn virtual_host() -> VirtualHost {
    VirtualHost(())
}

impl VirtualHost {
    /// What the configuration notes on it.
    #[must_use]
    pub fn metadata(self) -> Metadata {
        Metadata(&["xds", "virtual_host_metadata"])
    }
}

group! {
    /// Properties of the upstream cluster; see [`cluster`].
    Cluster: "xds" {
        /// Its name.
        name: String = "cluster_name",
    }
}

/// The cluster that the route leads to.
#[must_use]
pub fn cluster() -> Cluster {
    Cluster(())
}

impl Cluster {
    /// What the configuration notes on it.
    #[must_use]
    pub fn metadata(self) -> Metadata {
        Metadata(&["xds", "cluster_metadata"])
    }

    /// What the configuration notes on the host that was chosen in it.
    #[must_use]
    pub fn host_metadata(self) -> Metadata {
        Metadata(&["xds", "upstream_host_metadata"])
    }
}

group! {
    /// Properties of the listener; see [`listener`].
    Listener: "xds" {
        /// Which way its traffic goes.
        direction: Direction = "listener_direction",
        /// The name of the filter chain.
        filter_chain: String = "filter_chain_name",
    }
}

/// The listener through which the client came.
#[must_use]
pub fn listener() -> Listener {
    Listener(())
}

impl Listener {
    /// What the configuration notes on it.
    #[must_use]
    pub fn metadata(self) -> Metadata {
        Metadata(&["xds", "listener_metadata"])
    }
}

/// Which way the traffic of a listener goes, seen from the workload beside the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Direction {
    /// The configuration does not say, or says what this version does not know.
    Unspecified,
    /// To the workload.
    Inbound,
    /// From the workload.
    Outbound,
}

impl Direction {
    pub(super) fn new(number: i64) -> Self {
        match number {
            1 => Self::Inbound,
            2 => Self::Outbound,
            _ => Self::Unspecified,
        }
    }
}

/// The proxy itself, as it names itself to its control plane; see [`node`].
#[derive(Debug, Clone, Copy)]
pub struct Node(());

/// The proxy itself, as it names itself to its control plane.
#[must_use]
pub fn node() -> Node {
    Node(())
}

impl Node {
    /// Its id.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn id(self) -> Result<Option<String>> {
        read(&["xds", "node", "id"])
    }

    /// The cluster to which it belongs.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn cluster(self) -> Result<Option<String>> {
        read(&["xds", "node", "cluster"])
    }

    /// A value of its metadata, by the keys that lead to it.
    ///
    /// # Errors
    /// When the proxy refuses, or gives bytes of another kind.
    pub fn metadata<T: Value>(self, keys: &[&str]) -> Result<Option<T>> {
        read(&[&["xds", "node", "metadata"], keys].concat())
    }
}

/// This plugin; see [`plugin`].
#[derive(Debug, Clone, Copy)]
pub struct Plugin(());

/// This plugin, as the proxy's configuration names it. Can be read everywhere.
#[must_use]
pub fn plugin() -> Plugin {
    Plugin(())
}

impl Plugin {
    /// Its name.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn name(self) -> Result<Option<String>> {
        read(&["plugin_name"])
    }

    /// Its `root_id`.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn root_id(self) -> Result<Option<String>> {
        read(&["plugin_root_id"])
    }

    /// The `vm_id` of its VM.
    ///
    /// # Errors
    /// When the proxy refuses, or gives no text.
    pub fn vm_id(self) -> Result<Option<String>> {
        read(&["plugin_vm_id"])
    }
}

/// What somebody has noted on something, by namespaces.
#[derive(Debug, Clone, Copy)]
pub struct Metadata(&'static [&'static str]);

/// What other filters have noted on this exchange for each other.
#[must_use]
pub fn dynamic_metadata() -> Metadata {
    Metadata(&["metadata"])
}

impl Metadata {
    /// A value, by its namespace and the keys that lead to it. Text, [`f64`] (every number),
    /// [`bool`] or a [`Map`](super::Map).
    ///
    /// # Errors
    /// When the proxy refuses, or gives bytes of another kind.
    pub fn get<T: Value>(self, keys: &[&str]) -> Result<Option<T>> {
        read(&[self.0, &["filter_metadata"], keys].concat())
    }
}
