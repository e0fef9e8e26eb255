//! Brings a plugin's module as the mesh would, with the same refusals.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use mesh_filter_mesh::declared::Code;
use mesh_filter_mesh::render::{Fetcher, Link, module_path};
use ureq::Agent;

use crate::failure::{Failure, Result};
use crate::image::accept;
use crate::image::digest::Digest;
use crate::image::open::{self, RegistryOptions};
use crate::image::reference::Reference;
use crate::image::store::Which;

/// Largest module that is taken, unpacked: what agents take.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How often a server is asked, with a pause that doubles.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);
/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The file with the module of a plugin; what is fetched goes into `folder`, named as agents do.
pub(crate) fn module(link: &Link<'_>, registry: &RegistryOptions, folder: &Path) -> Result<PathBuf> {
    let declared = &link.declared;
    let fetched = match (&declared.code, link.fetcher) {
        (Code::File(path), _) => return Ok(PathBuf::from(path)),
        (Code::Image(_), Fetcher::Envoy) => Err(Failure::failed(
            "Envoy fetches this one itself, and it knows no images: an `oci://` needs ECDS and Istio's agent",
        )),
        (Code::Image(image), _) => self::image(image, declared.sha256.as_deref(), registry),
        (Code::Http(url), fetcher) => http(url, declared.sha256.as_deref(), fetcher),
        (Code::Inline | Code::Missing, _) => Err(Failure::failed("it has no code that can be fetched")),
    };
    let (digest, bytes) = fetched?;
    let path = module_path(folder, &declared.code, digest.hex());
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        // Under its name it is always whole.
        let unfinished = path.with_extension(format!("unfinished-{}", std::process::id()));
        std::fs::write(&unfinished, &bytes)?;
        std::fs::rename(&unfinished, &path)
    };
    write().map_err(|error| Failure::failed(format!("cannot write `{}`", path.display())).because(&error))?;
    Ok(path)
}

fn image(image: &str, wanted: Option<&str>, registry: &RegistryOptions) -> Result<(Digest, Vec<u8>)> {
    // Never a folder, whatever there is here.
    let reference =
        Reference::parse(&format!("oci://{image}")).map_err(|error| Failure::usage(error.to_string()))?;
    let store = registry.open(&reference)?;
    let found = accept::accept(&*store, &reference.which(), &mut |_| {})
        .map_err(|error| open::refused(&reference, &error))?;
    let pinned = match reference.which() {
        Which::Digest(digest) => Some(digest.hex().to_owned()),
        Which::Tag(_) => None,
    };
    for wanted in wanted.map(str::to_owned).into_iter().chain(pinned) {
        if wanted != found.digest.hex() {
            let of = match &found.index {
                Some(index) if index.hex() == wanted => ", which is that of an index: pin its image instead",
                _ if Digest::of(&found.module).hex() == wanted => {
                    ", which is that of the module: pin the image instead"
                }
                _ => "",
            };
            return Err(Failure::failed(format!(
                "the checksum does not match: the image is `{}`, and `sha256:{wanted}` is wanted{of}",
                found.digest
            )));
        }
    }
    Ok((found.digest, found.module))
}

fn http(url: &str, wanted: Option<&str>, fetcher: Fetcher) -> Result<(Digest, Vec<u8>)> {
    if fetcher == Fetcher::Envoy && wanted.is_none() {
        return Err(Failure::failed("Envoy fetches this one itself, and refuses it without `sha256`"));
    }
    let body = get(url)?;
    // Envoy takes what it gets; agents unpack it first.
    let module = if fetcher == Fetcher::Envoy { body } else { unbox(body)? };
    let digest = Digest::of(&module);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != digest.hex()) {
        return Err(Failure::failed(format!(
            "the checksum does not match: the module is `{digest}`, and `sha256:{wanted}` is wanted"
        )));
    }
    Ok((digest, module))
}

fn get(url: &str) -> Result<Vec<u8>> {
    let agent: Agent = Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
    let mut pause = PAUSE;
    let mut tries = 0;
    loop {
        tries += 1;
        let body = agent
            .get(url)
            .call()
            .and_then(|mut response| response.body_mut().with_config().limit(LARGEST).read_to_vec());
        let error = match body {
            Ok(body) => return Ok(body),
            Err(error) => error,
        };
        let passes = match &error {
            ureq::Error::StatusCode(status) => *status >= 500 && ![501, 505, 511].contains(status),
            _ => true,
        };
        if tries >= TRIES || !passes {
            return Err(Failure::failed(format!("cannot fetch `{url}`")).because(&error));
        }
        std::thread::park_timeout(pause);
        pause *= 2;
    }
}

/// The module in what a server gave: taken out of gzip and tar as long as it is in one.
fn unbox(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let broken =
        |error: &std::io::Error| Failure::failed("what the server gave cannot be unpacked").because(error);
    loop {
        let mut inner = Vec::new();
        if bytes.starts_with(b"\0asm") {
            return Ok(bytes);
        } else if bytes.starts_with(&[0x1f, 0x8b]) {
            GzDecoder::new(bytes.as_slice())
                .take(LARGEST + 1)
                .read_to_end(&mut inner)
                .map_err(|error| broken(&error))?;
        } else if bytes.get(257..262) == Some(b"ustar") {
            let mut archive = tar::Archive::new(bytes.as_slice());
            let first = archive.entries().map_err(|error| broken(&error))?.next();
            let Some(entry) = first else {
                return Err(Failure::failed("the archive that the server gave is empty"));
            };
            entry.and_then(|mut entry| entry.read_to_end(&mut inner)).map_err(|error| broken(&error))?;
        } else {
            return Err(Failure::failed("what the server gave is no Wasm module"));
        }
        if inner.len() as u64 > LARGEST {
            return Err(Failure::failed("the module is larger than the 256 MiB that agents take"));
        }
        bytes = inner;
    }
}
