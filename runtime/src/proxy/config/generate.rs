//! Makes a configuration from what command-line flags say.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::filter::RUNTIME;
use super::{
    Action, Bootstrap, Cluster, Code, Discovery, Domain, Endpoint, FailurePolicy, Forward, HttpConnections,
    Listener, PathMatch, Plugin, Route, RouteConfig, VirtualHost, Vm, WasmFilter, route,
};

/// One listener, a chain of plugins and one upstream.
///
/// ```
/// use mesh_filter_runtime::proxy::config::{Cluster, Plugin, Setup};
///
/// let setup = Setup {
///     listen: "127.0.0.1:10000".parse().unwrap(),
///     admin: None,
///     plugins: vec![Plugin::from_file("hello", "target/mesh-filter/hello.wasm")],
///     upstream: Cluster::of("upstream", "127.0.0.1", 8080),
///     clusters: Vec::new(),
/// };
/// assert!(setup.bootstrap().to_yaml().contains("filename: target/mesh-filter/hello.wasm"));
/// ```
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where the proxy listens.
    pub listen: SocketAddr,
    /// Where its admin pages listen, if they do.
    pub admin: Option<SocketAddr>,
    /// The plugins in the order of requests.
    pub plugins: Vec<Plugin>,
    /// Where every request goes.
    pub upstream: Cluster,
    /// More clusters, for callouts.
    pub clusters: Vec<Cluster>,
}

impl Setup {
    /// The configuration.
    #[must_use]
    pub fn bootstrap(self) -> Bootstrap {
        let forward = Forward {
            cluster: self.upstream.name.clone(),
            timeout: Some(route::DEFAULT_TIMEOUT),
            prefix_rewrite: None,
            host_rewrite: None,
        };
        let host = VirtualHost {
            name: "all".to_owned(),
            domains: vec![Domain::Any],
            routes: vec![Route {
                name: String::new(),
                path: PathMatch::Prefix("/".to_owned()),
                headers: Vec::new(),
                action: Action::Forward(forward),
            }],
        };
        let filters = self
            .plugins
            .into_iter()
            .map(|plugin| WasmFilter { name: "envoy.filters.http.wasm".to_owned(), plugin });
        let listener = Listener {
            http: HttpConnections {
                routes: RouteConfig { name: "local".to_owned(), virtual_hosts: vec![host] },
                filters: filters.collect(),
                ..HttpConnections::default()
            },
            ..Listener::at("main", self.listen)
        };
        let mut clusters = vec![self.upstream];
        clusters.extend(self.clusters);
        Bootstrap {
            node_id: "mesh-filter".to_owned(),
            node_cluster: "mesh-filter".to_owned(),
            admin: self.admin,
            listeners: vec![listener],
            clusters,
        }
    }
}

impl Listener {
    /// A listener with Envoy's defaults and no routes.
    #[must_use]
    pub fn at(name: &str, address: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            address,
            per_connection_buffer_limit_bytes: super::DEFAULT_BUFFER_LIMIT,
            http: HttpConnections::default(),
        }
    }
}

impl Plugin {
    /// A plugin named `name` whose module is the file `path`, with Envoy's defaults.
    #[must_use]
    pub fn from_file(name: &str, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            root_id: String::new(),
            vm: Vm {
                vm_id: String::new(),
                runtime: RUNTIME.to_owned(),
                code: Code::File(path.into()),
                configuration: Vec::new(),
                allow_precompiled: false,
                host_env_keys: Vec::new(),
                environment: Vec::new(),
            },
            configuration: Vec::new(),
            failure_policy: FailurePolicy::default(),
            reload_backoff: super::Backoff::default(),
            allowed_capabilities: Vec::new(),
            allow_on_headers_stop_iteration: false,
        }
    }
}

impl Cluster {
    /// A cluster of one endpoint: static for an IP address, `STRICT_DNS` for a host name.
    #[must_use]
    pub fn of(name: &str, host: &str, port: u16) -> Self {
        let endpoint = Endpoint { host: host.to_owned(), port };
        let discovery =
            if endpoint.socket_address().is_some() { Discovery::Static } else { Discovery::StrictDns };
        Self { name: name.to_owned(), discovery, endpoints: vec![endpoint], ..Self::default() }
    }
}
