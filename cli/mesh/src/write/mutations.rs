//! Manifests as this module writes them, each broken at one place: the definitions refuse it there.

use serde_json::{Value, json};

use super::tests::{manifest, targets};
use super::*;
use crate::crd;
use crate::declared::Variable;

/// What is done to a written manifest: the path of a field, its new value (nothing removes it), and where that is wrong.
type Mutation = (&'static str, Option<Value>, &'static str);

fn written(form: Form) -> Value {
    let mut manifest = manifest();
    manifest.plugin.phase = Phase::Authn;
    manifest.plugin.priority = Some(10);
    manifest.plugin.pull_secret = Some("pull".to_owned());
    match form {
        Form::WasmPlugin => {
            manifest.selector.insert("app".to_owned(), "cart".to_owned());
            manifest.plugin.environment = vec![
                Variable { name: "GIVEN".to_owned(), value: Some("1".to_owned()) },
                Variable { name: "HOST".to_owned(), value: None },
            ];
        }
        Form::EnvoyExtensionPolicy => {
            manifest.plugin.phase = Phase::Unspecified;
            manifest.plugin.priority = None;
            manifest.target_refs = targets("HTTPRoute/cart");
            manifest.plugin.environment = vec![Variable { name: "HOST".to_owned(), value: None }];
        }
        Form::EnvoyFilter => {
            manifest.plugin.pull_secret = None;
            manifest.selector.insert("app".to_owned(), "cart".to_owned());
        }
        _ => manifest.target_refs = targets("Gateway/gate"),
    }
    manifest.write(form).unwrap().json
}

/// Puts `value` at a path such as `spec.match[0].mode`, or removes what is there.
fn mutate(object: &mut Value, path: &str, value: Option<Value>) {
    let pointer = format!("/{}", path.replace('[', "/").replace(']', "").replace('.', "/"));
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Array(items) => match value {
            Some(value) if key == "-" => items.push(value),
            Some(value) => items[key.parse::<usize>().unwrap()] = value,
            None => drop(items.remove(key.parse().unwrap())),
        },
        Value::Object(members) => match value {
            Some(value) => drop(members.insert(key.to_owned(), value)),
            None => drop(members.remove(key).unwrap_or_else(|| panic!("no {path}"))),
        },
        other => panic!("{parent} is {other}"),
    }
}

fn refused(form: Form, mutations: Vec<Mutation>) -> usize {
    let right = written(form);
    assert_eq!(crd::validate_json(form.kind(), &right), [], "{form:?}");
    let count = mutations.len();
    for (path, value, expected) in mutations {
        let mut object = right.clone();
        mutate(&mut object, path, value.clone());
        let found = crd::validate_json(form.kind(), &object);
        let mut paths: Vec<_> = found.iter().map(|one| one.path.as_str()).collect();
        // Two rules may speak of one field.
        paths.dedup();
        assert_eq!(paths, [expected], "{form:?}: {path} = {value:?}: {found:?}");
        assert!(!found[0].problem.is_empty());
    }
    count
}

/// What is wrong in every kind.
fn of_all_kinds() -> Vec<Mutation> {
    vec![
        ("apiVersion", Some(json!("extensions.istio.io/v2")), "apiVersion"),
        ("kind", Some(json!("Plugin")), "kind"),
        ("spec", Some(json!([])), "spec"),
        ("specs", Some(json!({})), "specs"),
        ("metadata", None, "metadata"),
        ("metadata.name", None, "metadata.name"),
        ("metadata.name", Some(json!("Guard")), "metadata.name"),
        ("metadata.name", Some(json!("guard_")), "metadata.name"),
        ("metadata.name", Some(json!("a".repeat(254))), "metadata.name"),
        ("metadata.namespace", Some(json!("a.b")), "metadata.namespace"),
        ("metadata.lables", Some(json!({})), "metadata.lables"),
        ("metadata.labels", Some(json!({"a": "b c"})), "metadata.labels.a"),
        ("metadata.annotations", Some(json!({"a": 1})), "metadata.annotations.a"),
        ("spec.unknown", Some(json!(1)), "spec.unknown"),
    ]
}

fn with(more: Vec<Mutation>) -> Vec<Mutation> {
    of_all_kinds().into_iter().chain(more).collect()
}

#[test]
fn a_wasm_plugin_is_refused_where_it_is_wrong() {
    let count = refused(
        Form::WasmPlugin,
        with(vec![
            ("spec", None, "spec"),
            ("spec.url", None, "spec.url"),
            ("spec.url", Some(json!("")), "spec.url"),
            ("spec.url", Some(json!("ftp://example.com/a")), "spec.url"),
            ("spec.url", Some(json!("localhost:5000/a")), "spec.url"),
            ("spec.sha256", Some(json!("sha256:0123")), "spec.sha256"),
            ("spec.phase", Some(json!("authn")), "spec.phase"),
            ("spec.priority", Some(json!("10")), "spec.priority"),
            ("spec.priority", Some(json!(3_000_000_000_u64)), "spec.priority"),
            ("spec.failStrategy", Some(json!("OPEN")), "spec.failStrategy"),
            ("spec.imagePullPolicy", Some(json!("Never")), "spec.imagePullPolicy"),
            ("spec.imagePullSecret", Some(json!("")), "spec.imagePullSecret"),
            ("spec.pluginName", Some(json!("a".repeat(257))), "spec.pluginName"),
            ("spec.pluginConfig", Some(json!([1])), "spec.pluginConfig"),
            ("spec.type", Some(json!("TCP")), "spec.type"),
            ("spec.selector.matchLabels.app", Some(json!("*")), "spec.selector.matchLabels.app"),
            ("spec.selector.matchLabels.app", Some(json!("a".repeat(64))), "spec.selector.matchLabels.app"),
            ("spec.targetRefs", Some(json!([{"kind": "Gateway", "name": "gate"}])), "spec"),
            ("spec.match", Some(json!([{"mode": "BOTH"}])), "spec.match[0].mode"),
            ("spec.match", Some(json!([{"ports": [{"number": 65536}]}])), "spec.match[0].ports[0].number"),
            ("spec.match", Some(json!([{"ports": [{}]}])), "spec.match[0].ports[0].number"),
            (
                "spec.match",
                Some(json!([{"ports": [{"number": 80}, {"number": 80}]}])),
                "spec.match[0].ports[1]",
            ),
            ("spec.vmConfig.env[0].value", Some(json!("a".repeat(2049))), "spec.vmConfig.env[0].value"),
            ("spec.vmConfig.env[0].name", None, "spec.vmConfig.env[0].name"),
            ("spec.vmConfig.env[1].value", Some(json!("1")), "spec.vmConfig.env[1]"),
            ("spec.vmConfig.env[1].name", Some(json!("GIVEN")), "spec.vmConfig.env[1]"),
        ]),
    );
    assert!(count >= 40);
}

#[test]
fn a_traffic_extension_is_refused_where_it_is_wrong() {
    refused(
        Form::TrafficExtension,
        with(vec![
            ("spec.wasm", None, "spec"),
            ("spec.wasm.url", None, "spec.wasm.url"),
            ("spec.wasm.url", Some(json!("localhost:5000/a")), "spec.wasm.url"),
            ("spec.wasm.phase", Some(json!("AUTHN")), "spec.wasm.phase"),
            ("spec.wasm.pluginConfig", Some(json!("text")), "spec.wasm.pluginConfig"),
            ("spec.phase", Some(json!("UNSPECIFIED_PHASE")), "spec.phase"),
            ("spec.selector", Some(json!({"matchLabels": {"app": "cart"}})), "spec"),
            ("spec.targetRefs[0].name", None, "spec.targetRefs[0].name"),
            ("spec.targetRefs[0].namespace", Some(json!("other")), "spec.targetRefs[0].namespace"),
            ("spec.targetRef", Some(json!({"kind": "Gateway", "name": "gate"})), "spec.targetRef"),
        ]),
    );
}

#[test]
fn an_envoy_filter_is_refused_where_it_is_wrong() {
    refused(
        Form::EnvoyFilter,
        with(vec![
            ("spec.configPatches", Some(json!({})), "spec.configPatches"),
            ("spec.configPatches[0].applyTo", Some(json!("HTTP")), "spec.configPatches[0].applyTo"),
            (
                "spec.configPatches[0].match.context",
                Some(json!("SIDECAR")),
                "spec.configPatches[0].match.context",
            ),
            ("spec.configPatches[0].match.context", Some(json!("WAYPOINT")), "spec.configPatches[0].match"),
            ("spec.configPatches[0].match.cluster", Some(json!({})), "spec.configPatches[0].match"),
            (
                "spec.configPatches[0].patch.operation",
                Some(json!("APPEND")),
                "spec.configPatches[0].patch.operation",
            ),
            (
                "spec.configPatches[0].patch.filterClass",
                Some(json!("JWT")),
                "spec.configPatches[0].patch.filterClass",
            ),
            ("spec.configPatches[1].patch.value", Some(json!("text")), "spec.configPatches[1].patch.value"),
            ("spec.priority", Some(json!("first")), "spec.priority"),
            ("spec.workloadSelector.labels.app", Some(json!("*")), "spec.workloadSelector.labels.app"),
            ("spec.targetRefs", Some(json!([{"kind": "Gateway", "name": "gate"}])), "spec"),
        ]),
    );
}

#[test]
fn an_envoy_extension_policy_is_refused_where_it_is_wrong() {
    refused(
        Form::EnvoyExtensionPolicy,
        with(vec![
            ("spec.targetRefs", None, "spec"),
            ("spec.targetRefs[0].kind", Some(json!("Service")), "spec"),
            ("spec.targetRefs[0].group", Some(json!("example.com")), "spec"),
            ("spec.wasm[0].code", None, "spec.wasm[0].code"),
            ("spec.wasm[0].code.type", Some(json!("OCI")), "spec.wasm[0].code.type"),
            ("spec.wasm[0].code.type", Some(json!("HTTP")), "spec.wasm[0].code"),
            ("spec.wasm[0].code.image", None, "spec.wasm[0].code"),
            ("spec.wasm[0].code.image.url", None, "spec.wasm[0].code.image.url"),
            ("spec.wasm[0].code.image.sha256", Some(json!(123)), "spec.wasm[0].code.image.sha256"),
            (
                "spec.wasm[0].code.image.pullSecretRef.kind",
                Some(json!("ConfigMap")),
                "spec.wasm[0].code.image.pullSecretRef",
            ),
            ("spec.wasm[0].failOpen", Some(json!("true")), "spec.wasm[0].failOpen"),
            ("spec.wasm[0].phase", Some(json!("AUTHN")), "spec.wasm[0].phase"),
            ("spec.wasm[0].env.hostKeys", Some(json!("HOST")), "spec.wasm[0].env.hostKeys"),
        ]),
    );
}
