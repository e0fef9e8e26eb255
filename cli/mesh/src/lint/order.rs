//! Where in the chain: L13 what a phase does not give, L14 priorities, L15 what a failure lets pass.

use super::attachment::ROOT_NAMESPACE;
use super::facts::Subject;
use super::{Facts, Finding, Level, Rule};
use crate::Kind;
use crate::declared::{FailurePolicy, Phase};

pub(super) const L13: Rule = Rule {
    id: "L13",
    level: Level::Warning,
    title: "a phase is not where the plugin wants to be",
    explanation: "\
Istio's chain is: metadata exchange, CUSTOM authorization (ext_authz), AUTHN plugins, JWT authentication, AUTHZ
plugins, authorization, STATS plugins, plugins without a phase, ..., fault, CORS, telemetry, router. So claims of a JWT
are not there yet in AUTHN; no phase comes before ext_authz; and none comes after CORS, so that preflights (OPTIONS, without
credentials) meet a plugin of AUTHN or AUTHZ before CORS answers them.

Choose AUTHZ or later to read claims. What has to come before ext_authz or after CORS needs an EnvoyFilter.",
    evidence: &["istio/istio#45511", "istio/istio#52509"],
    check: phase,
};

pub(super) const L14: Rule = Rule {
    id: "L14",
    level: Level::Warning,
    title: "of the plugins of a phase, one has a priority and one has none",
    explanation: "\
istiod sorts the plugins of a phase by descending priority. One without a priority counts as the least integer there is,
and not as 0 as the documentation of the field has it: a plugin with -5 runs before it. Plugins with the same
priority follow their creation, then their names.

Give each plugin of the phase a priority.",
    evidence: &["istio/istio: pilot/pkg/model/extensions.go"],
    check: priority,
};

pub(super) const L15: Rule = Rule {
    id: "L15",
    level: Level::Warning,
    title: "a plugin for authentication or authorization lets requests pass when it fails",
    explanation: "\
With FAIL_OPEN, Envoy leaves the plugin out once its VM has trapped, and Istio's agent puts a filter that allows
everything in its place when the image cannot be pulled. In the phases AUTHN and AUTHZ that is an open door: whoever makes
the plugin crash, or its registry fail, is no longer asked for credentials.

Use FAIL_CLOSE, or FAIL_RELOAD from Istio 1.27 on, with which Envoy starts a new VM.",
    evidence: &["istio/api: WasmPlugin, failStrategy"],
    check: open_door,
};

fn of_istio<'a>(facts: &'a Facts) -> impl Iterator<Item = Subject<'a>> {
    facts
        .plugins()
        .filter(|subject| matches!(subject.resource.kind, Kind::WasmPlugin | Kind::TrafficExtension))
}

/// The place of a field of both kinds that has the same name in both.
const PHASE: &str = "spec.phase";
const PRIORITY: &str = "spec.priority";

fn phase(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in of_istio(facts) {
        let phase = subject.declared.phase;
        let mut warn =
            |message: String, help: &str| out.push(L13.at(subject.resource, PHASE, message).help(help));
        let loaded = subject.image.and_then(|image| image.loaded.as_ref());
        let wanted =
            loaded.and_then(|loaded| loaded.plugin.as_ref()).and_then(|plugin| plugin.phase.as_deref());
        let wanted = wanted.and_then(named);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != phase) {
            warn(
                format!(
                    "the image says that its plugin belongs into {}, and it is to run in {}",
                    name(wanted),
                    name(phase)
                ),
                "write the phase of the image, unless you know why not",
            );
        }
        if phase == Phase::Authn
            && wanted != Some(Phase::Authn)
            && loaded.is_some_and(|loaded| loaded.module.reads_claims)
        {
            warn(
                "the module reads what JWT authentication leaves, and AUTHN runs before it".to_owned(),
                "use AUTHZ or a later phase",
            );
        }
        let here = |namespace: &str| namespace == ROOT_NAMESPACE || namespace == subject.resource.namespace();
        let mut policies = facts.others_of("AuthorizationPolicy").filter(|other| here(&other.namespace));
        let custom = policies.find(|other| other.text("/spec/action") == Some("CUSTOM"));
        if let Some(custom) = custom.filter(|_| phase == Phase::Authn) {
            warn(
                format!(
                    "the AuthorizationPolicy `{}` is CUSTOM, which runs before AUTHN and every other phase",
                    custom.name
                ),
                "if the plugin has to come first, insert it with an EnvoyFilter",
            );
        }
        let mut routes = facts.others_of("VirtualService").filter(|other| here(&other.namespace));
        let cors = routes.find(|other| has_cors(&other.json));
        if let Some(cors) = cors.filter(|_| matches!(phase, Phase::Authn | Phase::Authz)) {
            warn(
                format!(
                    "the VirtualService `{}` has a `corsPolicy`, and CORS comes after all phases: the plugin meets preflights without credentials",
                    cors.name
                ),
                "let the plugin pass OPTIONS with `access-control-request-method`, or answer CORS before the gateway",
            );
        }
    }
}

fn has_cors(json: &serde_json::Value) -> bool {
    let routes = json.pointer("/spec/http").and_then(serde_json::Value::as_array);
    routes.into_iter().flatten().any(|route| route.get("corsPolicy").is_some())
}

fn named(phase: &str) -> Option<Phase> {
    match phase {
        "authn" => Some(Phase::Authn),
        "authz" => Some(Phase::Authz),
        "stats" => Some(Phase::Stats),
        _ => None,
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Authn => "AUTHN",
        Phase::Authz => "AUTHZ",
        Phase::Stats => "STATS",
        Phase::Unspecified => "no phase",
    }
}

fn priority(facts: &Facts, out: &mut Vec<Finding>) {
    let all: Vec<_> = of_istio(facts).collect();
    for subject in all.iter().filter(|subject| subject.declared.priority.is_none()) {
        let meets = |other: &&Subject<'_>| {
            let (here, there) = (subject.resource.namespace(), other.resource.namespace());
            other.declared.priority.is_some()
                && other.declared.phase == subject.declared.phase
                && other.declared.network == subject.declared.network
                && (here == there || [here, there].contains(&ROOT_NAMESPACE))
        };
        if let Some(other) = all.iter().find(meets) {
            let message = format!(
                "it has no priority and runs after `{}`, which has {}: no priority is the least of all, and not 0",
                other.resource.name,
                other.declared.priority.unwrap_or_default()
            );
            out.push(
                L14.at(subject.resource, PRIORITY, message).help("give each plugin of the phase a priority"),
            );
        }
    }
}

fn open_door(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let guards = matches!(subject.declared.phase, Phase::Authn | Phase::Authz);
        if guards && subject.declared.failure == FailurePolicy::Open {
            let path = match subject.resource.kind {
                Kind::EnvoyFilter => subject.envoy_path("failure_policy"),
                _ => subject.path("failStrategy"),
            };
            let message = format!(
                "a failure of the plugin lets every request pass, in the phase {}",
                name(subject.declared.phase)
            );
            out.push(
                L15.at(subject.resource, &path, message)
                    .help("use FAIL_CLOSE, or FAIL_RELOAD from Istio 1.27 on"),
            );
        }
    }
}
