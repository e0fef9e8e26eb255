//! What is measured: requests, the filters they pass, and the bootstrap file for all of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::workspace::target;

/// One kind of exchange. Each has a listener of its own with the same name.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The example whose module stands in the way, and its configuration.
    filter: Option<(&'static str, &'static str)>,
    pub(crate) path: &'static str,
    /// Requests in one run: a few tenths of a second of CPU time.
    pub(crate) requests: u32,
}

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "no-filter", filter: None, path: "/small", requests: 8_000 },
    Workload {
        name: "hello-header",
        filter: Some(("hello-header", r#"{"value": "world"}"#)),
        path: "/small",
        requests: 8_000,
    },
    Workload {
        name: "plain",
        filter: Some(("plain", r#"{"value": "world"}"#)),
        path: "/small",
        requests: 8_000,
    },
    Workload {
        name: "body-rewrite",
        filter: Some(("body-rewrite", r#"{"from": "lazy", "to": "sleepy"}"#)),
        path: "/large",
        requests: 2_000,
    },
];

impl Workload {
    pub(crate) fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    fn listener(&self) -> Value {
        let filter = self.filter.map(|(module, configuration)| wasm_filter(module, configuration));
        let router = json!({
            "name": "envoy.filters.http.router",
            "typed_config": any("envoy.extensions.filters.http.router.v3.Router", &json!({})),
        });
        let manager = json!({
            "stat_prefix": self.name,
            "route_config": {"name": "routes", "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]},
            "http_filters": filter.into_iter().chain([router]).collect::<Vec<_>>(),
        });
        let manager = any(
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            &manager,
        );
        json!({
            "name": self.name,
            "address": address(([127, 0, 0, 1], 0).into()),
            "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
        })
    }
}

/// The examples whose modules are needed.
pub(crate) fn modules(workloads: &[&Workload]) -> BTreeSet<&'static str> {
    workloads.iter().filter_map(|workload| workload.filter).map(|(module, _)| module).collect()
}

/// Writes one bootstrap file for both hosts.
pub(crate) fn write_bootstrap(
    folder: &Path,
    workloads: &[&Workload],
    upstream: SocketAddr,
) -> Result<PathBuf> {
    let endpoints = json!([{"lb_endpoints": [{"endpoint": {"address": address(upstream)}}]}]);
    let bootstrap = json!({
        "admin": {"address": address(([127, 0, 0, 1], 0).into())},
        "static_resources": {
            "listeners": workloads.iter().map(|workload| workload.listener()).collect::<Vec<_>>(),
            "clusters": [{"name": "upstream", "type": "STATIC", "connect_timeout": "1s",
                "load_assignment": {"cluster_name": "upstream", "endpoints": endpoints}}],
        },
    });
    let path = folder.join("bootstrap.json");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, bootstrap.to_string()))
        .with_context(|| format!("writing `{}`", path.display()))?;
    Ok(path)
}

fn wasm_filter(module: &str, configuration: &str) -> Value {
    let module_file = target().join("mesh-filter").join(module).with_extension("wasm");
    let configuration =
        json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration});
    let config = json!({
        "name": module,
        "root_id": module.replace('-', "_"),
        "vm_config": {"vm_id": module, "runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module_file}}},
        "configuration": configuration,
    });
    json!({"name": module, "typed_config": any("envoy.extensions.filters.http.wasm.v3.Wasm", &json!({"config": config}))})
}

fn any(message: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("@type".to_owned(), json!(format!("type.googleapis.com/{message}")));
    }
    value
}

fn address(socket: SocketAddr) -> Value {
    json!({"socket_address": {"address": socket.ip().to_string(), "port_value": socket.port()}})
}
