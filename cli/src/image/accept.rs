//! What proxies make of an image: the procedure of Istio's agent, which Envoy Gateway shares.

use super::digest::Digest;
use super::layer::{self, LayerError};
use super::manifest::{DOCKER_LAYER, DOCKER_MANIFEST, Index, Manifest, OCI_LAYER, WASM_LAYER};
use super::store::{Store, StoreError, Stored, Which};

/// Proxies ask for this platform on every machine.
const PLATFORM: (&str, &str) = ("linux", "amd64");

/// Which of the three layouts an image has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Variant {
    /// Docker's, with the module in the last layer's archive.
    Docker,
    /// OCI's, with the module in the last layer's archive.
    Compat,
    /// OCI's, with the module as a layer of its own, and another layer.
    Wasm,
}

impl Variant {
    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Docker => "docker: an archive with plugin.wasm",
            Self::Compat => "compat: an archive with plugin.wasm",
            Self::Wasm => {
                "oci: the module as a layer of its own; kubelet's image volumes and docker do not take it"
            }
        }
    }
}

/// An image that proxies load.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The image manifest's: what `sha256` has to be.
    pub(crate) digest: Digest,
    /// The index in which it was found.
    pub(crate) index: Option<Digest>,
    pub(crate) variant: Variant,
    pub(crate) manifest: Manifest,
    pub(crate) module: Vec<u8>,
    pub(crate) runtime_config: Option<Vec<u8>>,
}

/// Why proxies do not load an image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the manifest is none of an image: {0}")]
    Manifest(serde_json::Error),
    #[error("the index has no image for {}/{}, which proxies ask for on every machine", PLATFORM.0, PLATFORM.1)]
    Platform,
    #[error("the image has no layer")]
    Empty,
    #[error(
        "no proxy loads this layout: its layers are {0}. Expected a last layer of `{OCI_LAYER}` with `plugin.wasm` in it, \
         or two layers of which one is `{WASM_LAYER}`"
    )]
    Layout(String),
    #[error("the last layer of an image in Docker's format has to be `{DOCKER_LAYER}`, and is `{0}`")]
    DockerLayer(String),
    #[error(transparent)]
    Layer(#[from] LayerError),
    #[error("`plugin.wasm` in the image is no Wasm module")]
    NoModule,
}

/// Finds the module as proxies do.
pub(crate) fn accept(
    store: &dyn Store,
    which: &Which,
    told: &mut dyn FnMut(u64),
) -> Result<Accepted, Refused> {
    let mut found = store.manifest(which)?;
    let mut index = None;
    if found.is_index() {
        index = Some(found.digest());
        found = store.manifest(&Which::Digest(child(&found)?))?;
    }
    let manifest: Manifest = serde_json::from_slice(&found.bytes).map_err(Refused::Manifest)?;
    let last = manifest.layers.last().ok_or(Refused::Empty)?;
    let is = |kind: &str| last.media_type == kind;
    let (variant, contents) = if manifest.media_type.as_deref() == Some(DOCKER_MANIFEST) {
        if !is(DOCKER_LAYER) {
            return Err(Refused::DockerLayer(last.media_type.clone()));
        }
        (Variant::Docker, layer::unpack(&store.blob(last, told)?)?)
    } else if is(OCI_LAYER) {
        (Variant::Compat, layer::unpack(&store.blob(last, told)?)?)
    } else {
        let raw = manifest.layers.iter().find(|layer| layer.media_type == WASM_LAYER);
        let raw = raw.filter(|_| manifest.layers.len() == 2).ok_or_else(|| {
            let kinds: Vec<_> =
                manifest.layers.iter().map(|layer| format!("`{}`", layer.media_type)).collect();
            Refused::Layout(kinds.join(", "))
        })?;
        (Variant::Wasm, layer::Contents { module: store.blob(raw, told)?, runtime_config: None })
    };
    // As proxies look at it: eight bytes or more, of which the first four say what it is.
    if contents.module.len() < 8 || !contents.module.starts_with(b"\0asm") {
        return Err(Refused::NoModule);
    }
    let layer::Contents { module, runtime_config } = contents;
    Ok(Accepted { digest: found.digest(), index, variant, manifest, module, runtime_config })
}

/// The image of an index that proxies take: the first for their platform. One that names none is for it.
fn child(index: &Stored) -> Result<Digest, Refused> {
    let index: Index = serde_json::from_slice(&index.bytes).map_err(Refused::Manifest)?;
    let fits = |entry: &super::manifest::Descriptor| {
        entry
            .platform
            .as_ref()
            .is_none_or(|platform| (platform.os.as_str(), platform.architecture.as_str()) == PLATFORM)
    };
    index.manifests.into_iter().find(fits).map(|entry| entry.digest).ok_or(Refused::Platform)
}
