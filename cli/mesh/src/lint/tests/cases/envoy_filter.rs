//! `EnvoyFilter`.

use super::*;

/// Both patches, as they should be.
const RIGHT: &str = "\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: one, namespace: shop}
spec:
  workloadSelector: {labels: {app: cart}}
  priority: 10
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: SIDECAR_INBOUND
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter: {name: envoy.filters.http.router}
    patch:
      operation: INSERT_BEFORE
      value:
        name: shop/one
        config_discovery:
          config_source: {ads: {}, initial_fetch_timeout: 0s}
          type_urls:
          - type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          - type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
  - applyTo: EXTENSION_CONFIG
    patch:
      operation: ADD
      value:
        name: shop/one
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          config:
            root_id: root
            vm_config:
              runtime: envoy.wasm.runtime.v8
              code:
                remote:
                  http_uri:
                    uri: oci://example.com/f:1
                    timeout: 30s
                    cluster: _
                  sha256: '1111111111111111111111111111111111111111111111111111111111111111'
              environment_variables: {key_values: {A: a}}
";

/// A filter with the plugin in it.
const INLINE: &str = "\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: one, namespace: shop}
spec:
  workloadSelector: {labels: {app: cart}}
  configPatches:
  - applyTo: HTTP_FILTER
    patch:
      operation: ADD
      value:
        name: a
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          config: {vm_config: {code: {remote: {http_uri: {uri: 'URI', timeout: 5s, cluster: CLUSTER}, sha256: 'SHA'}}}}
";

fn without(line: &str) -> String {
    assert!(RIGHT.contains(line), "{line}");
    RIGHT.lines().filter(|other| !other.contains(line)).map(|line| format!("{line}\n")).collect()
}

fn replaced(from: &str, to: &str) -> String {
    assert!(RIGHT.contains(from), "{from}");
    RIGHT.replacen(from, to, 1)
}

fn inline(uri: &str, cluster: &str, digest: &str) -> String {
    INLINE.replace("URI", uri).replace("CLUSTER", cluster).replace("SHA", digest)
}

pub(super) fn cases() -> Vec<Case> {
    const URL: &str = "https://example.com/f.wasm";
    let relative = |name: &str| replaced("envoy.filters.http.router", name);
    vec![
        silent("L20", RIGHT.to_owned()),
        found("L20", without("rbac.v3.RBAC")),
        found(
            "L20",
            replaced(
                "name: shop/one\n        config_discovery",
                "name: shop/other\n        config_discovery",
            ),
        ),
        found(
            "L20",
            replaced("envoy.filters.network.http_connection_manager", "envoy.http_connection_manager"),
        ),
        found("L20", relative("envoy.router")),
        found("L20", without("workloadSelector")),
        with(silent("L20", without("workloadSelector")), |facts| facts.mesh_wide = true),
        found("L20", without("priority")),
        found("L20", without("timeout: 30s")),
        found("L20", replaced("operation: ADD", "operation: MERGE")),
        found(
            "L20",
            replaced(
                "- applyTo: EXTENSION_CONFIG\n",
                "- applyTo: EXTENSION_CONFIG\n    match: {context: GATEWAY}\n",
            ),
        ),
        found("L20", replaced("{A: a}", "{ISTIO_META_WASM_IMAGE_PULL_SECRET: '{}'}")),
        found("L20", relative("extensions.istio.io/wasmplugin/shop.one")),
        with(silent("L20", relative("extensions.istio.io/wasmplugin/shop.one")), |facts| {
            facts.targets = vec!["istio=1.29".parse().unwrap()];
        }),
        found("L20", inline("oci://example.com/f:1", "a", "")),
        found("L20", inline(URL, "_", "22")),
        found("L20", inline(URL, "files", "")),
        silent("L20", inline(URL, "files", "22")),
        found("L18", replaced("{A: a}}", "{A: a}, host_env_keys: [A]}")),
        with(
            found(
                "L16",
                RIGHT.replace(
                    "workloadSelector: {labels: {app: cart}}",
                    "targetRefs: [{kind: Gateway, name: g}]",
                ),
            ),
            |facts| {
                facts.targets = vec!["istio=1.26".parse().unwrap()];
            },
        ),
        with(found("L16", replaced("root_id: root", "allow_on_headers_stop_iteration: true")), |facts| {
            facts.targets = vec!["istio=1.26".parse().unwrap()];
        }),
        silent("L16", replaced("root_id: root", "allow_on_headers_stop_iteration: true")),
        found("L05", replaced("oci://", "")),
    ]
}
