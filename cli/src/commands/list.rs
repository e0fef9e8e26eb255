//! `list`: the tags of a repository, or what refers to an image.

use std::fmt::Write;

use crate::failure::Result;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::reference::Reference;
use crate::image::referrers::{self, Referrer};
use crate::image::store::{Store, Which};
use crate::output::{self, Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter list registry.example.com/team/jwt
  cargo mesh-filter list oci:mirror --format json
  cargo mesh-filter list registry.example.com/team/jwt:1.2 --referrers

Referrers are files about an image, such as `push --attach` makes. Signatures
have tags: sha256-<hex>.sig.

Exit codes: 0 listed, 1 the registry failed, 2 wrong usage";

/// List the tags of a repository, or what refers to an image
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The repository; a tag says something with --referrers only
    #[arg(value_name = "REF")]
    reference: String,
    /// List what refers to the image instead: digest, size and type of each
    #[arg(long)]
    referrers: bool,
    /// Only those of this type
    #[arg(long, value_name = "TYPE", requires = "referrers")]
    artifact_type: Option<String>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// Lists.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let reference = open::reference(&self.reference)?;
        let store = self.registry.open(&reference)?;
        if self.referrers {
            return self.referrers(&reference, &*store, output);
        }
        let tags = store.tags().map_err(|error| failed(&reference, &error))?;
        match self.format {
            Format::Json => output.json(&serde_json::json!({ "tags": tags })),
            Format::Text => {
                output.data(&tags.iter().map(|tag| format!("{tag}\n")).collect::<String>());
                Ok(())
            }
        }
    }

    fn referrers(&self, reference: &Reference, store: &dyn Store, output: &Output) -> Result<()> {
        // What refers to an image may be there before the image is.
        let subject = match reference.which() {
            Which::Digest(digest) => digest,
            tag => store.manifest(&tag).map_err(|error| failed(reference, &error))?.digest(),
        };
        let mut all = referrers::of(store, &subject).map_err(|error| failed(reference, &error))?;
        if let Some(wanted) = &self.artifact_type {
            all.retain(|one| one.artifact_type.as_ref() == Some(wanted));
        }
        match self.format {
            Format::Json => output.json(&serde_json::json!({ "subject": subject, "referrers": all })),
            Format::Text => {
                output.data(&text(&all));
                Ok(())
            }
        }
    }
}

fn text(all: &[Referrer]) -> String {
    let mut text = String::new();
    for one in all {
        let kind = one.artifact_type.as_deref().unwrap_or("-");
        let size = output::bytes(usize::try_from(one.size).unwrap_or(usize::MAX));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {size:>9} {kind}", one.digest);
    }
    text
}
