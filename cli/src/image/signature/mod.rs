//! Signatures as cosign keeps them: beside the image, at the tag `sha256-<hex>.sig`, a layer for each ("simple signing").
//!
//! ```text
//!   digest ──► payload ── key ──► signature        layer: the payload, annotated with the signature
//! ```
//!
//! A signature is over the payload's bytes, ECDSA with P-256 and SHA-256. Signatures are added, never replaced.

mod key;
mod payload;

pub(crate) use key::{PublicKey, SigningKey};

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::digest::Digest;
use super::manifest::{Descriptor, Manifest, OCI_CONFIG, OCI_MANIFEST, SignatureConfig};
use super::store::{Store, StoreError, Stored, Which};
use payload::Payload;

/// A layer with a payload.
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation with the signature, in base64.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The largest payload that is read, in bytes.
const LARGEST_PAYLOAD: u64 = 64 * 1024;

/// What signing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    Added,
    /// This key has signed it before.
    Known,
}

/// What is to be done about the signatures of a copy.
#[derive(Debug)]
pub(crate) enum Plan {
    Nothing,
    /// The source's manifest goes as it is.
    Whole(Stored),
    /// Some are to be added to those of the target.
    Add {
        new: Vec<Descriptor>,
        to: Vec<Descriptor>,
    },
}

/// Why an image does not count as signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unverified {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no signature of `{0}`")]
    Unsigned(Digest),
    #[error("of {count} signatures of `{digest}` none is by this key: {reasons}")]
    NoneFits { digest: Digest, count: usize, reasons: String },
}

/// Where the signatures of an image are.
pub(crate) fn place(digest: &Digest) -> Which {
    Which::Tag(format!("sha256-{}.sig", digest.hex()))
}

/// Whether a tag is that of signatures.
pub(crate) fn is_place(tag: &str) -> bool {
    tag.starts_with("sha256-") && tag.ends_with(".sig")
}

/// Signs an image of `repository`, beside the signatures that it has.
pub(crate) fn sign(
    store: &dyn Store,
    repository: &str,
    digest: &Digest,
    key: &SigningKey,
) -> Result<Signed, StoreError> {
    let mut manifest = existing(store, digest)?;
    let public = key.public();
    for layer in manifest.iter().flat_map(|manifest| &manifest.layers) {
        if check(store, layer, digest, &public)?.is_ok() {
            return Ok(Signed::Known);
        }
    }
    let payload = Payload::new(repository, digest).json();
    let signature = STANDARD.encode(key.sign(&payload));
    let layer = Descriptor {
        annotations: BTreeMap::from([(SIGNATURE.to_owned(), signature)]),
        ..Descriptor::of(SIMPLE_SIGNING, &payload)
    };
    if !store.has_blob(&layer)? {
        store.put_blob(&layer, &payload, &mut |_| ())?;
    }
    let mut layers = manifest.take().map(|manifest| manifest.layers).unwrap_or_default();
    layers.push(layer);
    write(store, digest, layers)?;
    Ok(Signed::Added)
}

/// What has to be done so that the target has all signatures of an image that the source has, and keeps its own.
pub(crate) fn plan(from: &dyn Store, to: &dyn Store, digest: &Digest) -> Result<Plan, StoreError> {
    let stored = match from.manifest(&place(digest)) {
        Err(StoreError::Missing { .. }) => return Ok(Plan::Nothing),
        stored => stored?,
    };
    let ours = parsed(&stored, digest)?.layers;
    let theirs = existing(to, digest)?.map(|manifest| manifest.layers).unwrap_or_default();
    if theirs.iter().all(|layer| ours.contains(layer)) {
        return Ok(Plan::Whole(stored));
    }
    let new: Vec<_> = ours.into_iter().filter(|layer| !theirs.contains(layer)).collect();
    Ok(if new.is_empty() { Plan::Nothing } else { Plan::Add { new, to: theirs } })
}

/// Stores the manifest of these signatures, whose payloads are there.
pub(crate) fn write(store: &dyn Store, digest: &Digest, layers: Vec<Descriptor>) -> Result<(), StoreError> {
    let config = SignatureConfig::of(layers.iter().map(|layer| &layer.digest)).json();
    let descriptor = Descriptor::of(OCI_CONFIG, &config);
    if !store.has_blob(&descriptor)? {
        store.put_blob(&descriptor, &config, &mut |_| ())?;
    }
    let bytes = Manifest::with_layers(descriptor, layers).json();
    store.put_manifest(&place(digest), &Stored { media_type: OCI_MANIFEST.to_owned(), bytes })
}

/// Whether an image is signed by a key; gives how many signatures were looked at.
pub(crate) fn verify(store: &dyn Store, digest: &Digest, key: &PublicKey) -> Result<usize, Unverified> {
    let manifest = existing(store, digest)?.ok_or_else(|| Unverified::Unsigned(digest.clone()))?;
    let mut reasons: Vec<String> = Vec::new();
    for layer in &manifest.layers {
        match check(store, layer, digest, key)? {
            Ok(()) => return Ok(reasons.len() + 1),
            Err(reason) => reasons.push(reason.to_owned()),
        }
    }
    if manifest.layers.is_empty() {
        return Err(Unverified::Unsigned(digest.clone()));
    }
    reasons.sort_unstable();
    reasons.dedup();
    let count = manifest.layers.len();
    Err(Unverified::NoneFits { digest: digest.clone(), count, reasons: reasons.join("; ") })
}

fn existing(store: &dyn Store, digest: &Digest) -> Result<Option<Manifest>, StoreError> {
    match store.manifest(&place(digest)) {
        Ok(stored) => parsed(&stored, digest).map(Some),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn parsed(stored: &Stored, digest: &Digest) -> Result<Manifest, StoreError> {
    serde_json::from_slice(&stored.bytes).map_err(|error| StoreError::Malformed {
        what: format!("the manifest of signatures `{}`", place(digest)),
        error,
    })
}

/// Whether one signature is good; if not, why.
fn check(
    store: &dyn Store,
    layer: &Descriptor,
    digest: &Digest,
    key: &PublicKey,
) -> Result<Result<(), &'static str>, StoreError> {
    if layer.media_type != SIMPLE_SIGNING || layer.size > LARGEST_PAYLOAD {
        return Ok(Err("it has another format"));
    }
    let Some(signature) = layer.annotations.get(SIGNATURE).and_then(|text| STANDARD.decode(text).ok()) else {
        return Ok(Err("there is no signature in base64"));
    };
    let payload = match store.blob(layer, &mut |_| ()) {
        Err(StoreError::Digest { .. }) => return Ok(Err("its payload has been changed")),
        payload => payload?,
    };
    if !key.verifies(&payload, &signature) {
        return Ok(Err("the signature is not by this key, or not of this payload"));
    }
    // Only what is signed can be believed.
    Ok(if Payload::is_about(&payload, digest) { Ok(()) } else { Err("it is about another image") })
}
