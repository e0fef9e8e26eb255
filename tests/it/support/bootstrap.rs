//! Writes bootstrap files: one listener for each chain of filters, all in front of the same clusters.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

const TYPE: &str = "type.googleapis.com/";

/// One Wasm filter with its configuration.
pub(crate) struct Filter {
    pub(crate) name: String,
    pub(crate) module: PathBuf,
    pub(crate) configuration: String,
    pub(crate) fail_open: bool,
    /// Environment variables of its VM.
    pub(crate) environment: Vec<(&'static str, &'static str)>,
    /// Envoy's switch that lets a filter read the body while it holds the headers.
    pub(crate) hold_headers: bool,
    /// What else its plugin configuration says; an object of an object is merged.
    pub(crate) options: Value,
}

impl Filter {
    pub(crate) fn new(name: &str, module: &Path, configuration: &str) -> Self {
        Self {
            name: name.to_owned(),
            module: module.to_owned(),
            configuration: configuration.to_owned(),
            fail_open: false,
            environment: Vec::new(),
            hold_headers: false,
            options: json!({}),
        }
    }

    fn json(&self) -> Value {
        let environment: serde_json::Map<_, _> =
            self.environment.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut config = json!({
            "name": self.name,
            "root_id": self.name,
            "vm_config": {
                "vm_id": self.name,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": self.module}},
                "environment_variables": {"key_values": environment},
            },
            "configuration": {"@type": format!("{TYPE}google.protobuf.StringValue"), "value": self.configuration},
        });
        if self.fail_open {
            config["failure_policy"] = json!("FAIL_OPEN");
        }
        if self.hold_headers {
            config["allow_on_headers_stop_iteration"] = json!(true);
        }
        merge(&mut config, &self.options);
        let any = format!("{TYPE}envoy.extensions.filters.http.wasm.v3.Wasm");
        json!({"name": self.name, "typed_config": {"@type": any, "config": config}})
    }
}

/// Puts the members of one object into another; what is null there goes.
fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) if into[key].is_object() => merge(&mut into[key], value),
            Value::Null => drop(into.as_object_mut().and_then(|object| object.remove(key))),
            _ => into[key] = value.clone(),
        }
    }
}

/// A listener on a free port with a chain of filters.
pub(crate) fn listener(name: &str, filters: &[Filter], routes: &Value, options: &Value) -> Value {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": format!("{TYPE}envoy.extensions.filters.http.router.v3.Router")},
    });
    let filters: Vec<_> = filters.iter().map(Filter::json).chain([router]).collect();
    let manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let mut config = json!({
        "@type": format!("{TYPE}{manager}"),
        "stat_prefix": name,
        "route_config": {"name": "routes", "virtual_hosts": routes},
        "http_filters": filters,
    });
    for (key, value) in options.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    json!({
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": config}]}],
    })
}

/// A cluster with these endpoints.
pub(crate) fn cluster(name: &str, endpoints: &[SocketAddr]) -> Value {
    let endpoint = |address: &SocketAddr| {
        let socket = json!({"address": address.ip().to_string(), "port_value": address.port()});
        json!({"endpoint": {"address": {"socket_address": socket}}})
    };
    let endpoints: Vec<_> = endpoints.iter().map(endpoint).collect();
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    })
}

/// A cluster that is spoken to in HTTP/2.
pub(crate) fn http2_cluster(name: &str, endpoints: &[SocketAddr]) -> Value {
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let mut cluster = cluster(name, endpoints);
    cluster["typed_extension_protocol_options"] = json!({options: {
        "@type": format!("{TYPE}{options}"),
        "explicit_http_config": {"http2_protocol_options": {}},
    }});
    cluster
}

/// Writes a bootstrap file with an admin on a free port.
pub(crate) fn write(path: &Path, listeners: &[Value], clusters: &[Value]) {
    let file = json!({
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, serde_json::to_string_pretty(&file).unwrap()).unwrap();
}
