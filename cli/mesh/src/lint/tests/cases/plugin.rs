//! What a plugin is given, and where in the chain it is.

use super::*;
use crate::lint::Image;

fn istio(facts: &mut Facts, version: &str) {
    facts.targets = vec![format!("istio={version}").parse().unwrap()];
}

/// The image of the plugin that is pinned.
fn with_image(facts: &mut Facts, change: impl FnOnce(&mut Image)) {
    let mut image = super::super::facts::image();
    change(&mut image);
    let digest = super::super::facts::MANIFEST;
    facts.images.insert(format!("example.com/f:1@sha256:{digest}"), image);
}

/// The same, with nothing changed.
fn known(facts: &mut Facts) {
    with_image(facts, |_| ());
}

fn phase(facts: &mut Facts, phase: &str) {
    with_image(facts, |image| {
        image.loaded.as_mut().unwrap().plugin.as_mut().unwrap().phase = Some(phase.to_owned());
    });
}

fn policy(name: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata: {{name: {name}}}\nspec:\n  \
         targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: gate}}]\n{rest}\n"
    )
}

fn secret(namespace: &str, kind: &str, config: &str) -> String {
    let rest = format!("type: {kind}\nstringData: {{.dockerconfigjson: '{config}'}}");
    plugin("imagePullSecret: pull") + &other("Secret", "pull", namespace, &rest)
}

pub(super) fn cases() -> Vec<Case> {
    const TYPE: &str = "kubernetes.io/dockerconfigjson";
    const RIGHT: &str = r#"{"auths": {"https://example.com/v1/": {"auth": "dTpw"}}}"#;
    let wasm = |rest: &str| format!("  wasm:\n  - {{name: a, rootID: root, {rest}}}");
    const IMAGE: &str = "code: {type: Image, image: {url: 'example.com/f:1'}}";
    let second = |lines: &str| plugin(lines).replace("name: one", "name: two");
    let extension = "apiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata: {name: one}\nspec: {selector: {matchLabels: {a: b}}, wasm: {url: 'https://example.com/f.wasm'}}\n";
    vec![
        with(found("L06", plugin("pluginName: other")), known),
        with(found("L06", plugin("pluginName: ''")), known),
        with(silent("L06", plugin("pluginName: root")), known),
        with(found("L07", plugin("pluginConfig: {a: text}")), known),
        with(found("L07", plugin("pluginConfig: {b: 1}")), known),
        with(found("L07", plugin("pluginConfig: {big: {in: [9007199254740993]}}")), known),
        with(found("L07", plugin("pluginConfig: {_rules_: []}")), known),
        with(silent("L07", plugin("pluginConfig: {a: 1, big: 9007199254740992}")), known),
        with(found("L13", plugin("phase: AUTHN")), |facts| phase(facts, "authz")),
        with(found("L13", plugin("phase: AUTHN")), |facts| {
            with_image(facts, |image| image.loaded.as_mut().unwrap().module.reads_claims = true);
        }),
        found(
            "L13",
            plugin("phase: AUTHN") + &other("AuthorizationPolicy", "ext", "shop", "spec: {action: CUSTOM}"),
        ),
        found(
            "L13",
            plugin("phase: AUTHZ")
                + &other("VirtualService", "v", "shop", "spec: {http: [{corsPolicy: {}}]}"),
        ),
        silent(
            "L13",
            plugin("phase: AUTHZ") + &other("AuthorizationPolicy", "ext", "shop", "spec: {action: CUSTOM}"),
        ),
        with(silent("L13", plugin("phase: AUTHN")), |facts| phase(facts, "authn")),
        found("L14", plugin("phase: AUTHN\npriority: -5") + "---\n" + &second("phase: AUTHN")),
        silent("L14", plugin("phase: AUTHN\npriority: -5") + "---\n" + &second("phase: AUTHZ")),
        silent("L14", plugin("phase: AUTHN") + "---\n" + &second("phase: AUTHN")),
        found("L15", plugin("phase: AUTHN\nfailStrategy: FAIL_OPEN")),
        silent("L15", plugin("phase: STATS\nfailStrategy: FAIL_OPEN")),
        silent("L15", plugin("phase: AUTHN\nfailStrategy: FAIL_CLOSE")),
        with(found("L16", plugin("failStrategy: FAIL_RELOAD")), |facts| istio(facts, "1.26")),
        with(silent("L16", plugin("failStrategy: FAIL_RELOAD")), |facts| istio(facts, "1.27")),
        with(found("L16", extension.to_owned()), |facts| istio(facts, "1.29")),
        with(silent("L16", extension.to_owned()), |facts| istio(facts, "1.30")),
        found("L17", secret("other", TYPE, RIGHT)),
        found("L17", secret("shop", "Opaque", RIGHT)),
        found("L17", secret("shop", TYPE, r#"{"credsStore": "desktop"}"#)),
        found("L17", secret("shop", TYPE, r#"{"auths": {"ghcr.io": {"auth": "dTpw"}}}"#)),
        found("L17", secret("shop", TYPE, "{")),
        found("L17", plugin("imagePullSecret: pull")),
        found(
            "L17",
            secret("shop", TYPE, r#"{"auths": {"docker.io": {"auth": "dTpw"}}}"#)
                .replace("oci://example.com/f", "oci://team/f"),
        ),
        silent(
            "L17",
            secret("shop", TYPE, r#"{"auths": {"https://index.docker.io/v1/": {"auth": "dTpw"}}}"#)
                .replace("oci://example.com/f", "oci://team/f"),
        ),
        silent("L17", secret("shop", TYPE, RIGHT)),
        found("L18", plugin("vmConfig: {env: [{name: ISTIO_META_X, value: a}]}")),
        found("L18", plugin("vmConfig: {env: [{name: A, value: a, valueFrom: HOST}]}")),
        found("L18", plugin("vmConfig: {env: [{name: A, value: a}, {name: A, value: b}]}")),
        silent("L18", plugin("vmConfig: {env: [{name: A, value: a}, {name: B, valueFrom: HOST}]}")),
        found("L21", plugin("verificationKey: abc")),
        silent("L21", plugin("")),
        found("L23", policy("a", &wasm(IMAGE)) + &policy("b", &wasm(IMAGE))),
        found(
            "L23",
            policy(
                "a",
                &(wasm(&format!("failOpen: true, {IMAGE}"))
                    + "\n  extProc: [{backendRefs: [{name: x, port: 1}]}]"),
            ),
        ),
        found("L23", policy("a", &wasm("code: {type: HTTP, http: {url: 'oci://example.com/f:1'}}"))),
        found("L23", policy("a", &wasm("code: {type: Image, image: {url: 'https://example.com/f.wasm'}}"))),
        silent(
            "L23",
            policy("a", &wasm(IMAGE)) + &policy("b", &wasm(IMAGE)).replace("name: gate", "name: other"),
        ),
    ]
}
