//! Asking proxies what they have loaded: the sidecars and gateways of a cluster, or Envoys with an admin address.

use std::collections::BTreeMap;
use std::time::Duration;

use mesh_filter_mesh::loaded::{self, Filter, State};
use mesh_filter_mesh::{Kind, Resource};
use serde::Serialize;
use serde_json::Value;

use super::kubectl::Kubectl;
use crate::failure::{Failure, Result};

/// The container with Envoy, and its agent's words that ask it.
const CONTAINER: &str = "istio-proxy";
const ASK: [&str; 4] = ["pilot-agent", "request", "GET", "config_dump"];
/// The label of the pods of a gateway, and that of waypoints.
const GATEWAY: &str = "gateway.networking.k8s.io/gateway-name";
const WAYPOINT: (&str, &str) = ("gateway.istio.io/managed", "istio.io-mesh-controller");
/// How long an admin address may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest dump that is read, in bytes: a proxy of a large mesh has tens of MiB.
const LARGEST_DUMP: u64 = 512 * 1024 * 1024;

/// A plugin in a proxy.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Pod or address.
    pub(crate) proxy: String,
    pub(crate) plugin: String,
    /// Nothing where the proxy could not be asked.
    pub(crate) state: Option<State>,
    pub(crate) digest: Option<String>,
    pub(crate) wanted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// A proxy that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Proxy {
    Pod { namespace: String, name: String },
    Admin(String),
}

/// What a proxy answered.
pub(crate) type Dumps = BTreeMap<Proxy, std::result::Result<BTreeMap<String, Filter>, String>>;

impl Proxy {
    fn name(&self) -> String {
        match self {
            Self::Pod { namespace, name } => format!("{namespace}/{name}"),
            Self::Admin(address) => address.clone(),
        }
    }

    /// Its filters, or why they are unknown.
    pub(crate) fn ask(
        &self,
        kubectl: &Kubectl,
    ) -> Result<std::result::Result<BTreeMap<String, Filter>, String>> {
        let dump = match self {
            Self::Pod { namespace, name } => {
                let mut words = vec!["exec", name, "--namespace", namespace, "--container", CONTAINER, "--"];
                words.extend(ASK);
                let ended = kubectl.call(&words, None)?;
                if ended.ok { Ok(ended.out) } else { Err(ended.err) }
            }
            Self::Admin(address) => dump_of(address).map_err(|error| error.to_string()),
        };
        Ok(dump.and_then(|dump| loaded::filters(&dump).map_err(|error| error.to_string())))
    }
}

fn dump_of(address: &str) -> std::result::Result<Vec<u8>, ureq::Error> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None).build().into();
    let mut response = agent.get(format!("http://{address}/config_dump")).call()?;
    response.body_mut().with_config().limit(LARGEST_DUMP).read_to_vec()
}

/// The running proxies that a resource is for.
pub(crate) fn pods(kubectl: &Kubectl, resource: &Resource, root: &str) -> Result<Vec<Proxy>> {
    let selector = selector(resource);
    let mut words = vec!["get", "pods", "--output=json"];
    if let Some(selector) = &selector {
        words.extend(["--selector", selector]);
    }
    if resource.namespace() == root {
        words.push("--all-namespaces");
    } else {
        words.extend(["--namespace", resource.namespace()]);
    }
    let out = kubectl.run("list pods", &words, None)?;
    let list: Value = serde_json::from_slice(&out)
        .map_err(|error| Failure::failed("kubectl's list of pods is no JSON").because(&error))?;
    let mut found = Vec::new();
    for pod in list.get("items").and_then(Value::as_array).into_iter().flatten() {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let label =
            |name: &str| pod.pointer("/metadata/labels").and_then(|labels| labels.get(name)?.as_str());
        let containers = ["containers", "initContainers"];
        let mut containers =
            containers.iter().filter_map(|key| pod.pointer(&format!("/spec/{key}"))?.as_array()).flatten();
        let is_proxy = containers.any(|one| one.get("name").and_then(Value::as_str) == Some(CONTAINER));
        // Waypoints take no plugins by labels.
        let is_other =
            label(GATEWAY).is_some() && label(WAYPOINT.0) == Some(WAYPOINT.1) && !has_targets(resource);
        if is_proxy && !is_other && text("/status/phase") == "Running" {
            found.push(Proxy::Pod {
                namespace: text("/metadata/namespace").to_owned(),
                name: text("/metadata/name").to_owned(),
            });
        }
    }
    Ok(found)
}

fn has_targets(resource: &Resource) -> bool {
    resource.at("spec.targetRefs").or_else(|| resource.at("spec.targetRef")).is_some()
}

/// The labels of the pods that a resource is for; nothing for all of its namespace.
fn selector(resource: &Resource) -> Option<String> {
    if let Some(targets) = resource.at("spec.targetRefs").and_then(Value::as_array) {
        let names: Vec<_> = targets.iter().filter_map(|target| target.get("name")?.as_str()).collect();
        return Some(format!("{GATEWAY} in ({})", names.join(",")));
    }
    let path = if resource.kind == Kind::EnvoyFilter {
        "spec.workloadSelector.labels"
    } else {
        "spec.selector.matchLabels"
    };
    let labels = resource.at(path)?.as_object()?;
    let pairs: Vec<_> =
        labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    Some(pairs.join(","))
}

/// The rows of a resource.
pub(crate) fn rows(resource: &Resource, proxies: &[Proxy], dumps: &Dumps) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, plugin) in resource.declared().iter().enumerate() {
        let names = resource.filter_names(plugin, index);
        let title = format!("{} {}/{}", resource.kind, resource.namespace(), resource.name);
        for proxy in proxies {
            let (state, digest, problem) = match dumps.get(proxy) {
                Some(Ok(filters)) => {
                    let (state, digest) = plugin.state(&names, filters);
                    (Some(state), digest, None)
                }
                Some(Err(problem)) => (None, None, Some(problem.clone())),
                None => (None, None, Some("it was not asked".to_owned())),
            };
            let wanted = plugin.pinned_by().map(str::to_owned);
            rows.push(Row { proxy: proxy.name(), plugin: title.clone(), state, digest, wanted, problem });
        }
    }
    rows
}
