//! What a mesh makes of resources, stage by stage: what istiod sends, what Envoy gets after the agent, and what a plain Envoy runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mesh_filter_mesh::declared::Code;
use mesh_filter_mesh::render::{self, Backend, Fetcher, Filter, Link, Outcome, module_path};
use mesh_filter_mesh::{Resource, Version};
use serde_json::{Value, json};

use super::fetch;
use crate::failure::{Failure, Result};
use crate::image::open::RegistryOptions;
use crate::output::Output;
use crate::project::upstream;

/// Where the agent of Istio keeps modules, in the container of the proxy.
const AGENT: &str = "/var/lib/istio/data";

/// How far a resource has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stage {
    /// What istiod sends to proxies
    Istiod,
    /// What Envoy gets of it, once the agent has fetched the module
    Agent,
    /// What a plain Envoy runs: a folder with a bootstrap, extensions in files, and modules
    Runnable,
}

/// A plain Envoy to be.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    /// The folder that is written.
    pub(crate) folder: &'a Path,
    pub(crate) listen: SocketAddr,
    /// Where requests go, as a URL.
    pub(crate) upstream: &'a str,
    pub(crate) registry: &'a RegistryOptions,
}

/// What istiod of this release sends, or Envoy gets, as one object.
pub(crate) fn stage(resources: &[Resource], stage: Stage, version: Version) -> Result<Value> {
    let (mut entries, mut extensions) = (Vec::new(), Vec::new());
    for link in links(resources)? {
        let mut filter = render::sent(&link, version)?;
        if stage == Stage::Agent && link.fetcher == Fetcher::Agent {
            filter = arrived(filter, &kept(&link)?, version)?;
        }
        entries.push(filter.entry);
        extensions.extend(filter.extension);
    }
    Ok(json!({"http_filters": entries, "extension_configs": extensions}))
}

/// Writes what a plain Envoy runs; gives the path of its bootstrap.
pub(crate) fn runnable(
    resources: &[Resource],
    version: Version,
    plain: &Plain<'_>,
    output: &Output,
) -> Result<PathBuf> {
    let upstream = upstream::cluster("upstream", plain.upstream)?;
    let endpoint = upstream.endpoints.first().filter(|_| !upstream.http2);
    let Some(endpoint) = endpoint else {
        return Err(Failure::usage("the upstream of a rendered configuration speaks HTTP/1.1")
            .help("expected --upstream http://HOST:PORT"));
    };
    let cannot = |error: &std::io::Error| {
        Failure::usage(format!("cannot write the folder `{}`", plain.folder.display())).because(error)
    };
    // Envoy looks for files from where it was started: the names in the bootstrap hold from anywhere.
    std::fs::create_dir_all(plain.folder).map_err(|error| cannot(&error))?;
    let folder = plain.folder.canonicalize().map_err(|error| cannot(&error))?;
    let mut filters = Vec::new();
    for link in links(resources)? {
        output.progress("Fetching", &format!("the module of {} {}", link.resource.kind, link.resource.name));
        let module = fetch::module(&link, plain.registry, &folder.join("modules"))?;
        filters.push(arrived(render::sent(&link, version)?, &module, version)?);
    }
    let backend = Backend { host: &endpoint.host, port: endpoint.port };
    let made = render::runnable(&filters, &folder, plain.listen, backend);
    let write = |name: &str, value: &Value| {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
        std::fs::write(&path, text).map_err(|error| cannot(&error)).map(|()| path)
    };
    for (name, extension) in &made.extensions {
        write(name, extension)?;
    }
    write("bootstrap.json", &made.bootstrap)
}

/// The plugins of resources that istiod reads.
fn links(resources: &[Resource]) -> Result<Vec<Link<'_>>> {
    let links = render::chain(resources)?;
    match links.iter().find(|link| link.fetcher == Fetcher::Gateway) {
        Some(link) => Err(Failure::usage(format!("istiod does not read a resource {}", link.resource.kind))
            .help("--rendered takes the kinds wasm-plugin, traffic-extension, envoy-filter and envoy-filter-inline")),
        None => Ok(links),
    }
}

/// The filter once its module is in a file.
fn arrived(filter: Filter, module: &Path, version: Version) -> Result<Filter> {
    let got = |sent: &Value| {
        render::fetched(sent, Outcome::Module(module), version)
            .ok_or_else(|| Failure::usage("the patch has no configuration of a Wasm filter"))
    };
    match &filter.extension {
        Some(extension) => Ok(Filter { extension: Some(got(extension)?), entry: filter.entry }),
        None => Ok(Filter { entry: got(&filter.entry)?, extension: None }),
    }
}

/// Where the agent keeps the module.
fn kept(link: &Link<'_>) -> Result<PathBuf> {
    match (&link.declared.code, &link.declared.sha256) {
        (Code::File(path), _) => Ok(path.into()),
        (code, Some(digest)) => Ok(module_path(Path::new(AGENT), code, digest)),
        _ => Err(Failure::usage("the agent names files by the digest, and this resource has none")
            .help("leave out --no-pin")),
    }
}
