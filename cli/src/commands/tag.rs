//! `tag`: another name for an image that is in its place already.

use crate::failure::{Failure, Result};
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::reference::is_tag;
use crate::image::store::Which;
use crate::output::Output;

const HELP: &str = "\
Examples:
  cargo mesh-filter tag registry.example.com/jwt:1.2.0 1.2
  cargo mesh-filter tag registry.example.com/jwt@sha256:4e5f.. stable

Exit codes: 0 tagged, 1 the registry failed, 2 wrong usage";

/// Give an image another tag
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "REF")]
    reference: String,
    /// The new tag
    #[arg(value_name = "TAG")]
    tag: String,
    #[command(flatten)]
    registry: RegistryOptions,
}

impl Args {
    /// Tags.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let reference = open::reference(&self.reference)?;
        if !is_tag(&self.tag) {
            return Err(Failure::usage(format!("`{}` is no tag", self.tag))
                .help("letters, digits, `.`, `_` and `-`, at most 128"));
        }
        let store = self.registry.open(&reference)?;
        let stored = store.manifest(&reference.which()).map_err(|error| failed(&reference, &error))?;
        store
            .put_manifest(&Which::Tag(self.tag.clone()), &stored)
            .map_err(|error| failed(&reference, &error))?;
        output.data(&format!("{} {}\n", self.tag, stored.digest()));
        Ok(())
    }
}
