//! Which proxies a plugin is for: L11 all of them, L12 none of them, L22 none of their ports.

use serde_json::Value;

use super::{Facts, Finding, Level, Other, Rule};
use crate::{Kind, Resource};

/// The namespace whose resources are for the whole mesh, by default.
pub(super) const ROOT_NAMESPACE: &str = "istio-system";
/// The label of pods that are made for a Gateway of the Gateway API.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
/// The class of Gateways that are waypoints.
const WAYPOINT: &str = "istio-waypoint";

pub(super) const L11: Rule = Rule {
    id: "L11",
    level: Level::Warning,
    title: "a plugin is for a whole namespace or mesh",
    explanation: "\
Without `selector` and `targetRefs` istiod gives the plugin to every proxy of the namespace, sidecars and gateways
alike; an empty selector does the same. In the root namespace (istio-system, if the mesh does not say otherwise)
it is given to every proxy of the mesh. One image that does not load then stops all of their traffic, as the agent denies
requests in its place.

Name workloads with `selector` or gateways with `targetRefs`. With `--yes-mesh-wide` this rule is silent.",
    evidence: &["istio/istio.io#11379"],
    check: wide,
};

pub(super) const L12: Rule = Rule {
    id: "L12",
    level: Level::Error,
    title: "a plugin is attached in a way that its proxies do not look at",
    explanation: "\
istiod never applies a `selector` to a waypoint, and to proxies of other Gateways of the Gateway API only by a
feature flag, which is on by default. Pods without the label gateway.networking.k8s.io/gateway-name, sidecars and
classic gateways, ignore everything with `targetRefs`. Of these, GatewayClass counts in the root namespace only and for
`istio-waypoint` only; Service and ServiceEntry count for waypoints only. The plugin is then nowhere, and nothing says so:
WasmPlugin has no status that tells.

Use `targetRefs` for Gateways and waypoints, `selector` for everything else.",
    evidence: &["istio/istio#51038", "istio/istio#47227", "istio/istio#48273"],
    check: attached,
};

pub(super) const L22: Rule = Rule {
    id: "L22",
    level: Level::Error,
    title: "a `match` never matches",
    explanation: "\
istiod compares `match` with each listener's mode and port. Listeners of gateways are CLIENT, inbound ones of
sidecars and those of waypoints are SERVER. Waypoints build their chains with port 0, so that an entry with `ports`
never matches there. The port of an inbound listener is the container's, that of an outbound one the service's.
What never matches leaves the plugin out, without a word.

Leave `mode` out for gateways and waypoints, and `ports` for waypoints.",
    evidence: &["istio/istio: extensionconfig and policyattachment.go"],
    check: matches,
};

/// What kind of proxies a resource is for, as far as the files tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proxies {
    Gateway,
    Waypoint,
    Sidecar,
    Unknown,
}

fn istio_plugins(facts: &Facts) -> impl Iterator<Item = &Resource> {
    facts
        .resources
        .iter()
        .filter(|resource| matches!(resource.kind, Kind::WasmPlugin | Kind::TrafficExtension))
}

/// The targets of a resource, with their paths.
pub(super) fn targets(resource: &Resource) -> Vec<(String, &Value)> {
    let list = resource.at("spec.targetRefs").and_then(Value::as_array).into_iter().flatten();
    let mut targets: Vec<_> =
        list.enumerate().map(|(index, target)| (format!("spec.targetRefs[{index}]"), target)).collect();
    let one = resource.at("spec.targetRef").map(|target| ("spec.targetRef".to_owned(), target));
    targets.extend(one);
    targets
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn labels(resource: &Resource) -> Option<&serde_json::Map<String, Value>> {
    resource.at("spec.selector.matchLabels").and_then(Value::as_object).filter(|labels| !labels.is_empty())
}

fn wide(facts: &Facts, out: &mut Vec<Finding>) {
    for resource in istio_plugins(facts).filter(|_| !facts.mesh_wide) {
        if labels(resource).is_some() || !targets(resource).is_empty() {
            continue;
        }
        let path = if resource.at("spec.selector").is_some() { "spec.selector" } else { "spec" };
        let message = match resource.namespace() {
            ROOT_NAMESPACE => format!(
                "it is for every proxy of the mesh: it has no selector and no targets, and is in `{ROOT_NAMESPACE}`"
            ),
            namespace => format!(
                "it is for every proxy of the namespace `{namespace}`: it has no selector and no targets"
            ),
        };
        out.push(
            L11.at(resource, path, message)
                .help("name workloads with `selector` or gateways with `targetRefs`; if it is meant so: `--yes-mesh-wide`"),
        );
    }
}

/// What the Gateway of this name is, if it is in the files.
fn gateway(facts: &Facts, namespace: &str, name: &str) -> Proxies {
    let found = facts.others_of("Gateway").find(|other| other.name == name && other.namespace == namespace);
    match found.and_then(|found| found.text("/spec/gatewayClassName")) {
        Some(WAYPOINT) => Proxies::Waypoint,
        Some(_) => Proxies::Gateway,
        None => Proxies::Unknown,
    }
}

fn of_target(facts: &Facts, resource: &Resource, target: &Value) -> Proxies {
    match text(target, "kind") {
        "Gateway" => gateway(facts, resource.namespace(), text(target, "name")),
        "GatewayClass" | "Service" | "ServiceEntry" => Proxies::Waypoint,
        _ => Proxies::Unknown,
    }
}

/// Workloads of the files that the resource's selector selects.
fn selected<'a>(facts: &'a Facts, resource: &'a Resource) -> impl Iterator<Item = &'a Other> {
    let wanted = labels(resource);
    let everywhere = resource.namespace() == ROOT_NAMESPACE;
    facts.others.iter().filter(move |other| {
        let Some(wanted) = wanted else { return false };
        let has = other.pod_labels();
        (everywhere || other.namespace == resource.namespace())
            && has.is_some_and(|has| wanted.iter().all(|(key, value)| has.get(key) == Some(value)))
    })
}

fn of_selector(facts: &Facts, resource: &Resource) -> Proxies {
    let Some(labels) = labels(resource) else { return Proxies::Unknown };
    if let Some(name) = labels.get(GATEWAY_NAME).and_then(Value::as_str) {
        return match gateway(facts, resource.namespace(), name) {
            Proxies::Unknown => Proxies::Gateway,
            known => known,
        };
    }
    let mut workloads = selected(facts, resource).peekable();
    if workloads.peek().is_none() {
        return Proxies::Unknown;
    }
    let gateway_name =
        workloads.find_map(|workload| Some((workload, workload.pod_labels()?.get(GATEWAY_NAME)?.as_str()?)));
    match gateway_name {
        Some((workload, name)) => match gateway(facts, &workload.namespace, name) {
            Proxies::Unknown => Proxies::Gateway,
            known => known,
        },
        // A classic gateway's pods look like a workload's: their mode is that of gateways.
        None if labels.get("istio").and_then(Value::as_str).is_some_and(|name| name.contains("gateway")) => {
            Proxies::Gateway
        }
        None => Proxies::Sidecar,
    }
}

fn attached(facts: &Facts, out: &mut Vec<Finding>) {
    for resource in istio_plugins(facts) {
        let by_label = labels(resource).is_some_and(|labels| labels.contains_key(GATEWAY_NAME));
        let workload = selected(facts, resource)
            .find(|other| other.pod_labels().is_some_and(|has| has.get(GATEWAY_NAME).is_some()));
        if by_label || workload.is_some() {
            let whose = workload.map_or_else(String::new, |other| format!(" `{}`", other.name));
            let help = "use `targetRefs` with the Gateway's name instead";
            out.push(match of_selector(facts, resource) {
                Proxies::Waypoint => {
                    let message = format!("the selector is for a waypoint{whose}: istiod never applies selectors to waypoints");
                    L12.at(resource, "spec.selector", message).help(help)
                }
                _ => {
                    let message = format!(
                        "the selector is for a Gateway of the Gateway API{whose}: istiod applies it by a feature flag only, and never if it is a waypoint"
                    );
                    L12.at(resource, "spec.selector", message).level(Level::Warning).help(help)
                }
            });
        }
        for (path, target) in targets(resource) {
            if let Some((message, help)) = wrong_target(facts, resource, target) {
                out.push(L12.at(resource, &path, message).help(help));
            }
        }
    }
}

/// Why a target is none, and what to do.
fn wrong_target(facts: &Facts, resource: &Resource, target: &Value) -> Option<(String, &'static str)> {
    let (kind, name) = (text(target, "kind"), text(target, "name"));
    match kind {
        "Gateway" | "ServiceEntry" => None,
        "GatewayClass" if resource.namespace() != ROOT_NAMESPACE => Some((
            format!(
                "a GatewayClass is a target in the root namespace only, and the resource is in `{}`",
                resource.namespace()
            ),
            "move the resource to the root namespace, or name the Gateway",
        )),
        "GatewayClass" if name != WAYPOINT => Some((
            format!("the only GatewayClass that is a target is `{WAYPOINT}`, and this is `{name}`"),
            "name the Gateways instead",
        )),
        "GatewayClass" => None,
        "Service" => {
            let service = facts
                .others_of("Service")
                .find(|other| other.name == name && other.namespace == resource.namespace())?;
            let namespace = facts.others_of("Namespace").find(|other| other.name == resource.namespace())?;
            let uses =
                |other: &Other| other.json.pointer("/metadata/labels/istio.io~1use-waypoint").is_some();
            (!uses(service) && !uses(namespace)).then(|| {
                let message = format!("targets that are Services count for waypoints only, and neither `{name}` nor its namespace uses one");
                (message, "use `selector` for sidecars, or label the Service with `istio.io/use-waypoint`")
            })
        }
        _ => Some((
            format!("`{kind}` is no target: expected Gateway, GatewayClass, Service or ServiceEntry"),
            "sidecars ignore targets: name workloads by their labels, in `selector`",
        )),
    }
}

fn matches(facts: &Facts, out: &mut Vec<Finding>) {
    const HELP: &str = "leave it out, or say which other proxies are meant";
    for resource in istio_plugins(facts) {
        let targets = targets(resource);
        let proxies = match targets.first() {
            // Of several the first speaks for all, unless they differ.
            Some((_, first)) => {
                let first = of_target(facts, resource, first);
                let same = targets.iter().all(|(_, target)| of_target(facts, resource, target) == first);
                if same { first } else { Proxies::Unknown }
            }
            None => of_selector(facts, resource),
        };
        let entries = resource.at("spec.match").and_then(Value::as_array).into_iter().flatten();
        for (index, entry) in entries.enumerate() {
            let path = |member: &str| format!("spec.match[{index}].{member}");
            let mode = text(entry, "mode");
            match (proxies, mode) {
                (Proxies::Gateway, "SERVER") => out.push(
                    L22.at(
                        resource,
                        &path("mode"),
                        "`SERVER` never matches a gateway, whose listeners are CLIENT",
                    )
                    .help(HELP),
                ),
                (Proxies::Waypoint, "CLIENT") => out.push(
                    L22.at(
                        resource,
                        &path("mode"),
                        "`CLIENT` never matches a waypoint, whose listeners are SERVER",
                    )
                    .help(HELP),
                ),
                _ => {}
            }
            let ports = entry.get("ports").and_then(Value::as_array).filter(|ports| !ports.is_empty());
            if proxies == Proxies::Waypoint && ports.is_some() {
                let message = "ports never match a waypoint, whose chains are built with port 0";
                out.push(
                    L22.at(resource, &path("ports"), message)
                        .help("leave `ports` out, or target the Service with that port"),
                );
            } else if proxies != Proxies::Gateway {
                for (at, port) in ports.into_iter().flatten().enumerate() {
                    let number = port.get("number").and_then(Value::as_u64);
                    let problem =
                        number.and_then(|number| other_side(facts, resource.namespace(), mode, number));
                    if let Some(problem) = problem {
                        let path = path(&format!("ports[{at}].number"));
                        out.push(
                            L22.at(resource, &path, problem)
                                .level(Level::Info)
                                .help("write the other of both numbers"),
                        );
                    }
                }
            }
        }
    }
}

/// Says so where a number is that of a port's other side, by the Services of the files.
fn other_side(facts: &Facts, namespace: &str, mode: &str, number: u64) -> Option<String> {
    let services = facts.others_of("Service").filter(|service| service.namespace == namespace);
    let ports =
        services.flat_map(|service| service.json.pointer("/spec/ports").and_then(Value::as_array)).flatten();
    let ports: Vec<(u64, u64)> = ports
        .filter_map(|port| {
            let outside = port.get("port")?.as_u64()?;
            Some((outside, port.get("targetPort").map_or(Some(outside), Value::as_u64)?))
        })
        .collect();
    let outside = ports.iter().find(|(outside, _)| *outside == number);
    let inside = ports.iter().find(|(_, inside)| *inside == number);
    match (mode, outside, inside) {
        ("SERVER", Some((_, inside)), None) => Some(format!(
            "{number} is the Service's port, and inbound listeners have the container's, {inside}"
        )),
        ("CLIENT", None, Some((outside, _))) => Some(format!(
            "{number} is the container's port, and outbound listeners have the Service's, {outside}"
        )),
        _ => None,
    }
}
