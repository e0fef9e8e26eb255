//! L16: what a release does not know yet.

use super::facts::either;
use super::{Facts, Finding, Level, Rule};
use crate::declared::FailurePolicy;
use crate::{Kind, Product, Target, Version};

pub(super) const L16: Rule = Rule {
    id: "L16",
    level: Level::Error,
    title: "a release does not know what a resource says",
    explanation: "\
What a release of Istio or Envoy does not know, it refuses or, worse, ignores. `FAIL_RELOAD` exists from Istio 1.27
on: API servers with older definitions refuse it. `TrafficExtension` exists from 1.30 on; istiod before it never
reads one. `targetRefs` of an EnvoyFilter are in the definition since 1.24, and istiod honours them from 1.27 on only:
before, the filter applies to every proxy of its namespace. `allow_on_headers_stop_iteration` is of Envoy 1.35 (Istio
1.27): older ones reject the filter for an unknown field, and the listener keeps its old configuration.

Name the releases that you run with `--target`, or write what all of them know.",
    evidence: &["istio/istio#56417", "Kuadrant/kuadrant-operator#2171"],
    check,
};

/// The release of Envoy in a product's proxies, where it is known.
pub(super) fn envoy_of(target: Target) -> Option<Version> {
    /// Istio 1.n has Envoy 1.(n + 8), since Istio 1.20.
    const ISTIO_AHEAD: u16 = 8;
    let Version { major, minor } = target.version;
    match target.product {
        Product::Envoy => Some(target.version),
        Product::Istio if major == 1 && minor >= 20 => Some(Version::new(1, minor + ISTIO_AHEAD)),
        Product::Istio => None,
        // Envoy Gateway 1.2 has Envoy 1.32, and each release the next one.
        Product::EnvoyGateway if major == 1 && (2..=9).contains(&minor) => Some(Version::new(1, minor + 30)),
        Product::EnvoyGateway => None,
    }
}

fn check(facts: &Facts, out: &mut Vec<Finding>) {
    for istio in facts.versions(Product::Istio) {
        for resource in &facts.resources {
            if resource.kind == Kind::TrafficExtension && istio < Version::new(1, 30) {
                out.push(
                    L16.at(
                        resource,
                        "kind",
                        format!("Istio {istio} has no TrafficExtension: it came with 1.30"),
                    )
                    .help("write a WasmPlugin, which later releases read too"),
                );
            }
            if resource.kind == Kind::EnvoyFilter
                && resource.at("spec.targetRefs").is_some()
                && istio < Version::new(1, 27)
            {
                let what = if istio < Version::new(1, 24) { "does not know" } else { "ignores" };
                let message = format!(
                    "Istio {istio} {what} `targetRefs` of an EnvoyFilter: it applies to the whole namespace"
                );
                out.push(
                    L16.at(resource, "spec.targetRefs", message)
                        .help("use `workloadSelector`, or Istio 1.27 or later"),
                );
            }
        }
        for subject in facts.plugins().filter(|subject| subject.resource.kind != Kind::EnvoyExtensionPolicy) {
            let is_filter = subject.resource.kind == Kind::EnvoyFilter;
            let failure_path =
                if is_filter { subject.envoy_path("failure_policy") } else { subject.path("failStrategy") };
            if subject.declared.failure == FailurePolicy::Reload && istio < Version::new(1, 27) {
                out.push(
                    L16.at(
                        subject.resource,
                        &failure_path,
                        format!("Istio {istio} has no FAIL_RELOAD: it came with 1.27"),
                    )
                    .help("use FAIL_CLOSE or FAIL_OPEN"),
                );
            }
            let policy = subject.resource.at(&failure_path).is_some();
            if is_filter
                && policy
                && subject.declared.failure != FailurePolicy::Reload
                && istio < Version::new(1, 25)
            {
                let message =
                    format!("the proxies of Istio {istio} have no `failure_policy`: it came with 1.25");
                out.push(L16.at(subject.resource, &failure_path, message).help("use `fail_open`"));
            }
            if subject.declared.hold_headers && istio < Version::new(1, 27) {
                let path = subject.envoy_path("allow_on_headers_stop_iteration");
                let message = format!(
                    "the proxies of Istio {istio} reject `allow_on_headers_stop_iteration`: it came with Envoy 1.35, in Istio 1.27"
                );
                out.push(
                    L16.at(subject.resource, &path, message)
                        .help("do without it, or use Istio 1.27 or later"),
                );
            }
        }
    }
    for resource in facts.resources.iter().filter(|resource| resource.kind == Kind::EnvoyExtensionPolicy) {
        let wasm = resource.at("spec.wasm").and_then(serde_json::Value::as_array).into_iter().flatten();
        for (index, wasm) in wasm.enumerate() {
            let own = wasm.pointer("/code/image").and_then(|image| either(image, "tls"));
            for gateway in facts.versions(Product::EnvoyGateway).filter(|_| own.is_some()) {
                if gateway < Version::new(1, 8) {
                    let path = format!("spec.wasm[{index}].code.image.tls");
                    let message = format!("Envoy Gateway {gateway} has no `tls` of images: it came with 1.8");
                    out.push(
                        L16.at(resource, &path, message).help("use a registry with a public certificate"),
                    );
                }
            }
        }
    }
}
