//! A folder with images, as the OCI image layout has it: `oci-layout`, `index.json` and `blobs/sha256`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Image;
use super::digest::Digest;
use super::manifest::{Descriptor, Index, OCI_MANIFEST};
use super::referrers;
use super::store::{Store, StoreError, Stored, Which};

/// The file by which a folder is known as a layout, and what it says.
const MARKER: (&str, &str) = ("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
const INDEX: &str = "index.json";
/// The annotation that has an image's tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// A folder with images.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder at this path, which need not be there.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Whether there is a layout.
    pub(crate) fn is_layout(&self) -> bool {
        self.0.join(MARKER.0).is_file()
    }

    /// Writes a folder with this image alone, in place of the one that is there: readers see one or the other.
    pub(crate) fn replace(path: &Path, image: &Image, tag: &str) -> Result<(), StoreError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = |what: &str| path.with_file_name(format!(".{name}.{what}-{}", std::process::id()));
        let (new, old) = (beside("new"), beside("old"));
        remove(&new)?;
        let folder = Self::new(&new);
        folder.make()?;
        for blob in [&image.config, &image.layer.bytes, &image.manifest] {
            folder.write(&Digest::of(blob), blob)?;
        }
        let annotations = BTreeMap::from([(TAG.to_owned(), tag.to_owned())]);
        let descriptor = Descriptor { annotations, ..Descriptor::of(OCI_MANIFEST, &image.manifest) };
        folder.put(INDEX, &Index::new(vec![descriptor]).json())?;
        let moved = |from: &Path, to: &Path| {
            std::fs::rename(from, to)
                .map_err(|error| file(format!("move `{}` to `{}`", from.display(), to.display()), error))
        };
        if path.exists() {
            moved(path, &old)?;
        }
        moved(&new, path)?;
        remove(&old)
    }

    fn make(&self) -> Result<(), StoreError> {
        let blobs = self.0.join("blobs/sha256");
        std::fs::create_dir_all(&blobs)
            .map_err(|error| file(format!("make `{}`", blobs.display()), error))?;
        self.put(MARKER.0, MARKER.1.as_bytes())
    }

    fn place(&self, digest: &Digest) -> PathBuf {
        self.0.join("blobs/sha256").join(digest.hex())
    }

    fn write(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(&format!("blobs/sha256/{}", digest.hex()), bytes)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.0.join(name);
        // Whoever reads sees all of it or nothing.
        let new = self.0.join(format!(".new-{}", std::process::id()));
        let written = std::fs::write(&new, bytes).and_then(|()| std::fs::rename(&new, &path));
        written.map_err(|error| file(format!("write `{}`", path.display()), error))
    }

    fn read(&self, digest: &Digest, what: &str) -> Result<Vec<u8>, StoreError> {
        let path = self.place(digest);
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                StoreError::Missing { what: format!("{what} `{digest}` in `{}`", self.0.display()) }
            }
            _ => file(format!("read `{}`", path.display()), error),
        })?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(StoreError::Digest { expected: digest.clone(), found });
        }
        Ok(bytes)
    }

    fn index(&self) -> Result<Index, StoreError> {
        let path = self.0.join(INDEX);
        let text = std::fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                StoreError::Missing { what: format!("image layout in `{}`", self.0.display()) }
            }
            _ => file(format!("read `{}`", path.display()), error),
        })?;
        serde_json::from_slice(&text)
            .map_err(|error| StoreError::Malformed { what: format!("`{}`", path.display()), error })
    }
}

impl Store for Folder {
    fn manifest(&self, which: &Which) -> Result<Stored, StoreError> {
        let index = self.index()?;
        let is_it = |descriptor: &&Descriptor| match which {
            Which::Tag(tag) => descriptor.annotations.get(TAG) == Some(tag),
            Which::Digest(digest) => descriptor.digest == *digest,
        };
        let found = index.manifests.iter().find(is_it);
        let (digest, said) = match (found, which) {
            (Some(found), _) => (&found.digest, found.media_type.clone()),
            // One of an index that is there, for example.
            (None, Which::Digest(digest)) => (digest, String::new()),
            (None, Which::Tag(tag)) => {
                let what = format!("image with the tag `{tag}` in `{}`", self.0.display());
                return Err(StoreError::Missing { what });
            }
        };
        let bytes = self.read(digest, "image")?;
        let media_type = if said.is_empty() { own_media_type(&bytes) } else { said };
        Ok(Stored { media_type, bytes })
    }

    fn put_manifest(&self, which: &Which, stored: &Stored) -> Result<(), StoreError> {
        self.make()?;
        let digest = stored.digest();
        self.write(&digest, &stored.bytes)?;
        if let Some((subject, entry)) = referrers::entry(stored)? {
            referrers::add(self, &subject, entry)?;
        }
        let Which::Tag(tag) = which else { return Ok(()) };
        let mut index = match self.index() {
            Err(StoreError::Missing { .. }) => Index::new(Vec::new()),
            index => index?,
        };
        index.manifests.retain(|descriptor| descriptor.annotations.get(TAG) != Some(tag));
        let annotations = BTreeMap::from([(TAG.to_owned(), tag.clone())]);
        let descriptor = Descriptor { annotations, ..Descriptor::of(&stored.media_type, &stored.bytes) };
        index.manifests.push(descriptor);
        self.put(INDEX, &index.json())
    }

    fn blob(&self, descriptor: &Descriptor, told: &mut dyn FnMut(u64)) -> Result<Vec<u8>, StoreError> {
        let bytes = self.read(&descriptor.digest, "blob")?;
        told(bytes.len() as u64);
        Ok(bytes)
    }

    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, StoreError> {
        // One that is broken is written anew.
        Ok(self.read(&descriptor.digest, "blob").is_ok())
    }

    fn put_blob(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        told: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        self.make()?;
        self.write(&descriptor.digest, bytes)?;
        told(bytes.len() as u64);
        Ok(())
    }

    /// Those of the tag, and those that stand in the folder's own list, where some tools put them.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, StoreError> {
        let mut all = referrers::listed(self, subject)?;
        for listed in self.index()?.manifests {
            let which = Which::Digest(listed.digest);
            let stored = match self.manifest(&which) {
                // A folder need not have everything that it lists.
                Err(StoreError::Missing { .. }) => continue,
                stored => stored?,
            };
            if let Some((about, entry)) = referrers::entry(&stored)?
                && about == *subject
                && all.iter().all(|known| known.digest != entry.digest)
            {
                all.push(entry);
            }
        }
        Ok(all)
    }

    fn tags(&self) -> Result<Vec<String>, StoreError> {
        let mut tags: Vec<_> =
            self.index()?.manifests.iter().filter_map(|entry| entry.annotations.get(TAG).cloned()).collect();
        tags.sort_unstable();
        Ok(tags)
    }
}

/// What a manifest says that it is; registries need the word.
fn own_media_type(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
    }
    let typed: Option<Typed> = serde_json::from_slice(bytes).ok();
    typed.and_then(|typed| typed.media_type).unwrap_or_else(|| OCI_MANIFEST.to_owned())
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(file(format!("remove `{}`", path.display()), error))
        }
        _ => Ok(()),
    }
}

fn file(what: String, error: std::io::Error) -> StoreError {
    StoreError::File { what, error }
}
