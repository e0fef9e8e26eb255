//! The same plugin, said by each kind.

use super::*;

fn declared(text: &str) -> Vec<Declared> {
    let (resources, _) = Resource::parse_all("file.yaml", text).unwrap();
    resources.iter().flat_map(Resource::declared).collect()
}

#[test]
fn each_kind_declares_the_same_plugin() {
    let found = declared(
        "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: one}
spec: {url: 'oci://example.com/f:1', pluginName: root, pluginConfig: {a: 1}, failStrategy: FAIL_OPEN}
---
apiVersion: extensions.istio.io/v1alpha1
kind: TrafficExtension
metadata: {name: one}
spec: {wasm: {url: example.com/f:1, pluginName: root, pluginConfig: {a: 1}, failStrategy: FAIL_OPEN}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: {name: one}
spec:
  wasm:
  - {name: a, rootID: root, config: {a: 1}, failOpen: true, code: {type: Image, image: {url: example.com/f:1}}}
",
    );
    assert_eq!(found.len(), 3);
    for one in &found {
        assert_eq!(one.code, Code::Image("example.com/f:1".to_owned()));
        assert_eq!((one.root_id.as_str(), one.failure), ("root", FailurePolicy::Open));
        assert_eq!(one.configuration, Configuration::Json(serde_json::json!({"a": 1})));
    }
    let paths: Vec<_> = found.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["spec", "spec.wasm", "spec.wasm[0]"]);
}

#[test]
fn an_envoy_filter_declares_by_both_spellings_of_fields() {
    let found = declared(
        "\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: one}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    patch: {operation: INSERT_BEFORE, value: {name: a, config_discovery: {}}}
  - applyTo: EXTENSION_CONFIG
    patch:
      operation: ADD
      value:
        name: a
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          config:
            root_id: root
            allow_on_headers_stop_iteration: true
            configuration: {'@type': type.googleapis.com/google.protobuf.StringValue, value: '{}'}
            vm_config:
              code: {remote: {http_uri: {uri: 'oci://example.com/f:1'}, sha256: ''}}
              environment_variables: {key_values: {A: '1'}, host_env_keys: [B]}
  - applyTo: HTTP_FILTER
    patch:
      value:
        name: b
        typedConfig:
          '@type': type.googleapis.com/udpa.type.v1.TypedStruct
          type_url: type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          value: {config: {rootId: other, failOpen: true, vmConfig: {code: {local: {filename: /f.wasm}}}}}
",
    );
    let [first, second] = &found[..] else { panic!("{found:?}") };
    assert_eq!((first.root_id.as_str(), first.hold_headers), ("root", true));
    assert_eq!((&first.code, &first.sha256), (&Code::Image("example.com/f:1".to_owned()), &None));
    assert_eq!(first.configuration, Configuration::Text("{}".to_owned()));
    assert_eq!(first.environment.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!((second.root_id.as_str(), &second.code), ("other", &Code::File("/f.wasm".to_owned())));
    assert_eq!(second.failure, FailurePolicy::Open);
}
