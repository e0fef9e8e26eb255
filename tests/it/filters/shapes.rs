//! The fields that the resources of Istio and Envoy Gateway have, as far as filters use them, and what does not fit.
//!
//! A shape is JSON: an object has these fields and no other ones (`!`: it must have them), an array of one shape is a
//! list, an array of words is one of them, and a word is a kind of value.

use serde_json::Value;

/// `extensions.istio.io/v1alpha1`.
pub(super) const WASM_PLUGIN: &str = r#"{
    "apiVersion!": ["extensions.istio.io/v1alpha1", "extensions.istio.io/v1"],
    "kind!": ["WasmPlugin", "WasmPlugin"],
    "metadata!": {"name!": "text", "namespace": "text", "labels": "any", "annotations": "any"},
    "spec!": {
        "selector": {"matchLabels": "any"},
        "targetRefs": [{"group": "text", "kind!": "text", "name!": "text"}],
        "url!": "text",
        "sha256": "text",
        "imagePullPolicy": ["IfNotPresent", "Always"],
        "imagePullSecret": "text",
        "pluginConfig!": "any",
        "pluginName!": "text",
        "phase!": ["AUTHN", "AUTHZ", "STATS", "UNSPECIFIED_PHASE"],
        "failStrategy!": ["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"],
        "priority": "number",
        "match": [{"mode": ["CLIENT", "SERVER", "CLIENT_AND_SERVER"], "ports": [{"number!": "number"}]}],
        "vmConfig": {"env": [{"name!": "text", "value": "text", "valueFrom": ["INLINE", "HOST"]}]},
        "type": ["HTTP", "NETWORK"]
    }
}"#;

/// `gateway.envoyproxy.io/v1alpha1`.
pub(super) const ENVOY_EXTENSION_POLICY: &str = r#"{
    "apiVersion!": ["gateway.envoyproxy.io/v1alpha1", "gateway.envoyproxy.io/v1alpha1"],
    "kind!": ["EnvoyExtensionPolicy", "EnvoyExtensionPolicy"],
    "metadata!": {"name!": "text", "namespace": "text", "labels": "any", "annotations": "any"},
    "spec!": {
        "targetRefs!": [{"group!": "text", "kind!": "text", "name!": "text", "sectionName": "text"}],
        "wasm!": [{
            "name": "text",
            "rootID!": "text",
            "failOpen!": "bool",
            "config!": "any",
            "env": {"hostKeys": ["text"]},
            "code!": {
                "type!": ["HTTP", "Image"],
                "image": {"url!": "text", "sha256": "text", "pullSecretRef": {"name!": "text", "group": "text", "kind": "text", "namespace": "text"}},
                "http": {"url!": "text", "sha256": "text"},
                "pullPolicy": ["IfNotPresent", "Always"]
            }
        }]
    }
}"#;

/// Whether these are words of which one is meant, and not the shape of a list.
fn words(shapes: &[Value]) -> bool {
    shapes.len() > 1
}

/// What in `value` does not fit its shape, by its place.
pub(super) fn misfits(value: &Value, shape: &Value, place: &str) -> Vec<String> {
    match (shape, value) {
        (Value::Object(fields), Value::Object(members)) => {
            let known = |name: &str| fields.get(name).or_else(|| fields.get(&format!("{name}!")));
            let unfit = members.iter().flat_map(|(name, member)| match known(name) {
                Some(shape) => misfits(member, shape, &format!("{place}.{name}")),
                None => vec![format!("`{place}.{name}` is unknown")],
            });
            let required = fields.keys().filter_map(|name| name.strip_suffix('!'));
            let missing = required.filter(|name| !members.contains_key(*name));
            unfit.chain(missing.map(|name| format!("`{place}.{name}` is missing"))).collect()
        }
        (Value::Array(shapes), value) if words(shapes) && shapes.contains(value) => Vec::new(),
        (Value::Array(shapes), Value::Array(items)) if !words(shapes) => {
            let each = items.iter().enumerate();
            each.flat_map(|(index, item)| misfits(item, &shapes[0], &format!("{place}[{index}]"))).collect()
        }
        (Value::String(kind), value) => {
            let fits = match kind.as_str() {
                "text" => value.is_string(),
                "number" => value.is_u64(),
                "bool" => value.is_boolean(),
                _ => true,
            };
            if fits { Vec::new() } else { vec![format!("`{place}` is no {kind}")] }
        }
        _ => vec![format!("`{place}` is `{value}`, which is not its shape")],
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let shape: Value = serde_json::from_str(WASM_PLUGIN).unwrap();
    let plugin = serde_json::json!({
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": {"name": "x"},
        "spec": {
            "url": 1, "pluginConfig": {"a": 1}, "pluginName": "x", "phase": "AUTH",
            "vmConfig": {"env": [{"value": "x"}, {"name": "a", "valueFrom": "HOST"}]}, "rootID": "x",
        },
    });
    let mut found = misfits(&plugin, &shape, "plugin");
    found.sort();
    let expected = [
        "`plugin.spec.failStrategy` is missing",
        "`plugin.spec.phase` is `\"AUTH\"`, which is not its shape",
        "`plugin.spec.rootID` is unknown",
        "`plugin.spec.url` is no text",
        "`plugin.spec.vmConfig.env[0].name` is missing",
    ];
    assert_eq!(found, expected);
}
