//! How commands reach the images that they are given by REF.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::image::accept::Refused;
use crate::image::folder::Folder;
use crate::image::reference::{Reference, Repository};
use crate::image::referrers;
use crate::image::registry::{Connection, Registry};
use crate::image::signature;
use crate::image::store::{Store, StoreError};
use crate::output::{self, Output};

/// What REF may be, for help texts.
pub(crate) const REF: &str = "\
REF is [oci://]HOST[:PORT]/NAME[:TAG][@sha256:DIGEST] for a registry, or
oci:DIR[:TAG] for a folder in the OCI image layout. Credentials are those of
docker and podman: their files, and credential helpers.";

/// How registries are reached, as every command has it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RegistryOptions {
    /// Talk to the registry without TLS; one on this machine needs no flag
    #[arg(long)]
    plain_http: bool,
    /// Trust these authorities (PEM) in place of the usual ones
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// How long one request to the registry may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// Reads a REF of the command line. Without a tag a folder's only image is meant.
pub(crate) fn reference(text: &str) -> Result<Reference> {
    let reference = Reference::parse(text).map_err(|error| Failure::usage(error.to_string()).help(REF))?;
    if let Reference::Folder(path, None) = &reference
        && let Ok(tags) = Folder::new(path).tags()
        && let [only] = tags.iter().filter(|tag| !is_beside(tag)).collect::<Vec<_>>().as_slice()
    {
        return Ok(reference.clone().or_tag(only));
    }
    Ok(reference)
}

/// Whether a tag is of something about an image.
fn is_beside(tag: &str) -> bool {
    signature::is_place(tag) || referrers::is_place(tag)
}

impl RegistryOptions {
    /// Whether TLS is done without.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain_http
    }

    /// Whether authorities are trusted that others do not know.
    pub(crate) fn has_ca(&self) -> bool {
        self.ca_file.is_some()
    }

    /// The place that a reference names.
    pub(crate) fn open(&self, reference: &Reference) -> Result<Box<dyn Store>> {
        match reference {
            Reference::Folder(path, _) => Ok(Box::new(Folder::new(path))),
            Reference::Registry(repository, _) => {
                let registry = Registry::new(repository.clone(), &self.connection());
                Ok(Box::new(registry.map_err(|error| failed(reference, &error))?))
            }
        }
    }

    /// Whether a registry takes who we are: `true` where credentials are known for it.
    pub(crate) fn greet(&self, repository: &Repository) -> Result<bool> {
        let greeted =
            Registry::new(repository.clone(), &self.connection()).and_then(|registry| registry.greet());
        greeted.map_err(|error| failed(&Reference::Registry(repository.clone(), None), &error))
    }

    fn connection(&self) -> Connection {
        Connection {
            plain_http: self.plain_http,
            ca_file: self.ca_file.clone(),
            timeout: Duration::from_secs(self.timeout),
        }
    }
}

/// The text of a key: a file's, or that of `env://NAME`.
pub(crate) fn key(from: &str) -> Result<String> {
    match from.strip_prefix("env://") {
        Some(name) => std::env::var(name).map_err(|_| {
            Failure::usage(format!("there is no variable `{name}` in the environment, or it is no text"))
        }),
        None => std::fs::read_to_string(from)
            .map_err(|error| Failure::usage(format!("cannot read the key `{from}`")).because(&error)),
    }
}

/// A failure of a store, with what to do about it.
pub(crate) fn failed(reference: &Reference, error: &StoreError) -> Failure {
    let failure = Failure::failed(format!("`{reference}` cannot be used")).because(error);
    match error {
        StoreError::Refused { status: 401 | 403, registry, .. } => {
            failure.help(format!("sign in with `docker login {registry}`, or check the account's rights"))
        }
        StoreError::Refused { status: 400, .. } if is_loopback(reference) => {
            failure.help("registries on this machine are taken to have no TLS; with `--ca-file` they have")
        }
        StoreError::Connection { .. } => {
            failure.help("is the registry's address right? `--plain-http` does without TLS, `--ca-file` trusts another authority")
        }
        _ => failure,
    }
}

fn is_loopback(reference: &Reference) -> bool {
    matches!(reference, Reference::Registry(repository, _) if repository.is_loopback())
}

/// An image that proxies would not load.
pub(crate) fn refused(reference: &Reference, error: &Refused) -> Failure {
    match error {
        Refused::Store(error) => failed(reference, error),
        error => Failure::failed(format!("proxies do not load `{reference}`"))
            .because(error)
            .help("`cargo mesh-filter package` makes images that they load"),
    }
}

/// Shows how far a transfer is, in place of the line before.
pub(crate) fn show(output: &Output, verb: &str, digest: &str, so_far: u64, size: u64) {
    let bytes = |size: u64| output::bytes(usize::try_from(size).unwrap_or(usize::MAX));
    let name: String = digest.chars().take("sha256:".len() + 12).collect();
    output.live(Some((verb, &format!("{name} {} of {}", bytes(so_far), bytes(size)))));
}
