//! `verify`: whether an image is signed by a key, and what proxies make of it.

use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::image::accept::{self, Variant};
use crate::image::digest::Digest;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::signature::{self, PublicKey, Unverified};
use crate::output::{Format, Output};

const HELP: &str = "\
Examples:
  cargo mesh-filter verify registry.example.com/team/jwt:1.2 --key filter.pub
  cargo mesh-filter verify oci:mirror:1.2 --key filter.pub --format json

Neither Istio nor Envoy Gateway verifies signatures: verify before a resource is
written, and pin the digest that is printed. Signatures of cosign in its format
of `.sig` tags are known, by keys of ECDSA with P-256.

Exit codes: 0 signed by the key, and proxies load it; 1 not; 2 wrong usage or
no key";

/// Check an image's signature, and whether proxies load it
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// The image
    #[arg(value_name = "REF")]
    reference: String,
    /// The public key: a file, or `env://NAME` for a variable of the environment
    #[arg(long, value_name = "FILE")]
    key: String,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Report {
    reference: String,
    /// What was signed: the image, or the index that it is in.
    signed: Digest,
    manifest: Digest,
    module: Digest,
    layout: Variant,
}

impl Args {
    /// Verifies.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let reference = open::reference(&self.reference)?;
        let pem = open::key(&self.key)?;
        let key = PublicKey::read(&pem).map_err(|error| {
            Failure::usage(format!("`{}` cannot be used to verify", self.key)).because(&error)
        })?;
        let store = self.registry.open(&reference)?;
        let accepted = accept::accept(&*store, &reference.which(), &mut |_| ())
            .map_err(|error| open::refused(&reference, &error))?;
        // Of an index the index, or else the image that proxies take from it.
        let signed = accepted.index.clone().unwrap_or_else(|| accepted.digest.clone());
        let verified = match signature::verify(&*store, &signed, &key) {
            Err(Unverified::Unsigned(_)) if signed != accepted.digest => {
                signature::verify(&*store, &accepted.digest, &key).map(|_| accepted.digest.clone())
            }
            verified => verified.map(|_| signed),
        };
        let signed = verified.map_err(|error| match error {
            Unverified::Store(error) => failed(&reference, &error),
            error => {
                Failure::failed(format!("`{reference}` is not signed by `{}`", self.key)).because(&error)
            }
        })?;
        let report = Report {
            reference: reference.to_string(),
            signed,
            manifest: accepted.digest,
            module: Digest::of(&accepted.module),
            layout: accepted.variant,
        };
        match self.format {
            Format::Json => output.json(&report),
            Format::Text => {
                output.data(&report.text());
                Ok(())
            }
        }
    }
}

impl Report {
    fn text(&self) -> String {
        let Self { reference, signed, manifest, module, layout } = self;
        format!(
            "{reference}\n  signed    {signed}\n  layout    {}\n  manifest  {manifest}\n            pin this one: `sha256` of resources with \
             an oci:// URL, or `@sha256:` in it\n  module    {module}\n            `sha256` of http(s):// URLs, and of Envoy's remote code\n",
            layout.text()
        )
    }
}
