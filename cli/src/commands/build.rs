//! `build`: release Wasm for one filter crate or for all of a workspace.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::output::{self, Format, Output};
use crate::project::build::{self, Artifact, Options};
use crate::project::filter::Filter;
use crate::project::workspace::{Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter build                  this crate, or all of the workspace
  cargo mesh-filter build -p jwt-auth      one package
  cargo mesh-filter build -p jwt-auth --no-default-features -F rsa,hmac
                                           with a part of what it has
  cargo mesh-filter build --format json    what was built, for scripts

The module is optimised for size, and has the same bytes whatever the folder,
the CARGO_HOME or the machine; a [profile.mesh-filter] in the workspace's
Cargo.toml replaces the settings. The side file holds names and line tables of
exactly that code: traps and `inspect` read it.

Exit codes: 0 built, 1 the build failed, 2 wrong usage, 3 a tool is missing";

/// Build release Wasm, equal to the byte on every machine
///
/// Writes `target/mesh-filter/<crate>.wasm`, which is what ships, and `<crate>.symbols.wasm` beside it.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Build this package; may be repeated
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Build every filter crate of the workspace
    #[arg(long, conflicts_with = "package")]
    workspace: bool,
    /// Cargo.toml of the crate or workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Where to build, in place of the workspace's target directory
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    /// Features of the crate, as cargo has them: separated by commas, or repeated
    #[arg(long, short = 'F', value_name = "NAMES", conflicts_with = "workspace")]
    features: Vec<String>,
    /// Without the features that the crate has by default
    #[arg(long, conflicts_with = "workspace")]
    no_default_features: bool,
    /// Make the module smaller by `wasm-opt`; traps then have no line numbers
    #[arg(long)]
    wasm_opt: bool,
    /// Do without the network
    #[arg(long)]
    offline: bool,
    /// Fail where Cargo.lock would change
    #[arg(long)]
    locked: bool,
    /// How to print what was built
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is printed about one built filter.
#[derive(Debug, Serialize)]
struct Report<'a> {
    package: &'a str,
    version: &'a str,
    wasm: &'a Path,
    symbols: Option<&'a Path>,
    bytes: usize,
    gzip_bytes: usize,
    sha256: String,
    filter: Option<&'a Filter>,
}

impl Args {
    /// Builds, then reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let workspace = Workspace::load(self.manifest_path.as_deref())?;
        let crates = workspace.select(&Selection { packages: self.package, workspace: self.workspace })?;
        let target = self.target_dir.map(std::path::absolute).transpose().map_err(|error| {
            Failure::usage("the folder named by --target-dir cannot be found").because(&error)
        })?;
        let options = Options {
            target,
            features: self.features,
            no_default_features: self.no_default_features,
            wasm_opt: self.wasm_opt,
            offline: self.offline,
            locked: self.locked,
        };
        let artifacts = build::build(&workspace, &crates, &options, output)?;
        let reports = artifacts.iter().map(Report::new).collect::<Result<Vec<_>>>()?;
        match self.format {
            Format::Json => output.json(&serde_json::json!({ "artifacts": reports })),
            Format::Text => {
                for report in &reports {
                    output.data(&report.text());
                }
                Ok(())
            }
        }
    }
}

impl<'a> Report<'a> {
    fn new(artifact: &'a Artifact) -> Result<Self> {
        let module = std::fs::read(&artifact.wasm).map_err(|error| {
            Failure::failed(format!("cannot read `{}`", artifact.wasm.display())).because(&error)
        })?;
        Ok(Self {
            package: &artifact.filter_crate.name,
            version: &artifact.filter_crate.version,
            wasm: &artifact.wasm,
            symbols: artifact.symbols.as_deref(),
            bytes: module.len(),
            gzip_bytes: gzip_size(&module),
            sha256: Sha256::digest(&module).iter().map(|byte| format!("{byte:02x}")).collect(),
            filter: artifact.filter_crate.filter.as_ref(),
        })
    }

    fn text(&self) -> String {
        let symbols = self.symbols.map_or_else(
            || "none: wasm-opt has moved the code".to_owned(),
            |symbols| symbols.display().to_string(),
        );
        format!(
            "{}\n  size     {} ({} gzipped)\n  sha256   {}\n  symbols  {symbols}\n",
            self.wasm.display(),
            output::bytes(self.bytes),
            output::bytes(self.gzip_bytes),
            self.sha256,
        )
    }
}

/// The size under gzip at its best level, as registries and downloads compress.
pub(crate) fn gzip_size(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map(|compressed| compressed.len()).unwrap_or_default()
}
