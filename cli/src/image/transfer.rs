//! Copies an image from one store to another: what is there already is not sent again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::digest::Digest;
use super::manifest::{Descriptor, Index, Manifest};
use super::referrers;
use super::signature::{self, Plan};
use super::store::{Store, StoreError, Stored, Which};

/// How deep indexes may stand in each other, and how long a chain of what refers to what refers to an image may be.
const DEEPEST: usize = 4;

/// What a copy did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Blobs that were sent.
    pub(crate) sent: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Blobs that were there.
    pub(crate) kept: usize,
    /// Manifests that refer to the image and came along.
    pub(crate) referrers: usize,
    /// What is listed as such a manifest, and is not there or refers to something else.
    pub(crate) stale: Vec<Digest>,
}

/// One copy on its way.
struct Transfer<'a> {
    from: &'a dyn Store,
    to: &'a dyn Store,
    told: &'a mut dyn FnMut(&str, u64, u64),
    copied: Copied,
    /// What has been copied: the image, and those of an index.
    manifests: BTreeSet<Digest>,
}

/// Copies the image with all that belongs to it, its manifest last: whoever finds it finds everything.
/// `told` is called with the blob at hand and its bytes so far.
pub(crate) fn copy(
    from: &dyn Store,
    stored: &Stored,
    to: &dyn Store,
    which: &Which,
    told: &mut dyn FnMut(&str, u64, u64),
) -> Result<Copied, StoreError> {
    let mut transfer = Transfer::new(from, to, told);
    transfer.image(stored, which)?;
    Ok(transfer.copied)
}

/// The same, and then the signatures of the image and what refers to it.
pub(crate) fn copy_with_referrers(
    from: &dyn Store,
    stored: &Stored,
    to: &dyn Store,
    which: &Which,
    told: &mut dyn FnMut(&str, u64, u64),
) -> Result<Copied, StoreError> {
    let mut transfer = Transfer::new(from, to, told);
    transfer.image(stored, which)?;
    for digest in transfer.manifests.clone() {
        transfer.companions(&digest, DEEPEST)?;
    }
    Ok(transfer.copied)
}

/// Sends a blob that is not there; its bytes are asked for only then.
pub(crate) fn send<'a>(
    to: &dyn Store,
    blob: &Descriptor,
    told: &mut dyn FnMut(&str, u64, u64),
    copied: &mut Copied,
    bytes: impl FnOnce(&mut dyn FnMut(u64)) -> Result<Cow<'a, [u8]>, StoreError>,
) -> Result<(), StoreError> {
    if to.has_blob(blob)? {
        copied.kept += 1;
        return Ok(());
    }
    let name = blob.digest.to_string();
    let mut told = |so_far| told(&name, so_far, blob.size);
    let bytes = bytes(&mut told)?;
    to.put_blob(blob, &bytes, &mut told)?;
    copied.sent += 1;
    copied.bytes += bytes.len() as u64;
    Ok(())
}

impl<'a> Transfer<'a> {
    fn new(from: &'a dyn Store, to: &'a dyn Store, told: &'a mut dyn FnMut(&str, u64, u64)) -> Self {
        Self { from, to, told, copied: Copied::default(), manifests: BTreeSet::new() }
    }

    fn image(&mut self, stored: &Stored, which: &Which) -> Result<(), StoreError> {
        self.contents(stored, DEEPEST)?;
        if !self.to.manifest(which).is_ok_and(|known| known.bytes == stored.bytes) {
            self.to.put_manifest(which, stored)?;
        }
        Ok(())
    }

    fn contents(&mut self, stored: &Stored, depth: usize) -> Result<(), StoreError> {
        let malformed =
            |error| StoreError::Malformed { what: format!("the manifest `{}`", stored.digest()), error };
        self.manifests.insert(stored.digest());
        if stored.is_index() {
            let index: Index = serde_json::from_slice(&stored.bytes).map_err(malformed)?;
            if depth == 0 {
                return Err(StoreError::Missing {
                    what: format!("image: more than {DEEPEST} indexes in each other"),
                });
            }
            for entry in index.manifests {
                let which = Which::Digest(entry.digest);
                let child = self.from.manifest(&which)?;
                self.contents(&child, depth - 1)?;
                self.to.put_manifest(&which, &child)?;
            }
            return Ok(());
        }
        let manifest: Manifest = serde_json::from_slice(&stored.bytes).map_err(malformed)?;
        manifest.layers.iter().chain([&manifest.config]).try_for_each(|blob| self.blob(blob))
    }

    fn blob(&mut self, blob: &Descriptor) -> Result<(), StoreError> {
        let bytes = |told: &mut dyn FnMut(u64)| self.from.blob(blob, told).map(Cow::Owned);
        send(self.to, blob, self.told, &mut self.copied, bytes)
    }

    /// Signatures and referrers are of a digest, so they go with it; and those of referrers with them.
    fn companions(&mut self, digest: &Digest, depth: usize) -> Result<(), StoreError> {
        match signature::plan(self.from, self.to, digest)? {
            Plan::Nothing => {}
            Plan::Whole(signatures) => {
                self.contents(&signatures, DEEPEST)?;
                self.to.put_manifest(&signature::place(digest), &signatures)?;
            }
            Plan::Add { new, to: mut all } => {
                new.iter().try_for_each(|payload| self.blob(payload))?;
                all.extend(new);
                signature::write(self.to, digest, all)?;
            }
        }
        if depth == 0 {
            return Ok(());
        }
        for listed in self.from.referrers(digest)? {
            if self.manifests.contains(&listed.digest) {
                continue;
            }
            let which = Which::Digest(listed.digest.clone());
            let referrer = match self.from.manifest(&which) {
                Err(StoreError::Missing { .. }) => None,
                Err(error) => return Err(error),
                Ok(stored) => {
                    let about = referrers::entry(&stored)?.map(|(about, _)| about);
                    (about.as_ref() == Some(digest)).then_some(stored)
                }
            };
            let Some(referrer) = referrer else {
                self.copied.stale.push(listed.digest);
                continue;
            };
            self.contents(&referrer, DEEPEST)?;
            self.to.put_manifest(&which, &referrer)?;
            self.copied.referrers += 1;
            self.companions(&listed.digest, depth - 1)?;
        }
        Ok(())
    }
}
