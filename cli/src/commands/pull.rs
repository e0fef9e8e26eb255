//! `pull`: an image's module, taken out as proxies take it out; or a file that is attached to the image.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::image::accept;
use crate::image::attachment::{self, Fetched, NotFetched};
use crate::image::digest::Digest;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::reference::Reference;
use crate::output::{self, Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter pull registry.example.com/team/jwt:1.2          writes jwt.wasm
  cargo mesh-filter pull oci://ghcr.example/jwt@sha256:4e5f.. --out plugin.wasm
  cargo mesh-filter pull registry.example.com/team/jwt:1.2 \
    --artifact-type application/vnd.cyclonedx+json      a file attached to it
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
    /// The file to write [default: the last part of the name, with .wasm; or the attached file's name]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Pull the file of this type that is attached to the image
    #[arg(long, value_name = "TYPE")]
    artifact_type: Option<String>,
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
        if let Some(wanted) = &self.artifact_type {
            let fetched = attachment::fetch(&*store, &reference.which(), wanted, &mut told);
            output.live(None);
            return self.attached(fetched.map_err(|error| no_attachment(&reference, &error))?, output);
        }
        let accepted = accept::accept(&*store, &reference.which(), &mut told);
        output.live(None);
        let accepted = accepted.map_err(|error| open::refused(&reference, &error))?;
        let file = self.out.unwrap_or_else(|| reference.file_name().into());
        write(&file, &accepted.module)?;
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

    fn attached(&self, fetched: Fetched, output: &Output) -> Result<()> {
        let Fetched { digest, artifact_type, title, bytes } = fetched;
        let file = self.out.clone().or_else(|| title.map(PathBuf::from)).ok_or_else(|| {
            Failure::usage("the attached file has no name").help("name the file to write with --out")
        })?;
        write(&file, &bytes)?;
        let size = output::bytes(bytes.len());
        let (bytes, content) = (bytes.len(), Digest::of(&bytes));
        match self.format {
            Format::Json => output.json(&serde_json::json!({
                "file": file, "bytes": bytes, "manifest": digest, "content": content, "artifact_type": artifact_type,
            })),
            Format::Text => {
                output.data(&format!(
                    "{}\n  size      {size}\n  type      {artifact_type}\n  manifest  {digest}\n  content   {content}\n",
                    file.display()
                ));
                Ok(())
            }
        }
    }
}

/// Writes a file that is never seen half.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let new = folder.map_or_else(PathBuf::new, Into::into).join(format!(".pull-{}", std::process::id()));
    let written = std::fs::write(&new, bytes).and_then(|()| std::fs::rename(&new, file));
    written.map_err(|error| Failure::failed(format!("cannot write `{}`", file.display())).because(&error))
}

fn no_attachment(reference: &Reference, error: &NotFetched) -> Failure {
    let failure = match error {
        NotFetched::Store(error) => return failed(reference, error),
        error => Failure::failed(format!("`{reference}` has no such file")).because(error),
    };
    match error {
        NotFetched::Several { .. } => {
            failure.help("name the one that you mean by its digest: `NAME@sha256:..`")
        }
        _ => failure.help("`cargo mesh-filter list REF --referrers` shows what there is"),
    }
}
