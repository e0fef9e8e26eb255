//! What resources in a file say, as plugins of a proxy on this machine.

use std::path::Path;

use mesh_filter_mesh::declared::FailurePolicy;
use mesh_filter_mesh::render::{self, Backend, Fetcher, Filter, Link, NEWEST, Outcome};
use mesh_filter_mesh::{Resource, crd};
use mesh_filter_runtime::proxy::config::{Bootstrap, Plugin};
use serde_json::json;

use super::fetch;
use crate::failure::{Failure, Result};
use crate::image::open::RegistryOptions;
use crate::output::Output;
use crate::project::envoy;

/// Which resources of a file are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) namespace: Option<&'a str>,
}

/// The plugins of a file in the order of requests, their modules fetched.
pub(crate) fn plugins(
    file: &Path,
    chosen: Chosen<'_>,
    registry: &RegistryOptions,
    output: &Output,
) -> Result<Vec<Plugin>> {
    let resources = load(file, chosen)?;
    let folder = envoy::cache()?.join("modules");
    let mut plugins = Vec::new();
    for link in render::chain(&resources)? {
        let name = format!("{} {}/{}", link.resource.kind, link.resource.namespace(), link.resource.name);
        output.progress("Fetching", &name);
        let module =
            fetch::module(&link, registry, &folder).map_err(|failure| refused(failure, &name, &link))?;
        plugins.push(plugin(&link, &name, &module)?);
    }
    Ok(plugins)
}

fn load(file: &Path, chosen: Chosen<'_>) -> Result<Vec<Resource>> {
    let (mut resources, others) = Resource::load_all(file)?;
    resources.retain(|one| {
        chosen.name.is_none_or(|name| one.name == name)
            && chosen.namespace.is_none_or(|namespace| one.namespace() == namespace)
    });
    for resource in &resources {
        if let Some(violation) = crd::validate(resource).first() {
            return Err(resource.violation(violation).into());
        }
    }
    if resources.iter().all(|resource| resource.declared().is_empty()) {
        let kinds = if others.is_empty() { String::new() } else { format!("; it has {}", others.join(", ")) };
        return Err(Failure::usage(format!("`{}` declares no such plugin{kinds}", file.display())).help(
            "expected a WasmPlugin, TrafficExtension, EnvoyFilter or EnvoyExtensionPolicy; --name and --namespace choose",
        ));
    }
    Ok(resources)
}

/// The plugin, by way of the configuration that Envoy would get.
fn plugin(link: &Link<'_>, name: &str, module: &Path) -> Result<Plugin> {
    let sent = render::sent(link, NEWEST)?;
    let sent = sent.extension.unwrap_or(sent.entry);
    let broken = || Failure::usage(format!("{name} has no configuration of a Wasm filter"));
    let entry = render::fetched(&sent, Outcome::Module(module), NEWEST).ok_or_else(broken)?;
    // A `TypedStruct` is what it wraps.
    let entry = match entry.pointer("/typed_config/value").or_else(|| entry.pointer("/typedConfig/value")) {
        Some(value) => {
            let mut filter = value.clone();
            if let Some(members) = filter.as_object_mut() {
                members.insert("@type".to_owned(), WASM.into());
            }
            json!({"name": "filter", "typed_config": filter})
        }
        None => entry,
    };
    let filter = Filter { entry, extension: None };
    let nowhere = ([127, 0, 0, 1], 1).into();
    let made = render::runnable(&[filter], Path::new(""), nowhere, Backend { host: "127.0.0.1", port: 1 });
    let bootstrap = Bootstrap::parse(&format!("what Envoy gets of {name}"), &made.bootstrap.to_string())?;
    let filters = bootstrap.listeners.into_iter().flat_map(|listener| listener.http.filters);
    filters.map(|filter| filter.plugin).next().ok_or_else(broken)
}

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// What a failure means in the mesh, where nobody sees it.
fn refused(mut failure: Failure, name: &str, link: &Link<'_>) -> Failure {
    failure.causes.insert(0, std::mem::replace(&mut failure.message, format!("{name} gets no module")));
    let there = match (link.fetcher, link.declared.failure) {
        (Fetcher::Agent, FailurePolicy::Open) => {
            "Istio's agent puts a filter in its place that lets every request pass (`wasm-default-allow`)"
        }
        (Fetcher::Agent, _) => {
            "Istio's agent puts a filter in its place that answers every request with 403 (`wasm-default-deny`)"
        }
        (Fetcher::Gateway, FailurePolicy::Open) => "Envoy Gateway leaves the plugin out",
        (Fetcher::Gateway, _) => "Envoy Gateway does not accept the policy and answers its routes with 500",
        (Fetcher::Envoy, _) => "Envoy tries it once more, and has no filter then",
    };
    let help = failure.help.take().map(|help| format!("{help}; ")).unwrap_or_default();
    failure.help(format!("{help}in the mesh: {there}"))
}
