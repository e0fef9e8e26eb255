//! What `--fix` does to a text, and that its rule is silent afterwards.

use super::*;

fn fixed(text: &str) -> (String, fix::Fixed) {
    let all = check(&facts_of(text));
    let fixed = fix::apply("file.yaml", text, &all).unwrap();
    (fixed.text.clone(), fixed)
}

const HEAD: &str = "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: one}\n";

#[test]
fn each_fix_changes_its_field_alone_and_keeps_comments() {
    let digest = facts::MANIFEST;
    let module = facts::MODULE;
    for (rule, before, after) in [
        (
            "L04",
            "spec: # a plugin\n  url: oci://example.com/f:1 # the image\n  phase: AUTHN\n".to_owned(),
            format!("spec: # a plugin\n  url: oci://example.com/f:1@sha256:{digest} # the image\n  phase: AUTHN\n"),
        ),
        (
            "L04",
            "spec: {phase: AUTHN, url: \"oci://example.com/f:1\", pluginName: root}\n".to_owned(),
            format!("spec: {{phase: AUTHN, url: \"oci://example.com/f:1@sha256:{digest}\", pluginName: root}}\n"),
        ),
        (
            "L05",
            "spec:\n  # where\n  url: 'localhost:5000/f:1'\n".to_owned(),
            "spec:\n  # where\n  url: 'oci://localhost:5000/f:1'\n".to_owned(),
        ),
        (
            "L02",
            format!("spec:\n  url: oci://example.com/f:1\n  # of the image\n  sha256: {module} # x\n"),
            format!("spec:\n  url: oci://example.com/f:1\n  # of the image\n  sha256: \"{digest}\" # x\n"),
        ),
        (
            "L21",
            "spec:\n  url: https://example.com/f\n  verificationKey: |\n    one\n    two\n  # next\n  phase: AUTHN\n".to_owned(),
            "spec:\n  url: https://example.com/f\n  # next\n  phase: AUTHN\n".to_owned(),
        ),
        (
            "L21",
            "spec: {verificationKey: abc, url: https://example.com/f} # x\n".to_owned(),
            "spec: {url: https://example.com/f} # x\n".to_owned(),
        ),
    ] {
        let (before, after) = (format!("{HEAD}{before}"), format!("{HEAD}{after}"));
        assert!(check(&facts_of(&before)).iter().any(|finding| finding.rule == rule), "{before}");
        let (text, what) = fixed(&before);
        assert_eq!(text, after, "{what:?}");
        assert!(check(&facts_of(&text)).iter().all(|finding| finding.rule != rule), "{text}");
    }
}

#[test]
fn patches_of_an_envoy_filter_are_mended() {
    let text = "\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: one, namespace: shop}
spec:
  priority: 1
  workloadSelector: {labels: {app: cart}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {listener: {filterChain: {filter: {name: envoy.http_connection_manager}}}} # old
    patch:
      operation: INSERT_BEFORE
      value:
        name: shop/one
        config_discovery:
          config_source: {ads: {}}
          type_urls:
          - type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm # the plugin
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
              code:
                remote:
                  http_uri:
                    uri: oci://example.com/f:1
                    cluster: _ # unused
";
    let expected = text
        .replace("envoy.http_connection_manager", "envoy.filters.network.http_connection_manager")
        .replace(
            "Wasm # the plugin\n",
            "Wasm # the plugin\n          - type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC\n",
        )
        .replace("f:1\n", &format!("f:1@sha256:{}\n                    timeout: 30s\n", facts::MANIFEST));
    let (text, what) = fixed(text);
    assert_eq!(text, expected, "{what:?}");
    assert_eq!(what.left, Vec::<String>::new());
    assert!(check(&facts_of(&text)).iter().all(|finding| finding.rule != "L20"));
}

#[test]
fn what_is_shared_or_in_several_lines_is_left_as_it_is() {
    for spec in [
        "spec:\n  url: &image oci://example.com/f:1\n  pluginName: *image\n",
        "spec:\n  url: \"oci://\\\n    example.com/f:1\"\n",
    ] {
        let before = format!("{HEAD}{spec}");
        let (text, what) = fixed(&before);
        assert_eq!(text, before);
        assert!(what.left.iter().any(|line| line.starts_with("L04")), "{what:?}");
    }
}

#[test]
fn a_digest_of_nothing_that_is_known_is_left_as_it_is() {
    let before = format!("{HEAD}spec:\n  url: oci://example.com/f:1\n  sha256: {}\n", "ab".repeat(32));
    assert!(check(&facts_of(&before)).iter().any(|finding| finding.rule == "L02"));
    assert_eq!(fixed(&before).0, before);
}

#[test]
fn two_fixes_of_one_field_go_together() {
    let before = format!("{HEAD}spec:\n  url: localhost:5000/f:1\n");
    let mut facts = facts_of(&before);
    facts.images.insert("localhost:5000/f:1".to_owned(), facts::image());
    let text = fix::apply("file.yaml", &before, &check(&facts)).unwrap().text;
    assert_eq!(text, format!("{HEAD}spec:\n  url: oci://localhost:5000/f:1@sha256:{}\n", facts::MANIFEST));
}
