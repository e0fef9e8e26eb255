//! A bootstrap by which a plain Envoy runs what a mesh's proxy would: extensions come from files in place of istiod.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::Filter;

const MANAGER: &str =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const EXTENSION: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";

/// Where requests go.
#[derive(Debug, Clone, Copy)]
pub struct Backend<'a> {
    /// Host of the upstream.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
}

/// A bootstrap with the files that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Runnable {
    /// The bootstrap.
    pub bootstrap: Value,
    /// Files of extensions, by their names.
    pub extensions: Vec<(String, Value)>,
}

/// The bootstrap for filters whose modules are there. Its files of extensions belong into `folder`.
#[must_use]
pub fn runnable(filters: &[Filter], folder: &Path, listen: SocketAddr, backend: Backend<'_>) -> Runnable {
    let mut extensions = Vec::new();
    let mut chain = Vec::new();
    for filter in filters {
        let mut entry = filter.entry.clone();
        if let Some(extension) = &filter.extension {
            let file = format!("extension-{}.json", extensions.len());
            let camel = entry.get("configDiscovery").is_some();
            let key = if camel { "configDiscovery" } else { "config_discovery" };
            if let Some(Value::Object(discovery)) = entry.get_mut(key) {
                discovery.retain(|key, _| key != "config_source" && key != "configSource");
                let source = json!({"path_config_source": {"path": folder.join(&file)}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"});
                discovery.insert("config_source".to_owned(), source);
            }
            let mut resource = extension.clone();
            if let Value::Object(members) = &mut resource {
                members.insert("@type".to_owned(), EXTENSION.into());
            }
            extensions.push((file, json!({"version_info": "1", "resources": [resource]})));
        }
        chain.push(entry);
    }
    chain.push(json!({"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}));
    let route = json!({"match": {"prefix": "/"}, "route": {"cluster": "upstream"}});
    let manager = json!({
        "@type": MANAGER,
        "stat_prefix": "main",
        "route_config": {"name": "local", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": chain,
    });
    let filter = json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager});
    let listener = json!({
        "name": "main",
        "address": socket(&listen.ip().to_string(), listen.port()),
        "filter_chains": [{"filters": [filter]}],
    });
    let kind = if backend.host.parse::<std::net::IpAddr>().is_ok() { "STATIC" } else { "STRICT_DNS" };
    let endpoint = json!({"endpoint": {"address": socket(backend.host, backend.port)}});
    let cluster = json!({
        "name": "upstream",
        "type": kind,
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    let bootstrap = json!({
        "node": {"id": "mesh-filter", "cluster": "mesh-filter"},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    });
    Runnable { bootstrap, extensions }
}

fn socket(host: &str, port: u16) -> Value {
    json!({"socket_address": {"address": host, "port_value": port}})
}
