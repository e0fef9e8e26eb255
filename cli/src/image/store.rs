//! Where images are kept: a folder or a registry, the same to everything above.

use std::fmt;

use super::digest::Digest;
use super::manifest::{DOCKER_LIST, Descriptor, OCI_INDEX};

/// Which image of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    Tag(String),
    Digest(Digest),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// A manifest or an index as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// What its keeper says that it is.
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

impl Stored {
    /// Its digest.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Whether it is a list of images.
    pub(crate) fn is_index(&self) -> bool {
        [OCI_INDEX, DOCKER_LIST].contains(&self.media_type.as_str())
    }
}

/// Why a store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// It is not there.
    #[error("there is no {what}")]
    Missing {
        /// What was looked for.
        what: String,
    },
    /// Other bytes than their digest says.
    #[error(
        "`{expected}` arrived with the digest `{found}`: its bytes are broken, or not the ones that were asked for"
    )]
    Digest { expected: Digest, found: Digest },
    /// Not in the form that it has to be.
    #[error("{what} cannot be read")]
    Malformed {
        what: String,
        #[source]
        error: serde_json::Error,
    },
    /// Another thing is where the list of referrers has to be.
    #[error("the tag `{place}` has to be a list of what refers to an image, and is an image")]
    NoList { place: String },
    /// Files.
    #[error("cannot {what}")]
    File {
        what: String,
        #[source]
        error: std::io::Error,
    },
    /// The registry refuses.
    #[error("cannot {what}: {registry} answers {status}{said}")]
    Refused { registry: String, status: u16, what: String, said: String },
    /// The registry cannot be talked to.
    #[error("cannot {what} at {registry}")]
    Connection {
        registry: String,
        what: String,
        #[source]
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It says what registries do not say.
    #[error("{registry} answers {what}")]
    Protocol { registry: String, what: String },
}

/// A repository of images. Contents are checked against their digests whenever they are read.
pub(crate) trait Store {
    /// A manifest or an index.
    fn manifest(&self, which: &Which) -> Result<Stored, StoreError>;

    /// Keeps a manifest or an index; everything that it names must be there. One that refers to another is then among the
    /// [`referrers`](Self::referrers) of that.
    fn put_manifest(&self, which: &Which, stored: &Stored) -> Result<(), StoreError>;

    /// A blob, whole; `told` is called with the bytes so far.
    fn blob(&self, descriptor: &Descriptor, told: &mut dyn FnMut(u64)) -> Result<Vec<u8>, StoreError>;

    /// Whether a blob is there.
    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, StoreError>;

    /// Keeps a blob; `told` is called with the bytes so far.
    fn put_blob(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        told: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError>;

    /// What refers to a manifest, whether that is there or not.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, StoreError>;

    /// All tags, in the alphabet's order.
    fn tags(&self) -> Result<Vec<String>, StoreError>;
}
