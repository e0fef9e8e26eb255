//! `push`: a packed filter to a registry.

use std::path::PathBuf;

use serde::Serialize;

use super::package::{self, Pack};
use crate::failure::{Failure, Result};
use crate::image::digest::Digest;
use crate::image::folder::Folder;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::store::{Store, Which};
use crate::image::{accept, transfer};
use crate::output::{self, Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter push                      this crate, to where it says
  cargo mesh-filter push registry.example.com/team/jwt:1.2
  cargo mesh-filter push --image jwt.oci localhost:5000/jwt

Builds and packs the crate as `package` does, and sends what the registry does
not have yet. Nothing is sent that proxies would not load.

Exit codes: 0 pushed, 1 the build or the registry failed, 2 wrong usage,
3 a tool is missing";

/// Push a filter's image to a registry
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// Where to; without a tag the crate's version is taken [default: `image` of the crate's metadata]
    #[arg(value_name = "REF")]
    reference: Option<String>,
    /// Push this packed image instead of the crate
    #[arg(long, value_name = "DIR", conflicts_with = "package")]
    image: Option<PathBuf>,
    /// Push this package
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print what was pushed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Report {
    reference: String,
    digest: Digest,
    sent_blobs: usize,
    sent_bytes: u64,
    kept_blobs: usize,
}

impl Args {
    /// Packs where there is something to pack, and pushes.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let (folder, default, version) = self.source(output)?;
        let text = self.reference.clone().or(default).ok_or_else(|| {
            Failure::usage("there is no REF to push to")
                .help("name one, or set `image` in `[package.metadata.mesh-filter]` of Cargo.toml")
        })?;
        let target = open::reference(&text)?.or_tag(version.as_deref().unwrap_or("latest"));
        let which = target.which();
        if let Which::Digest(_) = which {
            return Err(Failure::usage(format!("`{target}` has a digest: images are pushed to tags")));
        }
        let source = open::reference(&format!("oci:{}", folder.display()))?;
        let from = Folder::new(&folder);
        let only = source.which();
        accept::accept(&from, &only, &mut |_| ()).map_err(|error| open::refused(&source, &error))?;
        let stored = from.manifest(&only).map_err(|error| failed(&source, &error))?;
        let to = self.registry.open(&target)?;
        let mut told = |digest: &str, so_far, size| open::show(output, "Pushing", digest, so_far, size);
        let copied = transfer::copy(&from, &stored, &*to, &which, &mut told);
        output.live(None);
        let copied = copied.map_err(|error| failed(&target, &error))?;
        let digest = stored.digest();
        let report = Report {
            reference: target.to_string(),
            digest,
            sent_blobs: copied.sent,
            sent_bytes: copied.bytes,
            kept_blobs: copied.kept,
        };
        match self.format {
            Format::Json => output.json(&report),
            Format::Text => {
                output.data(&report.text());
                Ok(())
            }
        }
    }

    /// The folder with the image, and what the crate says about its place.
    fn source(&self, output: &Output) -> Result<(PathBuf, Option<String>, Option<String>)> {
        if let Some(folder) = &self.image {
            if !Folder::new(folder).is_layout() {
                return Err(Failure::usage(format!("`{}` is no folder with an image", folder.display()))
                    .help("`cargo mesh-filter package` makes one"));
            }
            return Ok((folder.clone(), None, None));
        }
        let mut packed = package::pack_crates(&Pack::one(self.package.clone()), output)?;
        match (packed.pop(), packed.len()) {
            (Some(one), 0) => Ok((one.folder, one.repository, one.version)),
            (last, others) => {
                Err(Failure::usage(format!("{} crates were packed", others + usize::from(last.is_some())))
                    .help("choose one with `-p NAME`"))
            }
        }
    }
}

impl Report {
    fn text(&self) -> String {
        let Self { reference, digest, sent_blobs, sent_bytes, kept_blobs } = self;
        let sent = output::bytes(usize::try_from(*sent_bytes).unwrap_or(usize::MAX));
        format!(
            "{reference}\n  digest  {digest}\n  sent    {sent_blobs} blobs ({sent}), {kept_blobs} were there\n"
        )
    }
}
