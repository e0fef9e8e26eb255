//! What Envoy is told: a bootstrap with one listener, and files for its filters and its clusters, which change.

use crate::base64;
use crate::sim::Setup;
use mesh_filter_runtime::plugin::FailurePolicy;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const TYPE: &str = "type.googleapis.com/";
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
/// A filter that does nothing, for when there is none.
const NOTHING: &str = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
/// The VM variable by which a filter knows that bodies come while headers wait.
const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";
/// A period that no test lets pass.
const NEVER: &str = "100000000s";

/// The listener that cases are played on.
pub(super) const LISTENER: &str = "case";
/// The listener of the same chain without plugins.
pub(super) const PLAIN: &str = "plain";
/// The listener that answers by itself, so that one knows the worker to have done what came before.
pub(super) const BARRIER: &str = "barrier";
/// The cluster of all routes.
pub(super) const UPSTREAM: &str = "upstream";
/// The request header by which the upstream knows the client's port, and so the exchange.
pub(super) const EXCHANGE: &str = "x-mesh-filter-exchange";
/// Places for filters, as many as a chain may have.
pub(super) const SLOTS: usize = 32;

/// The name of the configuration at a place for a filter, and of its folder.
fn slot_name(slot: usize) -> String {
    format!("filter-{slot}")
}

/// The folders that Envoy watches.
pub(super) fn watched() -> impl Iterator<Item = String> {
    (0..SLOTS).map(slot_name).chain(["clusters".to_owned()])
}

/// The bootstrap, for an Envoy that reads the rest from the folders that it watches.
pub(super) fn bootstrap(folder: &Path, upstream: SocketAddr) -> Value {
    let watched = |name: &str| {
        let folder = folder.join(name);
        json!({"path_config_source": {"path": folder.join("now.json"), "watched_directory": {"path": folder}}})
    };
    let filter = |slot| {
        let name = slot_name(slot);
        json!({"name": name, "config_discovery": {
            "config_source": watched(&name),
            "type_urls": [format!("{TYPE}{WASM}"), format!("{TYPE}{NOTHING}")],
        }})
    };
    let filters: Vec<Value> = (0..SLOTS).map(filter).collect();
    let nothing =
        |slot| json!({"name": slot_name(slot), "typed_config": {"@type": format!("{TYPE}{NOTHING}")}});
    let nothings: Vec<Value> = (0..SLOTS).map(nothing).collect();
    let to_upstream = json!({
        "name": "default",
        "match": {"prefix": "/"},
        "route": {"cluster": UPSTREAM},
        "request_headers_to_add": [{"header": {"key": EXCHANGE, "value": "%DOWNSTREAM_DIRECT_REMOTE_PORT%"}}],
    });
    let at_once = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}});
    let patient = json!({"miss_timeout": NEVER, "megamiss_timeout": NEVER});
    json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "node": {"id": "mesh-filter-test", "cluster": "mesh-filter-test"},
        // Histograms are merged when they are asked for, because no time passes.
        "stats_flush_on_admin": true,
        "watchdogs": {"main_thread_watchdog": patient, "worker_watchdog": patient},
        "dynamic_resources": {"cds_config": watched("clusters")},
        "static_resources": {
            "listeners": [
                listener(LISTENER, &filters, &to_upstream),
                listener(PLAIN, &nothings, &to_upstream),
                listener(BARRIER, &[], &at_once),
            ],
            "clusters": [cluster(UPSTREAM, upstream)],
        },
    })
}

fn listener(name: &str, filters: &[Value], route: &Value) -> Value {
    let router = json!({"name": "router", "typed_config": {
        "@type": format!("{TYPE}envoy.extensions.filters.http.router.v3.Router"),
        "suppress_envoy_headers": true,
    }});
    let filters: Vec<_> = filters.iter().chain([&router]).collect();
    let manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let manager = json!({
        "@type": format!("{TYPE}{manager}"),
        "stat_prefix": name,
        "generate_request_id": false,
        "preserve_external_request_id": true,
        "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": "0s",
        "common_http_protocol_options": {"idle_timeout": "0s"},
        "http_filters": filters,
        "route_config": {"name": "routes", "virtual_hosts": [
            {"name": "default", "domains": ["*"], "routes": [route]},
        ]},
    });
    // Clients may say from where they come.
    let protocol = "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";
    let addresses = json!({"name": "addresses", "typed_config": {
        "@type": format!("{TYPE}{protocol}"),
        "allow_requests_without_proxy_protocol": true,
    }});
    json!({
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "listener_filters": [addresses],
        "listener_filters_timeout": "0s",
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    })
}

fn cluster(name: &str, address: SocketAddr) -> Value {
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let socket = json!({"address": address.ip().to_string(), "port_value": address.port()});
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "3600s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": socket}}},
        ]}]},
        "typed_extension_protocol_options": {options: {
            "@type": format!("{TYPE}{options}"),
            "common_http_protocol_options": {"idle_timeout": "0s"},
            "explicit_http_config": {"http2_protocol_options": {}},
        }},
    })
}

/// Puts the clusters into force that plugins may call out to.
pub(super) fn write_clusters(
    folder: &Path,
    version: u64,
    clusters: &[(String, SocketAddr)],
) -> io::Result<()> {
    let resource = |(name, address): &(String, SocketAddr)| {
        let mut cluster = cluster(name, *address);
        if let Some(cluster) = cluster.as_object_mut() {
            cluster.insert("@type".to_owned(), json!(format!("{TYPE}envoy.config.cluster.v3.Cluster")));
        }
        cluster
    };
    write(&folder.join("clusters"), version, clusters.iter().map(resource).collect())
}

/// A filter as Envoy is told of it.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) setup: Setup,
    pub(super) module: PathBuf,
    /// Of its VM.
    pub(super) vm_id: String,
}

/// Puts a filter into force at its place, or none.
pub(super) fn write_filter(
    folder: &Path,
    version: u64,
    slot: usize,
    filter: Option<&Filter>,
) -> io::Result<()> {
    let typed = match filter {
        Some(filter) => json!({"@type": format!("{TYPE}{WASM}"), "config": plugin(filter)}),
        None => json!({"@type": format!("{TYPE}{NOTHING}")}),
    };
    let name = slot_name(slot);
    let any = format!("{TYPE}envoy.config.core.v3.TypedExtensionConfig");
    write(&folder.join(&name), version, vec![json!({"@type": any, "name": name, "typed_config": typed})])
}

/// How the statistics of the configuration at a place begin.
pub(super) fn statistics(slot: usize) -> String {
    format!("extension_config_discovery.http_filter.{}.", slot_name(slot))
}

fn plugin(filter: &Filter) -> Value {
    let Filter { setup, module, vm_id } = filter;
    let mut environment: serde_json::Map<String, Value> =
        setup.environment.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if setup.hold_headers {
        environment.insert(HOLD_HEADERS.to_owned(), json!("1"));
    }
    let mut vm = json!({
        "vm_id": vm_id,
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"filename": module}},
        "environment_variables": {"key_values": environment},
    });
    let mut plugin = json!({"name": setup.name, "root_id": setup.root_id});
    for (of, bytes) in [(&mut vm, &setup.vm_configuration), (&mut plugin, &setup.configuration)] {
        if let Some(of) = of.as_object_mut().filter(|_| !bytes.is_empty()) {
            let value = json!({"@type": format!("{TYPE}google.protobuf.BytesValue"), "value": base64::encode_url(bytes)});
            of.insert("configuration".to_owned(), value);
        }
    }
    if let Some(plugin) = plugin.as_object_mut() {
        plugin.insert("vm_config".to_owned(), vm);
        plugin.insert("allow_on_headers_stop_iteration".to_owned(), json!(setup.hold_headers));
        let policy = match setup.failure_policy {
            FailurePolicy::Open => "FAIL_OPEN",
            FailurePolicy::Reload { .. } => "FAIL_RELOAD",
            _ => "FAIL_CLOSED",
        };
        plugin.insert("failure_policy".to_owned(), json!(policy));
    }
    plugin
}

/// Files get their name when they are complete, because Envoy reads them then.
fn write(folder: &Path, version: u64, resources: Vec<Value>) -> io::Result<()> {
    let file = json!({"version_info": version.to_string(), "resources": resources});
    let unfinished = folder.join("next.tmp");
    std::fs::write(&unfinished, file.to_string())?;
    std::fs::rename(unfinished, folder.join("now.json"))
}
