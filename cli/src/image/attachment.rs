//! Files about an image, kept beside it: each in a manifest of its own, which refers to the image.

use std::collections::BTreeMap;
use std::path::Path;

use super::TITLE;
use super::digest::Digest;
use super::manifest::{Descriptor, Manifest, OCI_EMPTY, OCI_MANIFEST};
use super::referrers::{self, Referrer};
use super::store::{Store, StoreError, Stored, Which};
use super::transfer::{self, Copied};

/// The largest file that is attached, in bytes: it is held in memory.
pub(crate) const LARGEST: u64 = 256 * 1024 * 1024;
/// The configuration of what has none.
const EMPTY: &[u8] = b"{}";

/// A file about an image.
#[derive(Debug)]
pub(crate) struct Attachment {
    /// What it is, as a media type.
    pub(crate) artifact_type: String,
    /// The file's name.
    pub(crate) title: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A file that was attached to an image.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// Of its manifest.
    pub(crate) digest: Digest,
    pub(crate) artifact_type: String,
    /// The file's name, without folders.
    pub(crate) title: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFetched {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("nothing of the type `{wanted}` refers to `{subject}`{}", others(there))]
    None { subject: Digest, wanted: String, there: Vec<String> },
    #[error("{} of the type `{wanted}` refer to `{subject}`: {}", found.len(), texts(found))]
    Several { subject: Digest, wanted: String, found: Vec<Digest> },
    #[error("`{digest}` has {layers} contents, and one was expected")]
    NotOne { digest: Digest, layers: usize },
    #[error("`{digest}` has {size} bytes, more than the {LARGEST} that are read")]
    TooLarge { digest: Digest, size: u64 },
}

/// Attaches a file to the image; gives the manifest's digest, and what was sent.
pub(crate) fn attach(
    store: &dyn Store,
    subject: &Stored,
    attachment: Attachment,
    told: &mut dyn FnMut(&str, u64, u64),
) -> Result<(Digest, Copied), StoreError> {
    let Attachment { artifact_type, title, bytes, annotations } = attachment;
    let layer = Descriptor {
        annotations: BTreeMap::from([(TITLE.to_owned(), title)]),
        ..Descriptor::of(&artifact_type, &bytes)
    };
    let config = Descriptor::of(OCI_EMPTY, EMPTY);
    let mut copied = Copied::default();
    for (descriptor, bytes) in [(&config, EMPTY), (&layer, &bytes)] {
        transfer::send(store, descriptor, told, &mut copied, |_| Ok(bytes.into()))?;
    }
    let manifest = Manifest {
        artifact_type: Some(artifact_type),
        subject: Some(Descriptor::of(&subject.media_type, &subject.bytes)),
        annotations,
        ..Manifest::with_layers(config, vec![layer])
    };
    let stored = Stored { media_type: OCI_MANIFEST.to_owned(), bytes: manifest.json() };
    let digest = stored.digest();
    store.put_manifest(&Which::Digest(digest.clone()), &stored)?;
    Ok((digest, copied))
}

/// The one file of this type that refers to the image; or the image's own content where it is of this type itself.
pub(crate) fn fetch(
    store: &dyn Store,
    which: &Which,
    wanted: &str,
    told: &mut dyn FnMut(u64),
) -> Result<Fetched, NotFetched> {
    let subject = store.manifest(which)?;
    let stored = match own_type(&subject) {
        Some(own) if own == wanted => subject,
        _ => store.manifest(&Which::Digest(only(store, subject.digest(), wanted)?))?,
    };
    let digest = stored.digest();
    let manifest: Manifest = serde_json::from_slice(&stored.bytes)
        .map_err(|error| StoreError::Malformed { what: format!("the manifest `{digest}`"), error })?;
    let [layer] = manifest.layers.as_slice() else {
        return Err(NotFetched::NotOne { digest, layers: manifest.layers.len() });
    };
    if layer.size > LARGEST {
        return Err(NotFetched::TooLarge { digest: layer.digest.clone(), size: layer.size });
    }
    let title = layer.annotations.get(TITLE).map(Path::new).and_then(Path::file_name);
    Ok(Fetched {
        artifact_type: wanted.to_owned(),
        title: title.map(|title| title.to_string_lossy().into_owned()),
        bytes: store.blob(layer, told)?,
        digest,
    })
}

fn own_type(stored: &Stored) -> Option<String> {
    let manifest: Option<Manifest> = serde_json::from_slice(&stored.bytes).ok();
    manifest.and_then(|manifest| manifest.artifact_type)
}

fn only(store: &dyn Store, subject: Digest, wanted: &str) -> Result<Digest, NotFetched> {
    let all = referrers::of(store, &subject)?;
    let fits = |one: &&Referrer| one.artifact_type.as_deref() == Some(wanted);
    let found: Vec<_> = all.iter().filter(fits).map(|one| one.digest.clone()).collect();
    let wanted = wanted.to_owned();
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let mut there: Vec<_> = all.into_iter().filter_map(|one| one.artifact_type).collect();
            there.sort_unstable();
            there.dedup();
            Err(NotFetched::None { subject, wanted, there })
        }
        _ => Err(NotFetched::Several { subject, wanted, found }),
    }
}

fn others(there: &[String]) -> String {
    if there.is_empty() { String::new() } else { format!("; there are: {}", there.join(", ")) }
}

fn texts(digests: &[Digest]) -> String {
    digests.iter().map(Digest::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether a text is a media type, as registries take it (RFC 6838, section 4.2).
pub(crate) fn is_media_type(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    let is_name = |name: &str| {
        (1..=127).contains(&name.len())
            && name.bytes().all(fits)
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    text.split_once('/').is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_two_names() {
        for text in ["text/plain", "application/vnd.cyclonedx+json", "a/b"] {
            assert!(is_media_type(text), "{text}");
        }
        for text in ["", "sbom", "a/", "/b", "a/b/c", "a/b c", "text/plain; charset=utf-8", ".a/b"] {
            assert!(!is_media_type(text), "{text}");
        }
    }
}
