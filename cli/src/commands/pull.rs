//! `pull`: an image's module, taken out as proxies take it out.

use std::path::PathBuf;

use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::image::accept;
use crate::image::digest::Digest;
use crate::image::open::{self, REF, RegistryOptions};
use crate::output::{self, Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter pull registry.example.com/team/jwt:1.2          writes jwt.wasm
  cargo mesh-filter pull oci://ghcr.example/jwt@sha256:4e5f.. --out plugin.wasm
  cargo mesh-filter copy REF oci:DIR                                the whole image

The procedure is that of Istio's agent and Envoy Gateway: what they refuse is
refused here, and says why. Everything is checked against its digest.

Exit codes: 0 pulled, 1 the registry failed, or proxies would refuse the image,
2 wrong usage";

/// Pull the module of an image as proxies do
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "REF")]
    reference: String,
    /// The file to write [default: the last part of the name, with .wasm]
    #[arg(long, short, value_name = "FILE.wasm")]
    out: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print what was pulled
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Report {
    file: PathBuf,
    bytes: usize,
    manifest: Digest,
    module: Digest,
}

impl Args {
    /// Pulls.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let reference = open::reference(&self.reference)?;
        let store = self.registry.open(&reference)?;
        let mut told = |so_far| open::show(output, "Pulling", &reference.to_string(), so_far, so_far);
        let accepted = accept::accept(&*store, &reference.which(), &mut told);
        output.live(None);
        let accepted = accepted.map_err(|error| open::refused(&reference, &error))?;
        let file = self.out.unwrap_or_else(|| reference.file_name().into());
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let new = folder.map_or_else(PathBuf::new, Into::into).join(format!(".pull-{}", std::process::id()));
        let written = std::fs::write(&new, &accepted.module).and_then(|()| std::fs::rename(&new, &file));
        written
            .map_err(|error| Failure::failed(format!("cannot write `{}`", file.display())).because(&error))?;
        let report = Report {
            file,
            bytes: accepted.module.len(),
            manifest: accepted.digest,
            module: Digest::of(&accepted.module),
        };
        match self.format {
            Format::Json => output.json(&report),
            Format::Text => {
                let Report { file, bytes, manifest, module } = &report;
                let size = output::bytes(*bytes);
                output.data(&format!(
                    "{}\n  size      {size}\n  manifest  {manifest}\n  module    {module}\n",
                    file.display()
                ));
                Ok(())
            }
        }
    }
}
