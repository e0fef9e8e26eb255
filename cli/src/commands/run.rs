//! `run`: a proxy with the filter, in front of an upstream.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use mesh_filter_runtime::document::Document;
use mesh_filter_runtime::proxy::config::{Bootstrap, Cluster, Plugin, Setup};
use mesh_filter_runtime::proxy::echo::Echo;
use mesh_filter_runtime::proxy::{PluginLimits, ServeOptions};
use mesh_filter_runtime::vm::CacheFolder;

use crate::failure::{Failure, Result};
use crate::image::open::RegistryOptions;
use crate::mesh::local::{self, Chosen};
use crate::output::Output;
use crate::project::build::{self, Options};
use crate::project::engine::{self, Engine};
use crate::project::profile::ProfileOption;
use crate::project::workspace::{Selection, Workspace};
use crate::project::{envoy, plugin, upstream};
use crate::serve::envoy::{Files, Start};
use crate::serve::{self, standalone};

const HELP: &str = "\
Examples:
  cargo mesh-filter run                                       this crate's filter
  cargo mesh-filter run --upstream http://127.0.0.1:8080      before your service
  cargo mesh-filter run plugin.wasm --config plugin.yaml      any plugin
  cargo mesh-filter run --cluster jwks=http://127.0.0.1:9000  a cluster to call
  cargo mesh-filter run --print-config > envoy.yaml           the same, for Envoy
  cargo mesh-filter run --proxy-config envoy.yaml             a bootstrap of yours
  cargo mesh-filter run --manifest plugin.yaml                what a mesh is told
  cargo mesh-filter run --engine envoy                        the same in the real Envoy

A crate is built first; the configuration in its metadata is used unless
--config names another one. Without --upstream an echo answers, which sends back
what it received. SIGTERM and Ctrl-C let open requests end.

--manifest runs what resources say: structure and rules are checked, images
are pulled and checked as Istio's agent does it, and several plugins run in the
order that Istio gives them. What would get no module in the mesh is refused.

--engine envoy starts the Envoy that $ENVOY names or that is in PATH,
envoy@VERSION one that is brought. It gets the bootstrap that --print-config
prints, or that of --proxy-config as it is, which may then be more than this
project's proxy knows.

Exit codes: 0 stopped in order, 1 the build or the start failed, 2 wrong usage
or configuration, 3 a tool is missing";

/// What stands for the upstream in a printed configuration, when none is named.
const PLACEHOLDER: &str = "http://127.0.0.1:8080";

/// Run a filter in a proxy
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// A module, or the folder of a crate [default: the crate of this folder]
    #[arg(value_name = "FILE.wasm|DIR")]
    path: Option<PathBuf>,
    /// Which crate of the workspace
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,
    /// Where requests go: http://HOST:PORT or h2c://HOST:PORT [default: an echo]
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Run the plugins that resources in a file declare: WasmPlugin, TrafficExtension, EnvoyFilter,
    /// EnvoyExtensionPolicy; images are pulled
    #[arg(long, value_name = "FILE", conflicts_with_all = ["path", "package", "config", "proxy_config"])]
    manifest: Option<PathBuf>,
    /// Of the resources in the file, those of this name
    #[arg(long, value_name = "NAME", requires = "manifest")]
    name: Option<String>,
    /// Of the resources in the file, those in this namespace
    #[arg(long, value_name = "NAME", requires = "manifest")]
    namespace: Option<String>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// The plugin's configuration: JSON, YAML (given to it as JSON), or anything else as it is
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A cluster that the filter calls; may be repeated
    #[arg(long, value_name = "NAME=URL")]
    cluster: Vec<String>,
    /// Where the proxy listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:10000")]
    listen: SocketAddr,
    /// Where the admin pages are served [default: nowhere]
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// Worker threads, each with a VM of its own
    #[arg(long, value_name = "N", default_value = "1")]
    workers: NonZeroUsize,
    /// What the plugin may use, such as `cpu=100ms,memory=64MiB`; also `headers`, `body`, `log-line`, `callouts`,
    /// `shared-data`, `queues` and `metrics`; `none` lifts those of 1 s of CPU time per call and 1 GiB of memory per VM
    #[arg(long, value_name = "LIMITS", default_value = "default")]
    limits: PluginLimits,
    #[command(flatten)]
    profile: ProfileOption,
    /// What serves: `wasm` is this project's proxy, or `envoy`, or `envoy@VERSION`
    #[arg(long, value_name = "ENGINE", default_value = "wasm", value_parser = engine::serving)]
    engine: Engine,
    /// Compile modules anew, and do not keep them on disk
    #[arg(long)]
    no_cache: bool,
    /// A bootstrap in Envoy's format, in place of all flags that say what runs where
    #[arg(
        long,
        value_name = "BOOTSTRAP.yaml",
        conflicts_with_all = ["path", "package", "upstream", "config", "cluster", "listen", "admin"]
    )]
    proxy_config: Option<PathBuf>,
    /// Print the bootstrap and stop
    #[arg(long)]
    print_config: bool,
    /// Build without the network
    #[arg(long)]
    offline: bool,
}

impl Args {
    /// Builds, configures, serves.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        if matches!(self.engine, Engine::Envoy(_)) && self.limits != PluginLimits::default() {
            return Err(Failure::usage("Envoy does not know --limits")
                .help("leave it out; what Envoy limits stands in its own bootstrap"));
        }
        if let Some(path) = &self.proxy_config {
            return match &self.engine {
                Engine::Envoy(version) if !self.print_config => {
                    let has_admin =
                        Document::load(path)?.root().entries()?.iter().any(|entry| entry.key == "admin");
                    self.serve_in_envoy(version.as_deref(), path, has_admin, &Files::new()?, output)
                }
                _ => self.print_or_serve(Bootstrap::load(path)?, output),
            };
        }
        let (plugins, called) = match &self.manifest {
            Some(file) => {
                let chosen = Chosen { name: self.name.as_deref(), namespace: self.namespace.as_deref() };
                (local::plugins(file, chosen, &self.registry, output)?, Vec::new())
            }
            None => {
                let (plugin, called) = self.plugin(output)?;
                (vec![plugin], called)
            }
        };
        let clusters = self.cluster.iter().map(|text| upstream::named(text)).collect::<Result<Vec<_>>>()?;
        for name in called.iter().filter(|name| clusters.iter().all(|cluster| cluster.name != **name)) {
            output.warning(&format!(
                "the filter calls the cluster `{name}`, which has no address: its calls will fail; \
                 give one by --cluster {name}=URL"
            ));
        }
        // Lives as long as the proxy that it stands behind.
        let echo = match self.upstream {
            None if !self.print_config => Some(start_echo()?),
            _ => None,
        };
        let upstream = self.upstream(echo.as_ref(), output)?;
        let setup = Setup { listen: self.listen, admin: self.admin, plugins, upstream, clusters };
        let bootstrap = check(&setup.bootstrap())?;
        self.print_or_serve(bootstrap, output)
    }

    /// The plugin, and the clusters that it declares to call.
    fn plugin(&self, output: &Output) -> Result<(Plugin, Vec<String>)> {
        let file = self.path.as_deref().filter(|path| !path.is_dir());
        let (mut plugin, called) = match file {
            Some(file) => (plugin::from_file(file)?, Vec::new()),
            None => self.built(self.path.as_deref(), output)?,
        };
        if let Some(path) = &self.config {
            plugin.configuration = plugin::configuration(path)?;
        }
        Ok((plugin, called))
    }

    fn built(&self, folder: Option<&Path>, output: &Output) -> Result<(Plugin, Vec<String>)> {
        let workspace = Workspace::load(folder)?;
        let selection = Selection { packages: self.package.iter().cloned().collect(), workspace: false };
        let crates = workspace.select(&selection)?;
        let [one] = crates.as_slice() else {
            let names: Vec<_> = crates.iter().map(|one| format!("`{}`", one.name)).collect();
            return Err(Failure::usage(format!(
                "the workspace has {} filters: {}",
                names.len(),
                names.join(", ")
            ))
            .help("choose one with --package"));
        };
        let options = Options { offline: self.offline, ..Options::default() };
        let artifact = build::build_one(&workspace, one, &options, output)?;
        let called = one.filter.as_ref().map(|filter| filter.clusters.clone()).unwrap_or_default();
        Ok((plugin::from_artifact(&artifact)?, called))
    }

    fn upstream(&self, echo: Option<&Echo>, output: &Output) -> Result<Cluster> {
        match (&self.upstream, echo) {
            (Some(url), _) => upstream::cluster("upstream", url),
            (None, Some(echo)) => upstream::cluster("upstream", &format!("http://{}", echo.address())),
            (None, None) => {
                output.warning(&format!("no --upstream: {PLACEHOLDER} stands in its place"));
                upstream::cluster("upstream", PLACEHOLDER)
            }
        }
    }

    fn print_or_serve(&self, bootstrap: Bootstrap, output: &Output) -> Result<()> {
        if self.print_config {
            output.data(&bootstrap.to_yaml());
            return Ok(());
        }
        if let Engine::Envoy(version) = &self.engine {
            let files = Files::new()?;
            let path = files.write("envoy.yaml", &bootstrap.to_yaml())?;
            let has_admin = bootstrap.admin.is_some();
            return self.serve_in_envoy(version.as_deref(), &path, has_admin, &files, output);
        }
        let PluginLimits { vm: limits, quotas } = self.limits;
        let cache = if self.no_cache { CacheFolder::Off } else { CacheFolder::default() };
        let profile = self.profile.profile();
        let options =
            ServeOptions { workers: self.workers, limits, quotas, cache, profile, ..ServeOptions::default() };
        standalone::serve(bootstrap, &options, output)
    }

    fn serve_in_envoy(
        &self,
        version: Option<&str>,
        bootstrap: &Path,
        has_admin: bool,
        files: &Files,
        output: &Output,
    ) -> Result<()> {
        let program = envoy::locate(version, self.offline, output)?;
        let start = Start { program: &program, bootstrap, has_admin, workers: self.workers.get() };
        serve::envoy::serve(&start, files, output)
    }
}

fn start_echo() -> Result<Echo> {
    Echo::start(SocketAddr::from(([127, 0, 0, 1], 0)))
        .map_err(|error| Failure::failed("the echo upstream cannot start").because(&error))
}

/// Reads what was generated as if it had been written by hand: the same checks apply.
fn check(bootstrap: &Bootstrap) -> Result<Bootstrap> {
    Ok(Bootstrap::parse("the configuration made from the command line", &bootstrap.to_yaml())?)
}
