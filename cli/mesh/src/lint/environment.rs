//! Variables and fields that never arrive: L18 and L21.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Change, Facts, Finding, Level, Rule};
use crate::Kind;

/// What Istio's agent keeps for itself.
const OWN: &str = "ISTIO_META";

pub(super) const L18: Rule = Rule {
    id: "L18",
    level: Level::Error,
    title: "a variable of the environment does not reach the plugin",
    explanation: "\
Istio's agent takes every variable whose name starts with ISTIO_META out of a plugin's environment: istiod uses
such names to tell it of policies and credentials. A variable with `valueFrom: HOST` is copied from the proxy's own
environment, so a value beside it is refused by the API server. Envoy rejects a filter that has one name both in
`key_values` and in `host_env_keys`; a name given twice in a resource is refused before.

Choose another name, and give each variable once.",
    evidence: &["istio/istio: pkg/wasm/convert.go", "envoy: wasm.proto, EnvironmentVariables"],
    check: environment,
};

pub(super) const L21: Rule = Rule {
    id: "L21",
    level: Level::Warning,
    title: "`verificationKey` is ignored",
    explanation: "\
`verificationKey` is in the definition of WasmPlugin since its first version, and no release of Istio does anything with
it: istiod does not send it, and the agent verifies no signature. A resource that has one looks safer than it is.

Verify before deploying (`cargo mesh-filter verify`, or `check --key`), and pin the verified digest. `check --fix` removes the field.",
    evidence: &["istio/istio#32002"],
    check: verification_key,
};

fn environment(facts: &Facts, out: &mut Vec<Finding>) {
    for one in &facts.crates {
        for name in one.environment.iter().filter(|name| name.starts_with(OWN)) {
            let message = format!(
                "`{name}` never reaches the plugin: Istio's agent removes names that start with {OWN}"
            );
            let mut finding = L18.about(&one.manifest, message).help("choose another name");
            finding.place.path = format!("package.metadata.mesh-filter.environment.{name}");
            out.push(finding);
        }
    }
    for subject in facts.plugins() {
        let kind = subject.resource.kind;
        let place = |index: usize, name: &str| match kind {
            Kind::WasmPlugin | Kind::TrafficExtension => subject.path(&format!("vmConfig.env[{index}]")),
            Kind::EnvoyExtensionPolicy => subject.path(&format!("env.hostKeys[{index}]")),
            Kind::EnvoyFilter => {
                subject.envoy_path(&format!("vm_config.environment_variables.key_values.{name}"))
            }
        };
        let mut seen = BTreeSet::new();
        for (index, variable) in subject.declared.environment.iter().enumerate() {
            let path = place(index, &variable.name);
            // In an EnvoyFilter such names are how the agent is told: L20 speaks of them.
            if variable.name.starts_with(OWN) && matches!(kind, Kind::WasmPlugin | Kind::TrafficExtension) {
                let message = format!(
                    "`{}` never reaches the plugin: Istio's agent removes names that start with {OWN}",
                    variable.name
                );
                out.push(L18.at(subject.resource, &path, message).help("choose another name"));
            }
            if !seen.insert(&variable.name) {
                let message = match kind {
                    Kind::EnvoyFilter => format!(
                        "`{}` is in `key_values` and in `host_env_keys`: Envoy rejects the filter",
                        variable.name
                    ),
                    _ => format!("`{}` is there a second time", variable.name),
                };
                out.push(L18.at(subject.resource, &path, message).help("give each variable once"));
            }
            let given = subject.resource.at(&path);
            let from_host =
                given.and_then(|given| given.get("valueFrom")).and_then(Value::as_str) == Some("HOST");
            if from_host && given.is_some_and(|given| given.get("value").is_some()) {
                let message = format!(
                    "`{}` has a value and is to be taken from the proxy's environment: expected one of both",
                    variable.name
                );
                out.push(
                    L18.at(subject.resource, &path, message).help("remove `value` or `valueFrom: HOST`"),
                );
            }
        }
    }
}

fn verification_key(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let path = subject.path("verificationKey");
        let istio = matches!(subject.resource.kind, Kind::WasmPlugin | Kind::TrafficExtension);
        if istio && subject.resource.at(&path).is_some() {
            out.push(
                L21.at(
                    subject.resource,
                    &path,
                    "no release of Istio verifies signatures: the field is ignored",
                )
                .help("verify before deploying, and pin the digest; `check --fix` removes the field")
                .fix(&path, Change::Remove),
            );
        }
    }
}
