//! Objects that the API server takes, and what it refuses.

use serde_json::json;

use super::*;

fn problems(kind: Kind, spec: Value) -> Vec<String> {
    let object = json!({
        "apiVersion": kind.api_version(), "kind": kind.name(), "metadata": {"name": "one"}, "spec": spec,
    });
    validate_json(kind, &object)
        .into_iter()
        .map(|found| format!("{}: {}", found.path, found.problem))
        .collect()
}

#[test]
fn each_kind_has_a_definition_whose_rules_are_understood() {
    for kind in Kind::ALL {
        assert!(schema(*kind).get("properties").is_some(), "{kind}");
        let compiled = kube_cel::compile_schema(schema(*kind));
        assert!(!compiled.has_errors(), "{kind}: {:?}", compiled.compilation_errors());
    }
}

#[test]
fn right_objects_pass() {
    let plugin = json!({
        "url": "oci://example.com/filter:1.0", "phase": "AUTHN", "priority": 10,
        "selector": {"matchLabels": {"app": "cart"}}, "pluginConfig": {"any": [1, {"thing": null}]},
        "match": [{"mode": "SERVER", "ports": [{"number": 8080}]}],
        "vmConfig": {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": "HOST"}]},
    });
    assert_eq!(problems(Kind::WasmPlugin, plugin.clone()), Vec::<String>::new());
    let wasm = json!({"url": "oci://example.com/filter", "failStrategy": "FAIL_RELOAD"});
    assert_eq!(problems(Kind::TrafficExtension, json!({"wasm": wasm})), Vec::<String>::new());
    let patch = json!({"applyTo": "EXTENSION_CONFIG", "patch": {"operation": "ADD", "value": {"name": "a"}}});
    assert_eq!(problems(Kind::EnvoyFilter, json!({"configPatches": [patch]})), Vec::<String>::new());
    let policy = json!({
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gate"}],
        "wasm": [{"name": "a", "code": {"type": "Image", "image": {"url": "example.com/filter:1.0"}}}],
    });
    assert_eq!(problems(Kind::EnvoyExtensionPolicy, policy), Vec::<String>::new());
}

#[test]
fn structure_is_refused_with_its_path() {
    let wrong = json!({"url": 5, "phas": "AUTHN", "priority": 1.5, "match": [{"ports": [{"number": 0}]}]});
    let expected = [
        "spec.match[0].ports[0].number: expected at least 1, got 0",
        "spec.phas: unknown field, did you mean `phase`? known here: ",
        "spec.priority: expected an integer, got `1.5`",
        "spec.url: expected a text, got `5`",
    ];
    let found = problems(Kind::WasmPlugin, wrong);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
    assert_eq!(problems(Kind::WasmPlugin, json!({})), ["spec.url: the field is required"]);
}

#[test]
fn rules_are_refused_with_their_path() {
    let found = problems(Kind::WasmPlugin, json!({"url": "localhost:5000/filter"}));
    assert!(matches!(&found[..], [one] if one.starts_with("spec.url: ")), "{found:?}");
    let both = json!({"wasm": {"url": "a"}, "lua": {"inlineCode": ""}});
    assert!(!problems(Kind::TrafficExtension, both).is_empty());
    let env =
        json!({"url": "oci://a/b", "vmConfig": {"env": [{"name": "A", "value": "1", "valueFrom": "HOST"}]}});
    let found = problems(Kind::WasmPlugin, env);
    assert!(matches!(&found[..], [one] if one.starts_with("spec.vmConfig.env[0]: ")), "{found:?}");
}
