//! `manifest`: the resources that tell a mesh about a filter, as YAML.

use std::net::SocketAddr;
use std::path::PathBuf;

use mesh_filter_mesh::declared::{Code, Configuration, FailurePolicy};
use mesh_filter_mesh::render::NEWEST;
use mesh_filter_mesh::{Product, Resource, Version};
use mesh_filter_runtime::document::Yaml;
use mesh_filter_runtime::proxy::config::{self, Bootstrap, Plugin, Setup};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::image::open::REF;
use crate::mesh::options::{KindOption, PlanOptions};
use crate::mesh::plan::Plan;
use crate::mesh::rendered::{self, Plain, Stage};
use crate::output::Output;
use crate::project::upstream;

const HELP: &str = "\
Examples:
  cargo mesh-filter manifest --image registry.example.com/team/jwt:1.2 --selector app=cart
  cargo mesh-filter manifest --target istio=1.31 --target-ref Gateway/shop -o jwt.yaml
  cargo mesh-filter manifest --kind wasm-plugin --kind envoy-extension-policy --target-ref Gateway/shop
  cargo mesh-filter manifest --kind envoy-filter-inline --url file:///plugin.wasm
  cargo mesh-filter manifest --kind bootstrap --upstream http://127.0.0.1:8080
  cargo mesh-filter manifest --rendered=agent --istio-version 1.29
  cargo mesh-filter manifest --rendered=runnable -o envoy && envoy -c envoy/bootstrap.json

Without --kind it is a WasmPlugin, from Istio 1.30 on (--target) a
TrafficExtension, for Envoy Gateway an EnvoyExtensionPolicy, for Envoy a
bootstrap; an EnvoyFilter where the filter holds headers. The image is read and
pinned by its digest. What is written has passed the rules of its kind, and the
configuration the filter's schema.

--rendered shows what becomes of the resources on their way to Envoy. Its last
stage, `runnable`, is a folder: a bootstrap, extensions in files that Envoy
watches, and the modules, fetched as the agent fetches them.

Exit codes: 0 written, 1 the build or the registry failed, 2 wrong usage or
configuration, or the kind cannot say it, 3 a tool is missing";

/// The upstream of a bootstrap, when none is named.
const PLACEHOLDER: &str = "http://127.0.0.1:8080";

/// Write the resources that tell Istio, Envoy Gateway or Envoy about a filter
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// What to write; may be repeated
    #[arg(long, value_enum)]
    kind: Vec<KindOption>,
    /// Write to this file, or for `--rendered=runnable` into this folder
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write what Istio makes of the resources, at this stage
    #[arg(long, value_enum, value_name = "STAGE")]
    rendered: Option<Stage>,
    /// The release of Istio that renders [default: that of --target, or the newest known]
    #[arg(long, value_name = "VERSION", requires = "rendered")]
    istio_version: Option<Version>,
    /// A cluster that the filter calls, in a bootstrap; may be repeated
    #[arg(long, value_name = "NAME=URL")]
    cluster: Vec<String>,
    /// Where requests go, in a bootstrap or what is runnable
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Where the proxy listens, in a bootstrap or what is runnable
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:10000")]
    listen: SocketAddr,
    /// How to write
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
    #[command(flatten)]
    plan: PlanOptions,
}

/// In which form resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Yaml,
    /// A list, which kubectl takes
    Json,
}

impl Args {
    /// Plans, writes.
    pub(crate) fn exec(mut self, output: &Output) -> Result<()> {
        // A bootstrap runs the crate's own module.
        let alone = self.kind.as_slice() == [KindOption::Bootstrap]
            || (self.kind.is_empty()
                && self.plan.target.is_some_and(|target| target.product == Product::Envoy));
        if alone && self.plan.url.is_none() {
            let module = self.plan.pack(output)?.with_extension("wasm");
            let module = module.canonicalize().unwrap_or(module);
            self.plan.image = None;
            self.plan.repository = None;
            self.plan.url = Some(format!("file://{}", module.display()));
        }
        let plan = Plan::new(&self.plan, output)?;
        let kinds = if self.kind.is_empty() { vec![plan.default_kind(output)] } else { self.kind.clone() };
        if kinds.contains(&KindOption::Bootstrap) {
            if self.rendered.is_some() {
                return Err(Failure::usage("a bootstrap is no resource: Istio renders none of it")
                    .help("name another --kind"));
            }
            if kinds.len() > 1 || self.format == Format::Json {
                return Err(Failure::usage("a bootstrap stands alone, as YAML: it is no resource")
                    .help("write it by a call of its own"));
            }
            return self.write(&self.bootstrap(&plan, output)?, output);
        }
        let mut resources = Vec::new();
        for form in kinds.iter().filter_map(|kind| kind.form()) {
            let resource = plan.resource(form)?;
            for remark in plan.manifest.remarks(form) {
                output.warning(&format!("{form}: {remark}"));
            }
            resources.push(resource);
        }
        if let Some(stage) = self.rendered {
            return self.render(&resources, stage, output);
        }
        let documents: Vec<_> = resources.into_iter().map(|one| one.json).collect();
        let text = match self.format {
            Format::Yaml => {
                let comment = plan.found.as_ref().map(|found| format!("# The digest is that of {found}.\n"));
                let texts: Vec<_> = documents.iter().map(|one| Yaml::from(one).write()).collect();
                comment.unwrap_or_default() + &texts.join("---\n")
            }
            Format::Json => list(&documents),
        };
        self.write(&text, output)
    }

    fn render(&self, resources: &[Resource], stage: Stage, output: &Output) -> Result<()> {
        let target = self.plan.target.filter(|target| target.product == Product::Istio);
        let version = self.istio_version.unwrap_or_else(|| target.map_or(NEWEST, |target| target.version));
        if stage != Stage::Runnable {
            let value = rendered::stage(resources, stage, version)?;
            return match self.format {
                Format::Yaml => self.write(&Yaml::from(&value).write(), output),
                Format::Json => {
                    self.write(&(serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"), output)
                }
            };
        }
        let Some(folder) = &self.out else {
            return Err(Failure::usage("`--rendered=runnable` writes several files")
                .help("name a folder for them: -o DIR"));
        };
        if self.upstream.is_none() {
            output.warning(&format!("no --upstream: {PLACEHOLDER} stands in its place"));
        }
        let upstream = self.upstream.as_deref().unwrap_or(PLACEHOLDER);
        let plain = Plain { folder, listen: self.listen, upstream, registry: &self.plan.registry };
        let bootstrap = rendered::runnable(resources, version, &plain, output)?;
        output.progress("Wrote", &bootstrap.display().to_string());
        Ok(())
    }

    fn write(&self, text: &str, output: &Output) -> Result<()> {
        let Some(path) = &self.out else {
            output.data(text);
            return Ok(());
        };
        std::fs::write(path, text)
            .map_err(|error| Failure::usage(format!("cannot write `{}`", path.display())).because(&error))?;
        output.progress("Wrote", &path.display().to_string());
        Ok(())
    }

    fn bootstrap(&self, plan: &Plan, output: &Output) -> Result<String> {
        let declared = &plan.manifest.plugin;
        let Code::File(path) = &declared.code else {
            return Err(Failure::usage("Envoy by itself loads no images, and a bootstrap names a file here")
                .help(
                    "`cargo mesh-filter pull REF --out plugin.wasm`, then --url file:///PATH/plugin.wasm",
                ));
        };
        let mut plugin = Plugin::from_file(&plan.manifest.name, path);
        plugin.root_id.clone_from(&declared.root_id);
        plugin.configuration = match &declared.configuration {
            Configuration::Absent => Vec::new(),
            Configuration::Json(value) => value.to_string().into_bytes(),
            Configuration::Text(text) => text.clone().into_bytes(),
        };
        plugin.failure_policy = match declared.failure {
            FailurePolicy::Closed => config::FailurePolicy::FailClosed,
            FailurePolicy::Open => config::FailurePolicy::FailOpen,
            FailurePolicy::Reload => config::FailurePolicy::FailReload,
        };
        for variable in &declared.environment {
            match &variable.value {
                Some(value) => plugin.vm.environment.push((variable.name.clone(), value.clone())),
                None => plugin.vm.host_env_keys.push(variable.name.clone()),
            }
        }
        if declared.hold_headers {
            plugin.allow_on_headers_stop_iteration = true;
            plugin.vm.environment.push((crate::project::plugin::HOLD_HEADERS.to_owned(), "1".to_owned()));
        }
        let clusters = self.cluster.iter().map(|text| upstream::named(text)).collect::<Result<Vec<_>>>()?;
        for name in plan.manifest.clusters.iter().filter(|name| clusters.iter().all(|one| one.name != **name))
        {
            output
                .warning(&format!("the filter calls the cluster `{name}`: give it by --cluster {name}=URL"));
        }
        if self.upstream.is_none() {
            output.warning(&format!("no --upstream: {PLACEHOLDER} stands in its place"));
        }
        let upstream = upstream::cluster("upstream", self.upstream.as_deref().unwrap_or(PLACEHOLDER))?;
        let setup = Setup { listen: self.listen, admin: None, plugins: vec![plugin], upstream, clusters };
        let text = setup.bootstrap().to_yaml();
        // Read as if it had been written by hand: the same checks apply, where the module is on this machine.
        if std::path::Path::new(path).exists() {
            Bootstrap::parse("the configuration made from the command line", &text)?;
        }
        Ok(text)
    }
}

/// The resources as one object that kubectl takes.
fn list(items: &[Value]) -> String {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    // Text as keys: it has a form in JSON.
    serde_json::to_string_pretty(&list).unwrap_or_default() + "\n"
}
