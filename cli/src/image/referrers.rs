//! What refers to an image: manifests with a `subject`, such as lists of its parts and other files about it
//! (OCI distribution specification 1.1, "Listing Referrers").
//!
//! A registry that keeps no list leaves it to its clients: an index at the tag `sha256-<hex>`, which who stores a referrer keeps up.
//! Folders have the same tag, so that other tools find it there. It is read, changed and written: two who add at the same moment may
//! lose one of both, because registries have no way to exclude each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::manifest::{Descriptor, Index, OCI_INDEX};
use super::store::{Store, StoreError, Stored, Which};

/// What is said about one that refers to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Referrer {
    /// To what it refers.
    pub(crate) subject: Digest,
    pub(crate) digest: Digest,
    pub(crate) artifact_type: Option<String>,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A manifest, or an index, as far as it refers to another.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referring {
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The tag with the list of what refers to this.
pub(crate) fn place(digest: &Digest) -> Which {
    Which::Tag(format!("sha256-{}", digest.hex()))
}

/// Whether a tag is that of such a list.
pub(crate) fn is_place(tag: &str) -> bool {
    tag.strip_prefix("sha256-").is_some_and(|hex| Digest::try_from(format!("sha256:{hex}")).is_ok())
}

/// What refers to a manifest, as commands show it.
pub(crate) fn of(store: &dyn Store, subject: &Digest) -> Result<Vec<Referrer>, StoreError> {
    let shown = |entry: Descriptor| Referrer {
        subject: subject.clone(),
        digest: entry.digest,
        artifact_type: entry.artifact_type,
        media_type: entry.media_type,
        size: entry.size,
        annotations: entry.annotations,
    };
    Ok(store.referrers(subject)?.into_iter().map(shown).collect())
}

/// To what a manifest refers, and its entry in the list of that.
pub(crate) fn entry(stored: &Stored) -> Result<Option<(Digest, Descriptor)>, StoreError> {
    let referring: Referring = serde_json::from_slice(&stored.bytes).map_err(|error| {
        StoreError::Malformed { what: format!("the manifest `{}`", stored.digest()), error }
    })?;
    let Referring { subject, artifact_type, config, annotations } = referring;
    // Lists are searched by this: without a word of its own, a manifest is what its configuration is.
    let artifact_type = artifact_type
        .filter(|kind| !kind.is_empty())
        .or_else(|| config.map(|config| config.media_type))
        .filter(|kind| !kind.is_empty());
    let entry =
        Descriptor { artifact_type, annotations, ..Descriptor::of(&stored.media_type, &stored.bytes) };
    Ok(subject.map(|subject| (subject.digest, entry)))
}

/// What the tag of a manifest lists.
pub(crate) fn listed(store: &dyn Store, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
    Ok(list(store, subject)?.map(|list| list.manifests).unwrap_or_default())
}

/// Adds an entry to the list at the tag of a manifest, beside those that are there.
pub(crate) fn add(store: &dyn Store, subject: &Digest, entry: Descriptor) -> Result<(), StoreError> {
    let mut list = list(store, subject)?.unwrap_or_else(|| Index::new(Vec::new()));
    if list.manifests.iter().any(|known| known.digest == entry.digest) {
        return Ok(());
    }
    list.manifests.push(entry);
    store.put_manifest(&place(subject), &Stored { media_type: OCI_INDEX.to_owned(), bytes: list.json() })
}

fn list(store: &dyn Store, subject: &Digest) -> Result<Option<Index>, StoreError> {
    let place = place(subject);
    match store.manifest(&place) {
        // Written over, what another one keeps at this tag would be lost.
        Ok(stored) if !stored.is_index() => Err(StoreError::NoList { place: place.to_string() }),
        Ok(stored) => serde_json::from_slice(&stored.bytes).map(Some).map_err(|error| {
            StoreError::Malformed { what: format!("the list of referrers `{place}`"), error }
        }),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::manifest::OCI_MANIFEST;

    fn stored(json: &str) -> Stored {
        Stored { media_type: OCI_MANIFEST.to_owned(), bytes: json.as_bytes().to_vec() }
    }

    fn entry_of(more: &str) -> Option<(Digest, Descriptor)> {
        let digest = Digest::of(b"");
        let part = |kind: &str| format!(r#"{{"mediaType": "{kind}", "digest": "{digest}", "size": 0}}"#);
        let config = part("application/vnd.oci.empty.v1+json");
        entry(&stored(&format!(r#"{{"schemaVersion": 2, "config": {config}{more}}}"#))).unwrap()
    }

    #[test]
    fn an_entry_has_type_and_annotations_of_its_manifest() {
        let digest = Digest::of(b"subject");
        let subject = format!(r#", "subject": {{"mediaType": "x/y", "digest": "{digest}", "size": 7}}"#);
        let (about, entry) =
            entry_of(&format!(r#"{subject}, "artifactType": "text/plain", "annotations": {{"a": "b"}}"#))
                .unwrap();
        assert_eq!(about, digest);
        assert_eq!(entry.artifact_type.as_deref(), Some("text/plain"));
        assert_eq!(entry.annotations, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
        // Without a type of its own it is what its configuration is.
        let (_, entry) = entry_of(&subject).unwrap();
        assert_eq!(entry.artifact_type.as_deref(), Some("application/vnd.oci.empty.v1+json"));
        assert_eq!(entry_of(""), None);
    }

    #[test]
    fn tags_of_lists_are_known_from_others() {
        let hex = "0".repeat(64);
        assert!(is_place(&format!("sha256-{hex}")));
        for tag in [&*format!("sha256-{hex}.sig"), "sha256-00", "1.0", &hex] {
            assert!(!is_place(tag), "{tag}");
        }
    }
}
