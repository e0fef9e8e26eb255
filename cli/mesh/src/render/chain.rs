//! The order in which a proxy runs the plugins of several resources.

use mesh_filter_runtime::document::Result;
use serde_json::Value;

use crate::declared::{Declared, Phase};
use crate::{Kind, Resource};

/// Who brings a plugin's module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetcher {
    /// Istio's agent beside the proxy.
    Agent,
    /// Envoy Gateway, for all its proxies.
    Gateway,
    /// Envoy itself, which knows no images.
    Envoy,
}

/// A plugin in its place.
#[derive(Debug, Clone)]
pub struct Link<'a> {
    /// The resource that declares it.
    pub resource: &'a Resource,
    /// What it declares.
    pub declared: Declared,
    /// Who brings its module.
    pub fetcher: Fetcher,
    /// The filter of an `EnvoyFilter`'s patch, as it stands there.
    pub patch: Option<&'a Value>,
    /// What is discovered where the filter has no configuration of its own.
    pub extension: Option<&'a Value>,
}

/// The plugins for HTTP in the order of requests.
///
/// Istio: by phase, then by priority, the highest first; who has none comes last, and not at 0 as its documentation
/// says; then by age and name. An `EnvoyFilter` with `filterClass` follows the plugins of that phase; all others stand
/// where their operation puts them: `INSERT_FIRST` before all, the others after all.
///
/// # Errors
/// Where a plugin is for connections, or an `EnvoyFilter` has an extension that no filter of its chain discovers.
pub fn chain(resources: &[Resource]) -> Result<Vec<Link<'_>>> {
    let mut links = Vec::new();
    for resource in resources {
        for declared in resource.declared() {
            if declared.network {
                let problem = "a plugin for connections, and only those for HTTP are known here";
                return Err(resource.error(&declared.path, problem));
            }
            links.push(link(resource, declared)?);
        }
    }
    links.sort_by_cached_key(|(rank, link)| {
        let resource = link.resource;
        let age = resource.at("metadata.creationTimestamp").and_then(Value::as_str).unwrap_or_default();
        let weight = match resource.kind {
            Kind::EnvoyFilter => resource.at("spec.priority").and_then(Value::as_i64).unwrap_or(0),
            _ => -link.declared.priority.unwrap_or(i64::from(i32::MIN)),
        };
        (*rank, weight, age.to_owned(), resource.name.clone(), resource.namespace().to_owned())
    });
    Ok(links.into_iter().map(|(_, link)| link).collect())
}

/// The plugin with its rank among all.
fn link(resource: &Resource, declared: Declared) -> Result<(u8, Link<'_>)> {
    let phase = |phase: Phase| match phase {
        Phase::Authn => 1,
        Phase::Authz => 3,
        Phase::Stats => 5,
        Phase::Unspecified => 7,
    };
    let simple =
        |declared: Declared, fetcher| Link { resource, declared, fetcher, patch: None, extension: None };
    match resource.kind {
        Kind::WasmPlugin | Kind::TrafficExtension => {
            Ok((phase(declared.phase), simple(declared, Fetcher::Agent)))
        }
        Kind::EnvoyExtensionPolicy => Ok((9, simple(declared, Fetcher::Gateway))),
        Kind::EnvoyFilter => {
            let value = resource.at(&declared.path);
            let patch_path = declared.path.trim_end_matches(".patch.value").to_owned();
            let of = |path: &str| resource.at(path).and_then(Value::as_str).map(str::to_owned);
            let discovered = of(&format!("{patch_path}.applyTo")).as_deref() == Some("EXTENSION_CONFIG");
            let place = match discovered {
                true => place(resource, value).ok_or_else(|| {
                    resource.error(
                        &declared.path,
                        "no patch of this resource inserts an HTTP_FILTER of this name with `config_discovery`, \
                         so that nothing uses this extension",
                    )
                })?,
                false => resource.at(&patch_path).unwrap_or(&Value::Null),
            };
            let text = |pointer: &str| place.pointer(pointer).and_then(Value::as_str);
            let rank = match (text("/patch/operation"), text("/patch/filterClass")) {
                (Some("INSERT_FIRST"), _) => 0,
                (_, Some("AUTHN")) => 2,
                (_, Some("AUTHZ")) => 4,
                (_, Some("STATS")) => 6,
                _ => 8,
            };
            let fetcher = if discovered { Fetcher::Agent } else { Fetcher::Envoy };
            let patch = place.pointer("/patch/value");
            let extension = value.filter(|_| discovered);
            Ok((rank, Link { resource, declared, fetcher, patch, extension }))
        }
    }
}

/// The patch whose filter discovers this extension.
fn place<'a>(resource: &'a Resource, extension: Option<&Value>) -> Option<&'a Value> {
    let name = extension?.get("name")?;
    let patches = resource.at("spec.configPatches")?.as_array()?;
    patches.iter().find(|patch| {
        let value = patch.pointer("/patch/value");
        let discovers =
            |value: &Value| value.get("config_discovery").or_else(|| value.get("configDiscovery")).is_some();
        patch.get("applyTo").and_then(Value::as_str) == Some("HTTP_FILTER")
            && value.is_some_and(|value| value.get("name") == Some(name) && discovers(value))
    })
}
