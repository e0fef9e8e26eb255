//! `EnvoyFilter`, in two forms: the filter by extension discovery (ECDS), so that Istio's agent pulls the image, or
//! inline, so that Envoy reads a file or fetches a URL by itself.

use serde_json::{Map, Value, json};

use crate::declared::{Code, Configuration, FailurePolicy, PullPolicy};
use crate::{Product, Version};

use super::{Form, Manifest, Traffic, Unwritable, istio, phase};

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
/// What the agent puts in the plugin's place when it cannot fetch it: Envoy takes types only that are announced.
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
const STRING_VALUE: &str = "type.googleapis.com/google.protobuf.StringValue";
const MANAGER: &str = "envoy.filters.network.http_connection_manager";
const ROUTER: &str = "envoy.filters.http.router";
/// How long the agent may take to fetch; without a word it is 5 s.
const TIMEOUT: &str = "30s";
/// An order among filters that say none: those that insert before others need one.
const PRIORITY: i64 = 10;
/// The variable by which a filter learns that its proxy lets bodies in while headers are held.
const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";
/// The variable that tells the agent when to pull again.
const PULL_POLICY: &str = "ISTIO_META_WASM_IMAGE_PULL_POLICY";

/// By extension discovery: a place in the chain, and what comes to it.
pub(super) fn discovered(manifest: &Manifest) -> Result<Value, Unwritable> {
    let form = Form::EnvoyFilter;
    let plugin = &manifest.plugin;
    let name = filter_name(manifest);
    if plugin.pull_secret.is_some() {
        return Err(Unwritable::new(
            form,
            "the Secret with the registry's credentials, which would have to stand in it in clear",
            "give the proxies credentials of their own (`DOCKER_CONFIG`), or use `--kind wasm-plugin`",
        ));
    }
    if let Code::File(_) = plugin.code {
        return Err(Unwritable::new(
            form,
            "a module in a file of the proxy",
            "the form is for what Istio's agent fetches: use `--kind envoy-filter-inline`",
        ));
    }
    let mut http_uri = remote(&istio::url(&plugin.code, form)?);
    // The agent fetches, so no cluster is asked; Envoy wants a name all the same.
    http_uri.insert("cluster".to_owned(), json!("_"));
    let mut code = Map::from_iter([("http_uri".to_owned(), Value::Object(http_uri))]);
    if let Some(sha256) = &plugin.sha256 {
        code.insert("sha256".to_owned(), json!(sha256));
    }
    let place = json!({
        "name": name,
        "config_discovery": {
            "config_source": {"ads": {}, "initial_fetch_timeout": "0s"},
            "type_urls": [WASM, RBAC],
        },
    });
    let arrives = json!({
        "applyTo": "EXTENSION_CONFIG",
        "patch": {
            "operation": "ADD",
            "value": {"name": name, "typed_config": filter(manifest, json!({ "remote": code }), form)?},
        },
    });
    spec(manifest, form, vec![inserted(manifest, place), arrives])
}

/// With the filter in the patch.
pub(super) fn inline(manifest: &Manifest) -> Result<Value, Unwritable> {
    let form = Form::EnvoyFilterInline;
    if manifest.plugin.pull_secret.is_some() {
        let help = "a Secret is for images: use `--kind wasm-plugin`";
        return Err(Unwritable::new(form, "the Secret with a registry's credentials", help));
    }
    let code = match &manifest.plugin.code {
        Code::File(path) => json!({"local": { "filename": path }}),
        Code::Http(url) => {
            let Some(sha256) = &manifest.plugin.sha256 else {
                return Err(Unwritable::new(
                    form,
                    "a URL without the digest of its module: Envoy refuses it",
                    "leave `--no-pin` out",
                ));
            };
            let mut http_uri = remote(url);
            http_uri.insert("cluster".to_owned(), json!(cluster_of(url)));
            json!({"remote": {"http_uri": http_uri, "sha256": sha256}})
        }
        Code::Image(_) | Code::Inline | Code::Missing => {
            return Err(Unwritable::new(
                form,
                "an image: Envoy itself fetches here, and knows no registries",
                "use `--kind envoy-filter`, or name what Envoy can read: `--url file:///plugin.wasm` or `--url http://..`",
            ));
        }
    };
    let value = json!({"name": filter_name(manifest), "typed_config": filter(manifest, code, form)?});
    spec(manifest, form, vec![inserted(manifest, value)])
}

/// The cluster that Istio makes for the host of a URL.
pub(super) fn cluster_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let default = if scheme == "https" { "443" } else { "80" };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => format!("outbound|{port}||{host}"),
        _ => format!("outbound|{default}||{authority}"),
    }
}

/// Unique in the mesh, and the same in both patches.
fn filter_name(manifest: &Manifest) -> String {
    format!("{}/{}", manifest.namespace.as_deref().unwrap_or("default"), manifest.name)
}

fn spec(manifest: &Manifest, form: Form, patches: Vec<Value>) -> Result<Value, Unwritable> {
    let mut spec = manifest.attachment(form, "workloadSelector")?;
    // A later one comes nearer to the router; of plugins the higher priority comes first.
    let priority = manifest.plugin.priority.map_or(PRIORITY, i64::saturating_neg);
    spec.insert("priority".to_owned(), json!(priority.min(i64::from(i32::MAX))));
    spec.insert("configPatches".to_owned(), Value::Array(patches));
    Ok(Value::Object(spec))
}

/// A patch that puts a filter into the chain of HTTP.
fn inserted(manifest: &Manifest, value: Value) -> Value {
    let mut in_chain = json!({ "name": MANAGER });
    let patch = match phase(manifest.plugin.phase) {
        Some(class) => json!({"operation": "ADD", "filterClass": class, "value": value}),
        None => {
            in_chain = json!({"name": MANAGER, "subFilter": { "name": ROUTER }});
            json!({"operation": "INSERT_BEFORE", "value": value})
        }
    };
    let gateways = manifest.target_refs.iter().any(|target| target.kind == "Gateway");
    let context = match manifest.traffic {
        Traffic::Client if gateways => "GATEWAY",
        Traffic::Any => "ANY",
        Traffic::Client => "SIDECAR_OUTBOUND",
        Traffic::Server => "SIDECAR_INBOUND",
    };
    json!({
        "applyTo": "HTTP_FILTER",
        "match": {"context": context, "listener": {"filterChain": { "filter": in_chain }}},
        "patch": patch,
    })
}

fn remote(uri: &str) -> Map<String, Value> {
    Map::from_iter([("uri".to_owned(), json!(uri)), ("timeout".to_owned(), json!(TIMEOUT))])
}

/// Envoy's filter.
fn filter(manifest: &Manifest, code: Value, form: Form) -> Result<Value, Unwritable> {
    let plugin = &manifest.plugin;
    if plugin.network {
        return Err(Unwritable::new(form, "a plugin for connections", "use `--kind wasm-plugin`"));
    }
    let mut config = Map::new();
    config.insert("name".to_owned(), json!(manifest.name));
    if !plugin.root_id.is_empty() {
        config.insert("root_id".to_owned(), json!(plugin.root_id));
    }
    let (policy, open) = match plugin.failure {
        FailurePolicy::Closed => ("FAIL_CLOSED", false),
        FailurePolicy::Open => ("FAIL_OPEN", true),
        FailurePolicy::Reload => ("FAIL_RELOAD", false),
    };
    let older = manifest
        .target
        .is_some_and(|target| target.product == Product::Istio && target.version < Version::new(1, 25));
    match older {
        true => config.insert("fail_open".to_owned(), json!(open)),
        false => config.insert("failure_policy".to_owned(), json!(policy)),
    };
    let text = match &plugin.configuration {
        Configuration::Absent => None,
        Configuration::Json(value) => Some(value.to_string()),
        Configuration::Text(text) => Some(text.clone()),
    };
    if let Some(text) = text {
        config.insert("configuration".to_owned(), json!({"@type": STRING_VALUE, "value": text}));
    }
    if plugin.hold_headers {
        config.insert("allow_on_headers_stop_iteration".to_owned(), json!(true));
    }
    let mut vm =
        Map::from_iter([("runtime".to_owned(), json!("envoy.wasm.runtime.v8")), ("code".to_owned(), code)]);
    let environment = environment(manifest);
    if !environment.is_empty() {
        vm.insert("environment_variables".to_owned(), Value::Object(environment));
    }
    config.insert("vm_config".to_owned(), Value::Object(vm));
    Ok(json!({"@type": WASM, "config": config}))
}

fn environment(manifest: &Manifest) -> Map<String, Value> {
    let plugin = &manifest.plugin;
    let mut values = Map::new();
    let mut keys = Vec::new();
    for variable in &plugin.environment {
        match &variable.value {
            Some(value) => {
                values.insert(variable.name.clone(), json!(value));
            }
            None => keys.push(json!(variable.name)),
        }
    }
    if plugin.hold_headers {
        values.insert(HOLD_HEADERS.to_owned(), json!("1"));
    }
    match plugin.pull {
        PullPolicy::Unspecified => None,
        PullPolicy::IfNotPresent => values.insert(PULL_POLICY.to_owned(), json!("IfNotPresent")),
        PullPolicy::Always => values.insert(PULL_POLICY.to_owned(), json!("Always")),
    };
    let mut environment = Map::new();
    if !values.is_empty() {
        environment.insert("key_values".to_owned(), Value::Object(values));
    }
    if !keys.is_empty() {
        environment.insert("host_env_keys".to_owned(), Value::Array(keys));
    }
    environment
}
