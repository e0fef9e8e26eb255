//! `copy`: an image with all its parts to another place, the same to the byte.

use crate::failure::{Failure, Result};
use crate::image::delivery::Delivery;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::reference::Reference;
use crate::image::store::Which;
use crate::image::transfer;
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter copy registry.example.com/jwt:1.2 oci:mirror:1.2
  cargo mesh-filter copy oci:mirror:1.2 registry.internal/jwt

Manifests are never written anew: the digest stays. Signatures come along, and
what refers to the image. Without a tag the copy has that of the original. What
is there already is not sent again.

Exit codes: 0 copied, 1 a registry failed, 2 wrong usage";

/// Copy an image between registries and folders
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "REF")]
    from: String,
    /// Where to
    #[arg(value_name = "REF")]
    to: String,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print what was copied
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Args {
    /// Copies.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let (from, to) = (open::reference(&self.from)?, open::reference(&self.to)?);
        let to = match from.which() {
            Which::Tag(tag) => to.or_tag(&tag),
            Which::Digest(_) => to.or_tag("latest"),
        };
        let (source, target) = (self.registry.open(&from)?, self.registry.open(&to)?);
        let stored = source.manifest(&from.which()).map_err(|error| failed(&from, &error))?;
        if let Which::Digest(digest) = to.which()
            && digest != stored.digest()
        {
            return Err(Failure::usage(format!(
                "`{to}` names another digest than that of the image, `{}`",
                stored.digest()
            )));
        }
        let mut told = |digest: &str, so_far, size| open::show(output, "Copying", digest, so_far, size);
        let copied = transfer::copy_with_referrers(&*source, &stored, &*target, &to.which(), &mut told);
        output.live(None);
        let copied = copied.map_err(|error| match &to {
            Reference::Registry(..) => failed(&to, &error),
            Reference::Folder(..) => failed(&from, &error),
        })?;
        let delivery = Delivery::new(&to, stored.digest(), copied);
        match self.format {
            Format::Json => output.json(&delivery),
            Format::Text => {
                output.data(&delivery.text());
                Ok(())
            }
        }
    }
}
