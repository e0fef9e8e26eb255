//! Writes a configuration as the YAML that it would be read from, for both hosts.
//!
//! Fields with Envoy's default are left out.

use std::net::SocketAddr;
use std::time::Duration;

use super::route::DEFAULT_TIMEOUT;
use super::{
    AccessLog, Action, Bootstrap, Cluster, Code, Codec, DEFAULT_BUFFER_LIMIT, Discovery, Domain, Endpoint,
    FailurePolicy, HeaderMatch, HeaderTest, HttpConnections, Listener, PathMatch, Plugin, Route, Sink,
    TextTest, VirtualHost, Vm, WasmFilter, access_log, base64, cluster, filter, listener,
};
use crate::document::{Yaml, format_duration};

impl Bootstrap {
    /// The configuration as YAML; reading it gives an equal configuration.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut root = Fields::default();
        let mut node = Fields::default();
        node.text("id", &self.node_id, "");
        node.text("cluster", &self.node_cluster, "");
        root.some("node", node);
        if let Some(address) = self.admin {
            root.put("admin", Yaml::mapping([("address", socket(&Endpoint::from(address)))]));
        }
        let mut resources = Fields::default();
        resources.list("listeners", self.listeners.iter().map(write_listener));
        resources.list("clusters", self.clusters.iter().map(write_cluster));
        root.some("static_resources", resources);
        root.yaml().write()
    }
}

/// The fields of a mapping that differ from their default.
#[derive(Default)]
struct Fields(Vec<(String, Yaml)>);

impl Fields {
    fn typed(type_name: &str) -> Self {
        let mut fields = Self::default();
        fields.put("@type", Yaml::text(format!("type.googleapis.com/{type_name}")));
        fields
    }

    fn put(&mut self, key: &str, value: Yaml) {
        self.0.push((key.to_owned(), value));
    }

    fn text(&mut self, key: &str, value: &str, default: &str) {
        if value != default {
            self.put(key, Yaml::text(value));
        }
    }

    fn bare<T: ToString + PartialEq>(&mut self, key: &str, value: T, default: T) {
        if value != default {
            self.put(key, Yaml::bare(value));
        }
    }

    fn timeout(&mut self, key: &str, value: Option<Duration>, default: Option<Duration>) {
        if value != default {
            self.put(key, duration(value.unwrap_or_default()));
        }
    }

    fn list(&mut self, key: &str, items: impl Iterator<Item = Yaml>) {
        let items: Vec<Yaml> = items.collect();
        if !items.is_empty() {
            self.put(key, Yaml::List(items));
        }
    }

    fn some(&mut self, key: &str, fields: Self) {
        if !fields.0.is_empty() {
            self.put(key, fields.yaml());
        }
    }

    fn yaml(self) -> Yaml {
        Yaml::Mapping(self.0)
    }
}

fn duration(value: Duration) -> Yaml {
    Yaml::text(format_duration(value))
}

fn socket(endpoint: &Endpoint) -> Yaml {
    let address = [("address", Yaml::text(&endpoint.host)), ("port_value", Yaml::bare(endpoint.port))];
    Yaml::mapping([("socket_address", Yaml::mapping(address))])
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

fn write_listener(listener: &Listener) -> Yaml {
    let mut fields = Fields::default();
    fields.put("name", Yaml::text(&listener.name));
    fields.put("address", socket(&Endpoint::from(listener.address)));
    fields.bare(
        "per_connection_buffer_limit_bytes",
        listener.per_connection_buffer_limit_bytes,
        DEFAULT_BUFFER_LIMIT,
    );
    let filter = Yaml::mapping([
        ("name", Yaml::text("envoy.filters.network.http_connection_manager")),
        ("typed_config", manager(&listener.http)),
    ]);
    let chain = Yaml::mapping([("filters", Yaml::List(vec![filter]))]);
    fields.put("filter_chains", Yaml::List(vec![chain]));
    fields.yaml()
}

fn manager(http: &HttpConnections) -> Yaml {
    let default = HttpConnections::default();
    let mut fields = Fields::typed(listener::MANAGER);
    fields.put("stat_prefix", Yaml::text(&http.stat_prefix));
    let codec = match http.codec {
        Codec::Auto => "AUTO",
        Codec::Http1 => "HTTP1",
        Codec::Http2 => "HTTP2",
    };
    fields.text("codec_type", codec, "AUTO");
    fields.text("server_name", &http.server_name, &default.server_name);
    fields.text("via", http.via.as_deref().unwrap_or_default(), "");
    fields.bare("use_remote_address", http.use_remote_address, default.use_remote_address);
    fields.bare("generate_request_id", http.generate_request_id, default.generate_request_id);
    fields.bare(
        "preserve_external_request_id",
        http.preserve_external_request_id,
        default.preserve_external_request_id,
    );
    fields.bare("max_request_headers_kb", http.max_request_headers_kb, default.max_request_headers_kb);
    fields.timeout("stream_idle_timeout", http.stream_idle_timeout, default.stream_idle_timeout);
    fields.timeout("request_timeout", http.request_timeout, default.request_timeout);
    let mut options = Fields::default();
    options.timeout("idle_timeout", http.idle_timeout, default.idle_timeout);
    options.bare("max_headers_count", http.max_headers_count, default.max_headers_count);
    fields.some("common_http_protocol_options", options);
    fields.list("access_log", http.access_log.iter().map(write_access_log));
    let mut routes = Fields::default();
    routes.text("name", &http.routes.name, "");
    routes.list("virtual_hosts", http.routes.virtual_hosts.iter().map(virtual_host));
    fields.put("route_config", routes.yaml());
    let router = Yaml::mapping([
        ("name", Yaml::text("envoy.filters.http.router")),
        ("typed_config", Fields::typed(filter::ROUTER).yaml()),
    ]);
    let filters = http.filters.iter().map(write_filter).chain([router]);
    fields.put("http_filters", Yaml::List(filters.collect()));
    fields.yaml()
}

fn write_access_log(log: &AccessLog) -> Yaml {
    let (name, type_name) = match log.sink {
        Sink::Stdout => ("envoy.access_loggers.stdout", access_log::STDOUT),
        Sink::Stderr => ("envoy.access_loggers.stderr", access_log::STDERR),
        Sink::File(_) => ("envoy.access_loggers.file", access_log::FILE),
    };
    let mut fields = Fields::typed(type_name);
    if let Sink::File(path) = &log.sink {
        fields.put("path", Yaml::text(path.to_string_lossy()));
    }
    if !log.format.is_default() {
        let source = Yaml::mapping([("inline_string", Yaml::text(log.format.to_string()))]);
        fields.put("log_format", Yaml::mapping([("text_format_source", source)]));
    }
    Yaml::mapping([("name", Yaml::text(name)), ("typed_config", fields.yaml())])
}

fn virtual_host(host: &VirtualHost) -> Yaml {
    let mut fields = Fields::default();
    fields.put("name", Yaml::text(&host.name));
    let domain = |domain: &Domain| match domain {
        Domain::Any => "*".to_owned(),
        Domain::Exact(text) => text.clone(),
        Domain::Suffix(text) => format!("*{text}"),
        Domain::Prefix(text) => format!("{text}*"),
    };
    fields.list("domains", host.domains.iter().map(|entry| Yaml::Text(domain(entry))));
    fields.list("routes", host.routes.iter().map(route));
    fields.yaml()
}

fn route(route: &Route) -> Yaml {
    let mut fields = Fields::default();
    fields.text("name", &route.name, "");
    let mut matching = Fields::default();
    match &route.path {
        PathMatch::Prefix(text) => matching.put("prefix", Yaml::text(text)),
        PathMatch::Exact(text) => matching.put("path", Yaml::text(text)),
    }
    matching.list("headers", route.headers.iter().map(header));
    fields.put("match", matching.yaml());
    match &route.action {
        Action::Forward(forward) => {
            let mut action = Fields::default();
            action.put("cluster", Yaml::text(&forward.cluster));
            action.timeout("timeout", forward.timeout, Some(DEFAULT_TIMEOUT));
            action.text("prefix_rewrite", forward.prefix_rewrite.as_deref().unwrap_or_default(), "");
            action.text("host_rewrite_literal", forward.host_rewrite.as_deref().unwrap_or_default(), "");
            fields.put("route", action.yaml());
        }
        Action::Direct(direct) => {
            let mut action = Fields::default();
            action.put("status", Yaml::bare(direct.status));
            if !direct.body.is_empty() {
                let body = match std::str::from_utf8(&direct.body) {
                    Ok(text) => ("inline_string", Yaml::text(text)),
                    Err(_) => ("inline_bytes", Yaml::text(base64::encode(&direct.body))),
                };
                action.put("body", Yaml::mapping([body]));
            }
            fields.put("direct_response", action.yaml());
        }
    }
    fields.yaml()
}

fn header(header: &HeaderMatch) -> Yaml {
    let mut fields = Fields::default();
    fields.put("name", Yaml::text(&header.name));
    match &header.test {
        HeaderTest::Present(present) => fields.put("present_match", Yaml::bare(present)),
        HeaderTest::Value(wanted) => {
            let mut test = Fields::default();
            let (key, text) = match &wanted.test {
                TextTest::Exact(text) => ("exact", text),
                TextTest::Prefix(text) => ("prefix", text),
                TextTest::Suffix(text) => ("suffix", text),
                TextTest::Contains(text) => ("contains", text),
            };
            test.put(key, Yaml::text(text));
            test.bare("ignore_case", wanted.ignore_case, false);
            fields.put("string_match", test.yaml());
        }
    }
    fields.bare("invert_match", header.invert, false);
    fields.yaml()
}

fn write_filter(filter: &WasmFilter) -> Yaml {
    let mut fields = Fields::typed(filter::WASM);
    fields.put("config", plugin(&filter.plugin));
    Yaml::mapping([("name", Yaml::text(&filter.name)), ("typed_config", fields.yaml())])
}

fn plugin(plugin: &Plugin) -> Yaml {
    let mut fields = Fields::default();
    fields.text("name", &plugin.name, "");
    fields.text("root_id", &plugin.root_id, "");
    let policy = match plugin.failure_policy {
        FailurePolicy::FailClosed => "FAIL_CLOSED",
        FailurePolicy::FailOpen => "FAIL_OPEN",
        FailurePolicy::FailReload => "FAIL_RELOAD",
    };
    fields.text("failure_policy", policy, "FAIL_CLOSED");
    if plugin.reload_backoff != filter::Backoff::default() {
        let backoff = Yaml::mapping([
            ("base_interval", duration(plugin.reload_backoff.base)),
            ("max_interval", duration(plugin.reload_backoff.max)),
        ]);
        fields.put("reload_config", Yaml::mapping([("backoff", backoff)]));
    }
    if !plugin.allowed_capabilities.is_empty() {
        let allowed = plugin.allowed_capabilities.iter().map(|name| (name.clone(), Yaml::mapping([])));
        fields.put(
            "capability_restriction_config",
            Yaml::mapping([("allowed_capabilities", Yaml::Mapping(allowed.collect()))]),
        );
    }
    fields.bare("allow_on_headers_stop_iteration", plugin.allow_on_headers_stop_iteration, false);
    configuration(&mut fields, &plugin.configuration);
    fields.put("vm_config", vm(&plugin.vm));
    fields.yaml()
}

fn vm(vm: &Vm) -> Yaml {
    let mut fields = Fields::default();
    fields.text("vm_id", &vm.vm_id, "");
    fields.put("runtime", Yaml::text(&vm.runtime));
    let code = match &vm.code {
        Code::File(path) => ("filename", Yaml::text(path.to_string_lossy())),
        Code::Inline(bytes) => ("inline_bytes", Yaml::text(base64::encode(bytes))),
    };
    fields.put("code", Yaml::mapping([("local", Yaml::mapping([code]))]));
    configuration(&mut fields, &vm.configuration);
    fields.bare("allow_precompiled", vm.allow_precompiled, false);
    let mut environment = Fields::default();
    environment.list("host_env_keys", vm.host_env_keys.iter().map(Yaml::text));
    let values = vm.environment.iter().map(|(key, value)| (key.clone(), Yaml::text(value)));
    environment.some("key_values", Fields(values.collect()));
    fields.some("environment_variables", environment);
    fields.yaml()
}

/// Text as a `StringValue`, other bytes as a `BytesValue`; either arrives as these bytes.
fn configuration(fields: &mut Fields, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let (type_name, value) = match std::str::from_utf8(bytes) {
        Ok(text) => ("google.protobuf.StringValue", text.to_owned()),
        Err(_) => ("google.protobuf.BytesValue", base64::encode(bytes)),
    };
    let mut any = Fields::typed(type_name);
    any.put("value", Yaml::text(value));
    fields.put("configuration", any.yaml());
}

fn write_cluster(cluster: &Cluster) -> Yaml {
    let mut fields = Fields::default();
    fields.put("name", Yaml::text(&cluster.name));
    let discovery = match cluster.discovery {
        Discovery::Static => "STATIC",
        Discovery::StrictDns => "STRICT_DNS",
        Discovery::LogicalDns => "LOGICAL_DNS",
    };
    fields.put("type", Yaml::text(discovery));
    fields.timeout(
        "connect_timeout",
        Some(cluster.connect_timeout),
        Some(Cluster::default().connect_timeout),
    );
    fields.bare(
        "per_connection_buffer_limit_bytes",
        cluster.per_connection_buffer_limit_bytes,
        DEFAULT_BUFFER_LIMIT,
    );
    if cluster.http2 {
        let mut options = Fields::typed(cluster::OPTIONS);
        options.put("explicit_http_config", Yaml::mapping([("http2_protocol_options", Yaml::mapping([]))]));
        fields.put("typed_extension_protocol_options", Yaml::mapping([(cluster::OPTIONS, options.yaml())]));
    }
    let endpoint =
        |endpoint: &Endpoint| Yaml::mapping([("endpoint", Yaml::mapping([("address", socket(endpoint))]))]);
    let mut group = Fields::default();
    group.list("lb_endpoints", cluster.endpoints.iter().map(endpoint));
    let mut assignment = Fields::default();
    assignment.put("cluster_name", Yaml::text(&cluster.name));
    assignment.list("endpoints", (!cluster.endpoints.is_empty()).then(|| group.yaml()).into_iter());
    fields.put("load_assignment", assignment.yaml());
    fields.yaml()
}
