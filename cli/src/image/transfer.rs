//! Copies an image from one store to another: what is there already is not sent again.

use super::manifest::{Index, Manifest};
use super::store::{Store, StoreError, Stored, Which};

/// How deep indexes may stand in each other.
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
}

impl std::ops::AddAssign for Copied {
    fn add_assign(&mut self, more: Self) {
        self.sent += more.sent;
        self.bytes += more.bytes;
        self.kept += more.kept;
    }
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
    let mut copied = Copied::default();
    contents(from, stored, to, told, &mut copied, DEEPEST)?;
    if !to.manifest(which).is_ok_and(|known| known.bytes == stored.bytes) {
        to.put_manifest(which, stored)?;
    }
    Ok(copied)
}

fn contents(
    from: &dyn Store,
    stored: &Stored,
    to: &dyn Store,
    told: &mut dyn FnMut(&str, u64, u64),
    copied: &mut Copied,
    depth: usize,
) -> Result<(), StoreError> {
    let malformed =
        |error| StoreError::Malformed { what: format!("the manifest `{}`", stored.digest()), error };
    if stored.is_index() {
        let index: Index = serde_json::from_slice(&stored.bytes).map_err(malformed)?;
        if depth == 0 {
            return Err(StoreError::Missing {
                what: format!("image: more than {DEEPEST} indexes in each other"),
            });
        }
        for entry in index.manifests {
            let which = Which::Digest(entry.digest);
            let child = from.manifest(&which)?;
            contents(from, &child, to, told, copied, depth - 1)?;
            to.put_manifest(&which, &child)?;
        }
        return Ok(());
    }
    let manifest: Manifest = serde_json::from_slice(&stored.bytes).map_err(malformed)?;
    for blob in manifest.layers.iter().chain([&manifest.config]) {
        if to.has_blob(blob)? {
            copied.kept += 1;
            continue;
        }
        let name = blob.digest.to_string();
        let bytes = from.blob(blob, &mut |so_far| told(&name, so_far, blob.size))?;
        to.put_blob(blob, &bytes, &mut |so_far| told(&name, so_far, blob.size))?;
        copied.sent += 1;
        copied.bytes += bytes.len() as u64;
    }
    Ok(())
}
