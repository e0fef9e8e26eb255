//! L20: an `EnvoyFilter` with a plugin in it.

use serde_json::Value;

use super::facts::{camel, either};
use super::{Change, Facts, Finding, Level, Rule};
use crate::{Kind, Product, Resource, Version};

/// The types of filters that Istio's agent may put in a plugin's place, by the end of their names.
const WASM: &str = "filters.http.wasm.v3.Wasm";
const RBAC: &str = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
const NETWORK_WASM: &str = "filters.network.wasm.v3.Wasm";
const NETWORK_RBAC: &str = "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC";
/// Names of filters that Envoy and Istio no longer have, and those that took their place.
const RENAMED: &[(&str, &str)] = &[
    ("envoy.http_connection_manager", "envoy.filters.network.http_connection_manager"),
    ("envoy.tcp_proxy", "envoy.filters.network.tcp_proxy"),
    ("envoy.router", "envoy.filters.http.router"),
    ("envoy.cors", "envoy.filters.http.cors"),
    ("envoy.fault", "envoy.filters.http.fault"),
    ("envoy.ext_authz", "envoy.filters.http.ext_authz"),
];
/// The variable by which an EnvoyFilter hands credentials to the agent.
const SECRET: &str = "ISTIO_META_WASM_IMAGE_PULL_SECRET";

pub(super) const L20: Rule = Rule {
    id: "L20",
    level: Level::Error,
    title: "an EnvoyFilter does not do with a plugin what it seems to",
    explanation: "\
istiod patches Envoy's configuration with what an EnvoyFilter says and checks little of it; the rest shows in proxies.
- The agent answers a failed pull with an RBAC filter. If `type_urls` of `config_discovery` lacks RBAC's type, Envoy
  rejects that answer and keeps what it had: the old plugin, or none.
- With `initial_fetch_timeout: 0s` and no EXTENSION_CONFIG of the same name the listener never leaves warming, and
  the pod never gets ready.
- EXTENSION_CONFIG knows the operation ADD only, and no `match.context`.
- Envoy itself knows no `oci://`: only the agent, which reads EXTENSION_CONFIG. Inline in a filter chain, `remote` needs
  a cluster that is there and a `sha256` that is not empty.
- `http_uri` without a `timeout` gives the agent 5 s for the pull; a WasmPlugin has 30 s.
- Names of filters change: `envoy.router` and its like are gone, and those of plugins are `NS.NAME` up to Istio 1.20,
  `extenstions.istio.io/wasmplugin/NS.NAME` up to 1.25, `extensions.istio.io/wasmplugin/NS.NAME` up to 1.29, and then
  `extensions.istio.io/trafficextension/NS.NAME~istio-translated-wasmplugin`: a patch relative to another name is left out.
- Without `workloadSelector` or `targetRefs` it is for every proxy of the namespace, or of the mesh in the root namespace.
- Relative operations of several EnvoyFilters without `priority` follow creation time (IST0151 of `istioctl analyze`).",
    evidence: &["istio/istio#25217", "istio/istio#53279", "istio/istio#47227", "istio/api#2020"],
    check,
};

/// One patch of a resource.
struct Patch<'a> {
    resource: &'a Resource,
    path: String,
    json: &'a Value,
}

impl Patch<'_> {
    fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn at(&self, rest: &str, message: impl Into<String>) -> Finding {
        L20.at(self.resource, &format!("{}.{rest}", self.path), message)
    }
}

fn patches(resource: &Resource) -> Vec<Patch<'_>> {
    let list = resource.at("spec.configPatches").and_then(Value::as_array).into_iter().flatten();
    let patch = |(index, json)| Patch { resource, path: format!("spec.configPatches[{index}]"), json };
    list.enumerate().map(patch).collect()
}

/// Whether it has to do with plugins at all: others' EnvoyFilters are none of ours.
fn is_ours(patch: &Patch<'_>) -> bool {
    let text = patch.json.to_string();
    [WASM, NETWORK_WASM, ".istio.io/wasmplugin/", ".istio.io/trafficextension/"]
        .iter()
        .any(|mark| text.contains(mark))
}

fn check(facts: &Facts, out: &mut Vec<Finding>) {
    let filters: Vec<_> =
        facts.resources.iter().filter(|resource| resource.kind == Kind::EnvoyFilter).collect();
    let all: Vec<_> = filters.iter().flat_map(|resource| patches(resource)).collect();
    for resource in filters {
        let patches = patches(resource);
        if !patches.iter().any(is_ours) {
            continue;
        }
        whole(facts, resource, &patches, out);
        for patch in &patches {
            names(facts, patch, out);
            match patch.text("/applyTo") {
                "EXTENSION_CONFIG" => extension(patch, &all, out),
                "HTTP_FILTER" | "NETWORK_FILTER" => filter(patch, &all, out),
                _ => {}
            }
        }
    }
}

/// What the resource as a whole lacks.
fn whole(facts: &Facts, resource: &Resource, patches: &[Patch<'_>], out: &mut Vec<Finding>) {
    let selects = resource
        .at("spec.workloadSelector.labels")
        .and_then(Value::as_object)
        .is_some_and(|labels| !labels.is_empty())
        || resource.at("spec.targetRefs").is_some();
    if !selects && !facts.mesh_wide {
        let message = format!(
            "it has no `workloadSelector`: it is for every proxy of the namespace `{}`, or of the mesh if that is the root",
            resource.namespace()
        );
        out.push(
            L20.at(resource, "spec", message)
                .level(Level::Warning)
                .help("name workloads; if it is meant so: `--yes-mesh-wide`"),
        );
    }
    let relative = patches.iter().find(|patch| patch.text("/patch/operation").starts_with("INSERT_"));
    if let Some(patch) = relative.filter(|_| resource.at("spec.priority").is_none()) {
        let message = format!(
            "`{}` without `priority`: several such EnvoyFilters follow the time of their creation",
            patch.text("/patch/operation")
        );
        out.push(
            patch
                .at("patch.operation", message)
                .level(Level::Warning)
                .help("write `priority: 10`, or another number, into `spec`"),
        );
    }
}

/// Names that no proxy has, or not in each release.
fn names(facts: &Facts, patch: &Patch<'_>, out: &mut Vec<Finding>) {
    const FILTER: &str = "match.listener.filterChain.filter";
    for path in [format!("{FILTER}.name"), format!("{FILTER}.subFilter.name")] {
        let name = patch.text(&format!("/{}", path.replace('.', "/")));
        if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
            let at = format!("{}.{path}", patch.path);
            out.push(
                patch
                    .at(&path, format!("no proxy has a filter named `{name}`: the patch is left out"))
                    .help(format!("write `{new}`; `check --fix` does"))
                    .fix(&at, Change::Set((*new).to_owned())),
            );
        }
        for istio in facts.versions(Product::Istio) {
            if let Some(right) = plugin_name(name, istio).filter(|right| right != name) {
                let message = format!(
                    "Istio {istio} names the plugin's filter `{right}`, and not `{name}`: the patch is left out"
                );
                out.push(
                    patch
                        .at(&path, message)
                        .help("name a filter that all releases have, such as `envoy.filters.http.router`"),
                );
            }
        }
    }
}

/// The name that a release has for the filter of a WasmPlugin, given one of another.
fn plugin_name(name: &str, istio: Version) -> Option<String> {
    let plugin = ["extenstions.istio.io/wasmplugin/", "extensions.istio.io/wasmplugin/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    let translated = || {
        name.strip_prefix("extensions.istio.io/trafficextension/")?
            .strip_suffix("~istio-translated-wasmplugin")
    };
    let plugin = plugin.or_else(translated)?;
    Some(match istio.minor {
        ..=20 => plugin.to_owned(),
        21..=25 => format!("extenstions.istio.io/wasmplugin/{plugin}"),
        26..=29 => format!("extensions.istio.io/wasmplugin/{plugin}"),
        _ => format!("extensions.istio.io/trafficextension/{plugin}~istio-translated-wasmplugin"),
    })
}

/// A plugin's configuration that the agent fetches for.
fn extension(patch: &Patch<'_>, all: &[Patch<'_>], out: &mut Vec<Finding>) {
    let operation = patch.text("/patch/operation");
    if operation != "ADD" {
        let message = format!(
            "EXTENSION_CONFIG knows the operation ADD only, and not `{operation}`: the patch has no effect"
        );
        let mut finding = patch.at("patch.operation", message).help("write `ADD`");
        if !operation.is_empty() {
            finding = finding.fix(&format!("{}.patch.operation", patch.path), Change::Set("ADD".to_owned()));
        }
        out.push(finding);
    }
    if patch.json.pointer("/match/context").is_some() {
        let message = "EXTENSION_CONFIG ignores `context`: the filter that asks for it decides";
        out.push(patch.at("match.context", message).level(Level::Info).help("leave `match` out"));
    }
    let name = patch.text("/patch/value/name");
    let same = all.iter().filter(|other| {
        other.text("/applyTo") == "EXTENSION_CONFIG" && other.text("/patch/value/name") == name
    });
    if same.count() > 1 {
        let message = format!("`{name}` is the name of several configurations: a proxy takes one of them");
        out.push(
            patch
                .at("patch.value.name", message)
                .help("give each a name of its own, such as `NAMESPACE/NAME`"),
        );
    }
    let Some((path, vm)) = vm(patch) else { return };
    let Some((path, http)) = step(vm, &path, "code").and_then(|(path, code)| remote(code, &path)) else {
        return;
    };
    if http.get("uri").is_some() && http.get("timeout").is_none() {
        let change =
            Change::Insert { after: "uri".to_owned(), key: "timeout".to_owned(), value: "30s".to_owned() };
        let finding = L20.at(
            patch.resource,
            &path,
            "no `timeout`: the agent gives the pull 5 s, where a WasmPlugin has 30 s",
        );
        out.push(
            finding.level(Level::Warning).help("write `timeout: 30s`; `check --fix` does").fix(&path, change),
        );
    }
    let values = either(vm, "environment_variables").and_then(|variables| either(variables, "key_values"));
    if values.is_some_and(|values| values.get(SECRET).is_some()) {
        let message = format!(
            "`{SECRET}` has the registry's credentials in clear: whoever may read the EnvoyFilter has them"
        );
        out.push(
            patch
                .at("patch.value", message)
                .level(Level::Warning)
                .help("use a WasmPlugin with `imagePullSecret`, or an image that needs no credentials"),
        );
    }
}

/// A member of a message by either spelling, with its path.
fn step<'a>(value: &'a Value, path: &str, name: &str) -> Option<(String, &'a Value)> {
    let key = [name.to_owned(), camel(name)].into_iter().find(|key| value.get(key.as_str()).is_some())?;
    Some((format!("{path}.{key}"), value.get(key.as_str())?))
}

/// The `http_uri` of remote code.
fn remote<'a>(code: &'a Value, path: &str) -> Option<(String, &'a Value)> {
    let (path, remote) = step(code, path, "remote")?;
    step(remote, &path, "http_uri")
}

/// The VM's configuration of the filter in a patch.
fn vm<'a>(patch: &Patch<'a>) -> Option<(String, &'a Value)> {
    let value = patch.json.pointer("/patch/value")?;
    let (mut path, mut filter) = step(value, &format!("{}.patch.value", patch.path), "typed_config")?;
    if let Some(inner) = step(filter, &path, "value") {
        (path, filter) = inner;
    }
    let (path, config) = step(filter, &path, "config")?;
    step(config, &path, "vm_config")
}

/// A filter of a chain: one that asks for its configuration, or one with the plugin in it.
fn filter(patch: &Patch<'_>, all: &[Patch<'_>], out: &mut Vec<Finding>) {
    let Some(value) = patch.json.pointer("/patch/value") else { return };
    if let Some((path, discovery)) = step(value, &format!("{}.patch.value", patch.path), "config_discovery") {
        discovered(patch, all, value, (&path, discovery), out);
    }
    let Some((path, vm)) = vm(patch) else { return };
    let Some((code_path, code)) = step(vm, &path, "code") else { return };
    let Some((http_path, http)) = remote(code, &code_path) else { return };
    let text = |key: &str| http.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut wrong =
        |path: &str, message: String, help: &str| out.push(L20.at(patch.resource, path, message).help(help));
    let uri = text("uri");
    if uri.starts_with("oci://") {
        let message = "Envoy knows no `oci://`: only Istio's agent does, and it reads EXTENSION_CONFIG alone"
            .to_owned();
        wrong(
            &format!("{http_path}.uri"),
            message,
            "move the configuration to a patch of EXTENSION_CONFIG, with `config_discovery` in its place",
        );
        return;
    }
    if matches!(text("cluster"), "" | "_") {
        let message = format!("Envoy fetches `{uri}` itself, through a cluster that has to be there");
        wrong(
            &format!("{http_path}.cluster"),
            message,
            "name a cluster, such as `outbound|443||HOST`, or add one with a patch of CLUSTER",
        );
    }
    let remote = step(code, &code_path, "remote");
    let digest = remote.as_ref().and_then(|(_, remote)| remote.get("sha256")).and_then(Value::as_str);
    if let Some((path, _)) = remote.filter(|_| digest.is_none_or(str::is_empty)) {
        let message = "Envoy rejects remote code with an empty `sha256`".to_owned();
        wrong(
            &format!("{path}.sha256"),
            message,
            "write the module's digest: `cargo mesh-filter inspect FILE` shows it",
        );
    }
}

/// A filter that asks for its configuration by name.
fn discovered(
    patch: &Patch<'_>,
    all: &[Patch<'_>],
    value: &Value,
    (path, discovery): (&str, &Value),
    out: &mut Vec<Finding>,
) {
    let types = step(discovery, path, "type_urls");
    let listed: Vec<&str> =
        types.iter().filter_map(|(_, types)| types.as_array()).flatten().filter_map(Value::as_str).collect();
    for (wasm, rbac) in [(WASM, RBAC), (NETWORK_WASM, NETWORK_RBAC)] {
        let asks = listed.iter().any(|url| url.ends_with(wasm));
        if let Some((path, _)) = types.as_ref().filter(|_| asks && !listed.contains(&rbac)) {
            let message = format!(
                "`{rbac}` is missing: Envoy rejects the filter that the agent sends after a failed pull"
            );
            out.push(
                L20.at(patch.resource, path, message)
                    .help("add the type; `check --fix` does")
                    .fix(path, Change::Append(rbac.to_owned())),
            );
        }
    }
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    let is_there = all
        .iter()
        .any(|other| other.text("/applyTo") == "EXTENSION_CONFIG" && other.text("/patch/value/name") == name);
    if !is_there {
        let source = either(discovery, "config_source");
        let timeout =
            source.and_then(|source| either(source, "initial_fetch_timeout")).and_then(Value::as_str);
        let then = match timeout {
            Some("0s") => "with `initial_fetch_timeout: 0s` the listener never leaves warming",
            _ => "after 15 s the listener is there without the plugin",
        };
        let mut known: Vec<_> = all
            .iter()
            .filter(|other| other.text("/applyTo") == "EXTENSION_CONFIG")
            .map(|other| format!("`{}`", other.text("/patch/value/name")))
            .collect();
        known.dedup();
        let known =
            if known.is_empty() { String::new() } else { format!("; the files have {}", known.join(", ")) };
        let message = format!("no EXTENSION_CONFIG is named `{name}`{known}: {then}");
        out.push(patch.at("patch.value.name", message).help("give both patches the same name"));
    }
}
