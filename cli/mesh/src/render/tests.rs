//! The stages of rendering, and the order of plugins.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::declared::{Code, FailurePolicy};
use crate::{Resource, Version};

fn resources(text: &str) -> Vec<Resource> {
    Resource::parse_all("file.yaml", text).unwrap().0
}

const PLUGIN: &str = "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: one, namespace: shop, resourceVersion: '7'}
spec:
  url: oci://ghcr.io/o/r:1
  pluginName: root
  pluginConfig: {b: 9007199254740993, a: 1.50}
  imagePullPolicy: Always
";

#[test]
fn names_and_policies_follow_the_release() {
    let resources = resources(PLUGIN);
    let chain = chain(&resources).unwrap();
    for (version, name, plugin, closed) in [
        ((1, 20), "shop.one", "shop.one", false),
        ((1, 21), "extenstions.istio.io/wasmplugin/shop.one", "shop.one", false),
        ((1, 25), "extenstions.istio.io/wasmplugin/shop.one", "shop.one", true),
        ((1, 26), "extensions.istio.io/wasmplugin/shop.one", "shop.one", true),
        (
            (1, 30),
            "extensions.istio.io/trafficextension/shop.one~istio-translated-wasmplugin",
            "shop.one~istio-translated-wasmplugin",
            true,
        ),
    ] {
        let sent = sent(&chain[0], Version::new(version.0, version.1)).unwrap();
        assert_eq!(sent.entry["name"], name);
        let extension = sent.extension.unwrap();
        assert_eq!(extension["name"], name);
        let config = &extension["typed_config"]["config"];
        assert_eq!(config["name"], plugin);
        assert_eq!(config.get("failure_policy").is_some(), closed, "{version:?}");
        assert_eq!(config["configuration"]["value"], r#"{"a":1.5,"b":9007199254740992}"#);
    }
}

#[test]
fn the_agent_names_the_file_and_keeps_its_words_to_itself() {
    let resources = resources(PLUGIN);
    let sent = sent(&chain(&resources).unwrap()[0], Version::new(1, 29)).unwrap().extension.unwrap();
    let vm = |extension: &Value| extension["typed_config"]["config"]["vm_config"].clone();
    assert_eq!(
        vm(&sent)["environment_variables"]["key_values"],
        json!({"ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": "7", "ISTIO_META_WASM_IMAGE_PULL_POLICY": "Always"})
    );
    let got = fetched(&sent, Outcome::Module(Path::new("/m.wasm")), Version::new(1, 29)).unwrap();
    assert_eq!(
        vm(&got),
        json!({"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": "/m.wasm"}}})
    );
    let path = module_path(Path::new("/data"), &Code::Image("ghcr.io/o/r:1".to_owned()), "sha256:aa");
    // echo -n oci://ghcr.io/o/r | sha256sum
    assert_eq!(
        path,
        Path::new("/data/2c7e1fc38669093680ceb5f781782ba6c7021b5f79b9782a6e08c68b75422ef2/aa.wasm")
    );
}

#[test]
fn without_a_module_the_release_decides_what_stands_in() {
    let resources = resources(PLUGIN);
    let sent = sent(&chain(&resources).unwrap()[0], Version::new(1, 29)).unwrap().extension.unwrap();
    let stand_in = |policy, minor| {
        fetched(&sent, Outcome::Failed(policy), Version::new(1, minor)).map(|got| got["typed_config"].clone())
    };
    assert_eq!(stand_in(FailurePolicy::Closed, 24), None);
    assert_eq!(stand_in(FailurePolicy::Closed, 25), Some(json!({"@type": RBAC, "rules": {}})));
    assert_eq!(
        stand_in(FailurePolicy::Closed, 29),
        Some(json!({"@type": RBAC, "rules": {}, "rules_stat_prefix": "wasm-default-deny"}))
    );
    assert_eq!(
        stand_in(FailurePolicy::Open, 29),
        Some(json!({"@type": RBAC, "rules_stat_prefix": "wasm-default-allow"}))
    );
}

#[test]
fn plugins_run_by_phase_and_priority_and_those_without_one_last() {
    let plugin = |name: &str, spec: &str| {
        format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{name: {name}}}\n\
             spec: {{url: example.com/{name}{spec}}}\n---\n"
        )
    };
    let text = [
        plugin("late", ""),
        plugin("below", ", priority: -5"),
        plugin("above", ", priority: 5"),
        plugin("stats", ", phase: STATS"),
        plugin("authz", ", phase: AUTHZ"),
        plugin("authn", ", phase: AUTHN"),
    ]
    .concat();
    let resources = resources(&text);
    let names: Vec<_> = chain(&resources).unwrap().iter().map(|link| link.resource.name.clone()).collect();
    assert_eq!(names, ["authn", "authz", "stats", "above", "below", "late"]);
}

#[test]
fn numbers_are_written_as_doubles_are_in_go() {
    for (given, expected) in [
        (json!(1), "1"),
        (json!(1.0), "1"),
        (json!(9_007_199_254_740_993_u64), "9007199254740992"),
        (json!(1e21), "1e+21"),
        (json!(1e-7), "1e-7"),
        (json!(0.000_001), "0.000001"),
        (json!(-0.5), "-0.5"),
    ] {
        assert_eq!(compact(&given, true), expected);
    }
    assert_eq!(
        compact(&json!({"b": 9_007_199_254_740_993_u64, "a": "<"}), false),
        r#"{"a":"<","b":9007199254740993}"#
    );
}
