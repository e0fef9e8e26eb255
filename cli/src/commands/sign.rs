//! `sign`: says with a key that an image is the one that was meant.

use crate::failure::{Failure, Result};
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::reference::Reference;
use crate::image::signature::{self, Signed, SigningKey};
use crate::output::Output;

const HELP: &str = "\
Examples:
  openssl ecparam -genkey -name prime256v1 -noout -out filter.key
  openssl pkey -in filter.key -pubout -out filter.pub
  cargo mesh-filter sign registry.example.com/team/jwt:1.2 --key filter.key
  cargo mesh-filter sign registry.example.com/team/jwt:1.2 --key env://SIGNING_KEY

The signature is one that cosign verifies (`cosign verify --key filter.pub
--insecure-ignore-tlog`), kept beside the image at the tag sha256-<hex>.sig. Those
of other keys stay. Keys are ECDSA with P-256, in PEM, not encrypted.

Exit codes: 0 signed, 1 the registry failed, 2 wrong usage or no key";

/// Sign an image, so that `verify` and cosign know it
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "REF")]
    reference: String,
    /// The private key: a file, or `env://NAME` for a variable of the environment
    #[arg(long, value_name = "FILE")]
    key: String,
    #[command(flatten)]
    registry: RegistryOptions,
}

impl Args {
    /// Signs.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let reference = open::reference(&self.reference)?;
        let pem = open::key(&self.key)?;
        let key = SigningKey::read(&pem).map_err(|error| {
            Failure::usage(format!("`{}` cannot be used to sign", self.key)).because(&error)
        })?;
        let store = self.registry.open(&reference)?;
        let stored = store.manifest(&reference.which()).map_err(|error| failed(&reference, &error))?;
        let digest = stored.digest();
        let repository = match &reference {
            Reference::Registry(repository, _) => repository.to_string(),
            Reference::Folder(..) => String::new(),
        };
        let signed = signature::sign(&*store, &repository, &digest, &key)
            .map_err(|error| failed(&reference, &error))?;
        let what = match signed {
            Signed::Added => "signed",
            Signed::Known => "was signed by this key before",
        };
        output.data(&format!("{reference}\n  digest  {digest}\n  {what}\n"));
        Ok(())
    }
}
