//! `package`: a filter as a container image, in a folder, ready to be pushed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mesh_filter_runtime::vm::Profile;
use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::image::digest::Digest;
use crate::image::folder::Folder;
use crate::image::runtime_config::RuntimeConfig;
use crate::image::{About, Image};
use crate::module::check;
use crate::module::read::{self, Module};
use crate::output::{Format, Output};
use crate::project::build::{self, Artifact, Options};
use crate::project::filter::Filter;
use crate::project::workspace::{FilterCrate, Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter package                  this crate, or all of the workspace
  cargo mesh-filter package plugin.wasm      a module from anywhere, into plugin.oci
  cargo mesh-filter package --format json | jq -r '.images[].manifest'

The image has the one layout that Istio, Envoy Gateway, docker, containerd and
kubelet's image volumes take: a single layer with `plugin.wasm`. The same
module gives the same digests on every machine. Root id, phase, clusters and
the configuration's schema travel inside, in `runtime-config.json`.

Exit codes: 0 packed, 1 the build failed, or proxies would refuse the module,
2 wrong usage, 3 a tool is missing";

/// The name of the schema of a filter's configuration, beside its Cargo.toml.
const SCHEMA: &str = "config.schema.json";

/// Pack filters as container images that proxies load
///
/// Builds, then writes `target/mesh-filter/<crate>.oci`, a folder in the OCI image layout.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Pack this module instead of a crate
    #[arg(value_name = "FILE.wasm", conflicts_with_all = ["package", "workspace", "manifest_path"])]
    file: Option<PathBuf>,
    /// Pack this package; may be repeated
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Pack every filter crate of the workspace
    #[arg(long, conflicts_with = "package")]
    workspace: bool,
    /// Cargo.toml of the crate or workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// The folder to write, for one image
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Say more about the image; may be repeated
    #[arg(long, value_name = "NAME=TEXT", value_parser = annotation)]
    annotation: Vec<(String, String)>,
    /// Build without the network
    #[arg(long)]
    offline: bool,
    /// Fail where Cargo.lock would change
    #[arg(long)]
    locked: bool,
    /// How to print what was packed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What becomes an image.
struct Source {
    name: String,
    version: Option<String>,
    module: PathBuf,
    out: PathBuf,
    filter: Filter,
    schema: Option<Value>,
}

/// What is printed about an image.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    image: PathBuf,
    manifest: Digest,
    layer: Digest,
    config: Digest,
    module: Digest,
    layer_bytes: usize,
}

/// Reads `NAME=TEXT`.
pub(super) fn annotation(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=TEXT, such as org.opencontainers.image.licenses=MIT".to_owned()),
    }
}

/// Which crates to pack, and how.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    selection: Selection,
    manifest_path: Option<PathBuf>,
    out: Option<PathBuf>,
    annotations: BTreeMap<String, String>,
    offline: bool,
    locked: bool,
}

/// A packed crate.
pub(crate) struct Packed {
    report: Report,
    /// The folder with the image.
    pub(crate) folder: PathBuf,
    /// Where the crate says that it is published.
    pub(crate) repository: Option<String>,
    pub(crate) version: Option<String>,
}

impl Pack {
    /// These packages, each into its own folder.
    pub(super) fn of(selection: Selection, manifest_path: Option<PathBuf>) -> Self {
        Self { selection, manifest_path, ..Self::default() }
    }

    /// One crate of a folder.
    pub(crate) fn one(package: Option<String>, folder: Option<PathBuf>, offline: bool) -> Self {
        let selection = Selection { packages: package.into_iter().collect(), workspace: false };
        Self { offline, ..Self::of(selection, folder) }
    }
}

impl Packed {
    /// The crate.
    pub(super) fn name(&self) -> &str {
        &self.report.name
    }
}

impl Args {
    /// Builds where there is something to build, packs, reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let annotations: BTreeMap<_, _> = self.annotation.into_iter().collect();
        let packed = match self.file {
            Some(module) => {
                let stem = module.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let out = self.out.unwrap_or_else(|| module.with_extension("oci"));
                let filter = Filter::default();
                vec![pack(
                    Source { name: stem, version: None, module, out, filter, schema: None },
                    &annotations,
                )?]
            }
            None => {
                let selection = Selection { packages: self.package, workspace: self.workspace };
                let Self { manifest_path, out, offline, locked, .. } = self;
                pack_crates(&Pack { selection, manifest_path, out, annotations, offline, locked }, output)?
            }
        };
        let reports: Vec<_> = packed.into_iter().map(|packed| packed.report).collect();
        match self.format {
            Format::Json => output.json(&serde_json::json!({ "images": reports })),
            Format::Text => {
                reports.iter().for_each(|report| output.data(&report.text()));
                Ok(())
            }
        }
    }
}

/// Builds crates and packs them.
pub(crate) fn pack_crates(wanted: &Pack, output: &Output) -> Result<Vec<Packed>> {
    let workspace = Workspace::load(wanted.manifest_path.as_deref())?;
    let crates = workspace.select(&wanted.selection)?;
    if wanted.out.is_some() && crates.len() > 1 {
        let message = format!("--out is for one image, and {} crates are to be packed", crates.len());
        return Err(Failure::usage(message).help("choose one with `-p NAME`"));
    }
    let options = Options { offline: wanted.offline, locked: wanted.locked, ..Options::default() };
    let artifacts = build::build(&workspace, &crates, &options, output)?;
    let packed = artifacts.into_iter().map(|Artifact { filter_crate, wasm, .. }| {
        let schema = schema(&filter_crate)?;
        let out = wanted.out.clone().unwrap_or_else(|| wasm.with_extension("oci"));
        let FilterCrate { name, version, filter, .. } = filter_crate;
        let filter = filter.unwrap_or_default();
        let source = Source { name, version: Some(version), module: wasm, out, filter, schema };
        pack(source, &wanted.annotations)
    });
    packed.collect()
}

/// The schema of the configuration, where the crate has one.
pub(crate) fn schema(filter_crate: &FilterCrate) -> Result<Option<Value>> {
    let path = filter_crate.folder.join(SCHEMA);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => {
            read.map_err(|error| Failure::usage(format!("cannot read `{}`", path.display())).because(&error))?
        }
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| Failure::usage(format!("`{}` is not JSON", path.display())).because(&error))
}

fn pack(source: Source, annotations: &BTreeMap<String, String>) -> Result<Packed> {
    let Source { name, version, module: path, out, filter, schema } = source;
    let bytes = read::bytes_of(&path)?;
    let module = Module::parse(&bytes, &path)?;
    let refused = check::warnings(&module, Profile::Envoy).into_iter().find(|warning| warning.refused);
    if let Some(warning) = refused {
        return Err(Failure::failed(format!("proxies refuse `{}`: {}", path.display(), warning.message))
            .help(format!("`cargo mesh-filter inspect {} --profile envoy` shows all", path.display())));
    }
    let place = Folder::new(&out);
    if out.exists() && !place.is_layout() {
        return Err(Failure::usage(format!("`{}` is there, and no folder of images", out.display()))
            .help("name another folder with --out"));
    }
    let abi = check::abi_version(&module);
    let config = RuntimeConfig::new(abi, &name, version.as_deref(), &filter, schema);
    let mut annotations = annotations.clone();
    if let Some(version) = &version {
        annotations.entry("org.opencontainers.image.version".to_owned()).or_insert_with(|| version.clone());
    }
    let image = Image::pack(&bytes, &config.json(), About { title: name.clone(), annotations });
    let tag = version.as_deref().unwrap_or("latest");
    Folder::replace(&out, &image, tag).map_err(|error| {
        Failure::failed(format!("cannot write the image `{}`", out.display())).because(&error)
    })?;
    let report = Report {
        name,
        manifest: image.digest(),
        layer: Digest::of(&image.layer.bytes),
        config: Digest::of(&image.config),
        layer_bytes: image.layer.bytes.len(),
        module: image.module,
        image: out.clone(),
    };
    Ok(Packed { report, folder: out, repository: filter.image, version })
}

impl Report {
    fn text(&self) -> String {
        let Self { image, manifest, layer, config, module, .. } = self;
        format!(
            "{}\n  manifest  {manifest}\n            the image: `sha256` of resources with an oci:// URL, or `@sha256:` in it\n  \
             layer     {layer}\n            the archive ({}), as registries keep it\n  \
             config    {config}\n            what docker shows as the image's id\n  \
             module    {module}\n            plugin.wasm alone: `sha256` of http(s):// URLs, and of Envoy's remote code\n",
            image.display(),
            crate::output::bytes(self.layer_bytes),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_pairs() {
        assert_eq!(annotation("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(annotation("a").is_err() && annotation("=b").is_err());
    }
}
