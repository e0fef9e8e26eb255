//! The example files of a filter, and what they give it.

use std::path::Path;

use mesh_filter_runtime::document::Document;
use serde_json::{Map, Value, json};

use super::Given;
use super::shapes::{ENVOY_EXTENSION_POLICY, WASM_PLUGIN, misfits};

/// Stands for what operators put into a variable that a file only names: as long as any secret has to be.
const FROM_OUTSIDE: &str = "what-stands-in-a-variable-of-the-proxy-and-is-as-long-as-a-secret";

/// The documents of a file.
fn documents(folder: &Path, file: &str) -> Vec<Value> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let read = |part: &str| Document::parse(file, part).and_then(|document| document.root().to_json());
    text.split("\n---\n").map(|part| read(part).unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// The one document of this kind; it has the shape that the resource has.
fn resource(place: &str, documents: &[Value], kind: &str, shape: &str) -> Value {
    for document in documents {
        let is_resource = document["apiVersion"].is_string()
            && document["kind"].is_string()
            && document["metadata"]["name"].is_string()
            && document["spec"].is_object();
        assert!(is_resource, "{place}: no resource: {document}");
    }
    let all: Vec<_> = documents.iter().filter(|document| document["kind"] == kind).collect();
    assert_eq!(all.len(), 1, "{place}: resources of kind `{kind}`");
    let misfits = misfits(all[0], &serde_json::from_str(shape).unwrap(), kind);
    assert!(misfits.is_empty(), "{place}:\n{}", misfits.join("\n"));
    all[0]["spec"].clone()
}

fn given(place: String, root_id: &Value, configuration: String) -> Given {
    let (root_id, environment) = (root_id.clone(), Map::new());
    Given { place, root_id, configuration, environment, hold_headers: false }
}

/// The only filter in Wasm of an Envoy.
pub(super) fn envoy(filter: &str, folder: &Path) -> Given {
    let documents = documents(folder, "envoy.yaml");
    let plugin = wasm(&json!(documents)).expect("a filter in Wasm").clone();
    let text = plugin["configuration"]["value"].as_str().expect("a configuration that is text").to_owned();
    let mut given = given(format!("{filter}-envoy"), &plugin["root_id"], text);
    let variables = &plugin["vm_config"]["environment_variables"];
    given.environment = variables["key_values"].as_object().cloned().unwrap_or_default();
    for name in variables["host_env_keys"].as_array().into_iter().flatten() {
        given.environment.insert(name.as_str().unwrap().to_owned(), json!(FROM_OUTSIDE));
    }
    given.hold_headers = plugin["allow_on_headers_stop_iteration"] == json!(true);
    assert_eq!(plugin["failure_policy"], "FAIL_CLOSED", "{}", given.place);
    given
}

fn wasm(value: &Value) -> Option<&Value> {
    let is_wasm = |kind: &str| kind.ends_with("envoy.extensions.filters.http.wasm.v3.Wasm");
    match value {
        Value::Object(members) if members.get("@type").and_then(Value::as_str).is_some_and(is_wasm) => {
            members.get("config")
        }
        Value::Object(members) => members.values().find_map(wasm),
        Value::Array(items) => items.iter().find_map(wasm),
        _ => None,
    }
}

/// A `WasmPlugin`, and that the mesh knows each cluster which its configuration names.
pub(super) fn istio(filter: &str, folder: &Path) -> Given {
    let documents = documents(folder, "istio.yaml");
    let place = format!("{filter}-istio");
    let plugin = resource(&place, &documents, "WasmPlugin", WASM_PLUGIN);
    let configuration = plugin["pluginConfig"].to_string();
    for named in configuration.split('"').filter(|text| text.starts_with("outbound|")) {
        let known = |entry: &&Value| {
            let (ports, hosts) = (&entry["spec"]["ports"], &entry["spec"]["hosts"]);
            let ports = ports.as_array().into_iter().flatten().map(|port| &port["number"]);
            let hosts: Vec<_> = hosts.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            ports.into_iter().any(|port| hosts.iter().any(|host| named == format!("outbound|{port}||{host}")))
        };
        // A service of the cluster itself needs no entry.
        let own = named.ends_with(".svc.cluster.local");
        assert!(own || documents.iter().any(|entry| known(&entry)), "{place}: nothing declares `{named}`");
    }
    let mut given = given(place, &plugin["pluginName"], configuration);
    for variable in plugin["vmConfig"]["env"].as_array().into_iter().flatten() {
        let value = variable.get("value").cloned().unwrap_or_else(|| json!(FROM_OUTSIDE));
        given.environment.insert(variable["name"].as_str().unwrap().to_owned(), value);
    }
    given
}

/// The one plugin of an `EnvoyExtensionPolicy`.
pub(super) fn envoy_gateway(filter: &str, folder: &Path) -> Given {
    let place = format!("{filter}-envoy-gateway");
    let documents = documents(folder, "envoy-gateway.yaml");
    let policy = resource(&place, &documents, "EnvoyExtensionPolicy", ENVOY_EXTENSION_POLICY);
    let plugins = policy["wasm"].as_array().unwrap();
    assert_eq!(plugins.len(), 1, "{place}");
    let plugin = &plugins[0];
    let mut given = given(place, &plugin["rootID"], plugin["config"].to_string());
    for name in plugin["env"]["hostKeys"].as_array().into_iter().flatten() {
        given.environment.insert(name.as_str().unwrap().to_owned(), json!(FROM_OUTSIDE));
    }
    given
}
