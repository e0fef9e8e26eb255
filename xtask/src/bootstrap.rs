//! Writes bootstrap files that this proxy and Envoy both read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::workspace::target;

/// An example with its configuration, as a filter.
pub(crate) fn example(name: &str, configuration: &str) -> Value {
    module(name, configuration, false)
}

/// The same, of a filter that holds headers until it has read the body if `holds`.
pub(crate) fn module(name: &str, configuration: &str, holds: bool) -> Value {
    let module = target().join("mesh-filter").join(name).with_extension("wasm");
    let configuration =
        json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration});
    let variables = if holds { json!({"MESH_FILTER_HOLD_HEADERS": "1"}) } else { json!({}) };
    let vm_id = if holds { format!("{name}-holds") } else { name.to_owned() };
    let config = json!({
        "name": name,
        "root_id": name.replace('-', "_"),
        "allow_on_headers_stop_iteration": holds,
        "vm_config": {"vm_id": vm_id, "environment_variables": {"key_values": variables}, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
        "configuration": configuration,
    });
    json!({"name": name, "typed_config": any("envoy.extensions.filters.http.wasm.v3.Wasm", &json!({"config": config}))})
}

/// A listener on a free port, with these filters, in front of the cluster `upstream`.
pub(crate) fn listener(name: &str, filters: Vec<Value>) -> Value {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": any("envoy.extensions.filters.http.router.v3.Router", &json!({})),
    });
    let manager = json!({
        "stat_prefix": name,
        "route_config": {"name": "routes", "virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]},
        "http_filters": filters.into_iter().chain([router]).collect::<Vec<_>>(),
    });
    let manager =
        any("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", &manager);
    json!({
        "name": name,
        "address": address(([127, 0, 0, 1], 0).into()),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
    })
}

/// A cluster of one endpoint.
pub(crate) fn cluster(name: &str, endpoint: SocketAddr) -> Value {
    let endpoints = json!([{"lb_endpoints": [{"endpoint": {"address": address(endpoint)}}]}]);
    json!({"name": name, "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints}})
}

/// Writes the file, with an admin on a free port.
pub(crate) fn write(folder: &Path, listeners: &[Value], clusters: &[Value]) -> Result<PathBuf> {
    let bootstrap = json!({
        "admin": {"address": address(([127, 0, 0, 1], 0).into())},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    });
    let path = folder.join("bootstrap.json");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, bootstrap.to_string()))
        .with_context(|| format!("writing `{}`", path.display()))?;
    Ok(path)
}

pub(crate) fn any(message: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("@type".to_owned(), json!(format!("type.googleapis.com/{message}")));
    }
    value
}

fn address(socket: SocketAddr) -> Value {
    json!({"socket_address": {"address": socket.ip().to_string(), "port_value": socket.port()}})
}
