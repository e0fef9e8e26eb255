//! What the control plane sends: a filter of the chain, and the extension that it discovers.

use mesh_filter_runtime::document::Result;
use serde_json::{Map, Value, json};

use super::{Fetcher, Link, RBAC, TEXT, WASM, compact, extension_name, plugin_name};
use crate::declared::{Code, Configuration, FailurePolicy, PullPolicy};
use crate::{Kind, Version};

/// How long the agent may take for a module.
const TIMEOUT: &str = "30s";

/// A filter as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The entry in the chain.
    pub entry: Value,
    /// What it discovers: a `TypedExtensionConfig`. An entry with a configuration of its own discovers nothing.
    pub extension: Option<Value>,
}

/// What Istio of this release sends for a plugin; of Envoy Gateway's the filter alone.
///
/// # Errors
/// Where the release does not know what the resource says.
pub fn sent(link: &Link<'_>, version: Version) -> Result<Filter> {
    let resource = link.resource;
    let since = |release: Version, path: &str, what: &str| match version < release {
        true => Err(resource.error(path, format!("Istio {version} knows no {what}: it came with {release}"))),
        false => Ok(()),
    };
    if let Some(patch) = link.patch {
        return Ok(Filter { entry: patch.clone(), extension: link.extension.cloned() });
    }
    if resource.kind == Kind::TrafficExtension {
        since(Version::new(1, 30), "kind", "TrafficExtension")?;
    }
    if link.declared.failure == FailurePolicy::Reload && link.fetcher == Fetcher::Agent {
        since(Version::new(1, 27), &link.declared.path, "FAIL_RELOAD")?;
    }
    let typed = json!({"@type": WASM, "config": config(link, version)});
    if link.fetcher == Fetcher::Gateway {
        let place = link.declared.path.trim_start_matches("spec.wasm[").trim_end_matches(']');
        let name = format!(
            "envoy.filters.http.wasm/envoyextensionpolicy/{}/{}/wasm/{place}",
            resource.namespace(),
            resource.name
        );
        return Ok(Filter { entry: json!({"name": name, "typed_config": typed}), extension: None });
    }
    let name = extension_name(resource, version);
    let entry = json!({
        "name": name,
        "config_discovery": {
            "config_source": {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"},
            "type_urls": [WASM, RBAC],
        },
    });
    Ok(Filter { entry, extension: Some(json!({"name": name, "typed_config": typed})) })
}

/// `PluginConfig`.
fn config(link: &Link<'_>, version: Version) -> Value {
    let declared = &link.declared;
    let gateway = link.fetcher == Fetcher::Gateway;
    let mut config = Map::new();
    config.insert("name".to_owned(), Value::from(plugin_name(link.resource, version)));
    if !declared.root_id.is_empty() {
        config.insert("root_id".to_owned(), Value::from(declared.root_id.as_str()));
    }
    if gateway || version < Version::new(1, 25) {
        if declared.failure == FailurePolicy::Open {
            config.insert("fail_open".to_owned(), Value::from(true));
        }
    } else {
        let policy = match declared.failure {
            FailurePolicy::Closed => "FAIL_CLOSED",
            FailurePolicy::Open => "FAIL_OPEN",
            FailurePolicy::Reload => "FAIL_RELOAD",
        };
        config.insert("failure_policy".to_owned(), Value::from(policy));
    }
    let text = match &declared.configuration {
        Configuration::Absent => None,
        Configuration::Json(value) => Some(compact(value, !gateway)),
        Configuration::Text(text) => Some(text.clone()),
    };
    if let Some(text) = text {
        config.insert("configuration".to_owned(), json!({"@type": TEXT, "value": text}));
    }
    let mut vm = Map::new();
    vm.insert("runtime".to_owned(), Value::from("envoy.wasm.runtime.v8"));
    vm.insert("code".to_owned(), code(link));
    if let Some(environment) = environment(link) {
        vm.insert("environment_variables".to_owned(), environment);
    }
    config.insert("vm_config".to_owned(), Value::Object(vm));
    Value::Object(config)
}

fn code(link: &Link<'_>) -> Value {
    let uri = match &link.declared.code {
        Code::Image(reference) => format!("oci://{reference}"),
        Code::Http(url) => url.clone(),
        Code::File(path) => return json!({"local": {"filename": path}}),
        Code::Inline | Code::Missing => return json!({}),
    };
    let mut remote = Map::new();
    remote.insert("http_uri".to_owned(), json!({"uri": uri, "timeout": TIMEOUT, "cluster": "_"}));
    if let Some(digest) = &link.declared.sha256 {
        remote.insert("sha256".to_owned(), Value::from(digest.as_str()));
    }
    json!({"remote": remote})
}

fn environment(link: &Link<'_>) -> Option<Value> {
    let declared = &link.declared;
    let mut values = Map::new();
    if link.fetcher == Fetcher::Agent {
        let version = link.resource.at("metadata.resourceVersion").and_then(Value::as_str);
        values
            .insert("ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION".to_owned(), version.unwrap_or_default().into());
        let pull = match declared.pull {
            PullPolicy::Unspecified => None,
            PullPolicy::IfNotPresent => Some("IfNotPresent"),
            PullPolicy::Always => Some("Always"),
        };
        if let Some(pull) = pull {
            values.insert("ISTIO_META_WASM_IMAGE_PULL_POLICY".to_owned(), pull.into());
        }
        if let Some(secret) = &declared.pull_secret {
            // The control plane puts what the Secret has in its place.
            let secret = format!("kubernetes://{}/{secret}", link.resource.namespace());
            values.insert("ISTIO_META_WASM_IMAGE_PULL_SECRET".to_owned(), secret.into());
        }
    }
    let mut host = Vec::new();
    for variable in &declared.environment {
        match &variable.value {
            Some(value) => {
                values.insert(variable.name.clone(), Value::from(value.as_str()));
            }
            None => host.push(Value::from(variable.name.as_str())),
        }
    }
    let mut variables = Map::new();
    if !values.is_empty() {
        variables.insert("key_values".to_owned(), Value::Object(values));
    }
    if !host.is_empty() {
        variables.insert("host_env_keys".to_owned(), Value::Array(host));
    }
    (!variables.is_empty()).then_some(Value::Object(variables))
}
