//! Container images with a plugin inside: what registries keep, and what proxies load.
//!
//! ```text
//!   module ── runtime_config ──► layer ──► manifest (and config) ──► store: a folder, a registry
//!                                                                      │    ▲ transfer ▼
//!                                     accept: what proxies make of it ◄┘
//! ```
//!
//! Beside an image stand its signatures, and the referrers: what else is said about it, an attachment for example.
//!
//! The one layout that all consumers take is the "compat" variant of the Wasm image specification: one layer, a gzipped archive
//! with `plugin.wasm` in it. Bytes depend on nothing but the module and its metadata: a digest is a promise.

pub(crate) mod accept;
pub(crate) mod attachment;
pub(crate) mod delivery;
pub(crate) mod digest;
pub(crate) mod folder;
pub(crate) mod layer;
pub(crate) mod manifest;
pub(crate) mod open;
pub(crate) mod reference;
pub(crate) mod referrers;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod runtime_config;
pub(crate) mod signature;
pub(crate) mod store;
pub(crate) mod transfer;

use digest::Digest;
use layer::Layer;
use manifest::{Config, Descriptor, Manifest};
use std::collections::BTreeMap;

/// The annotation by which consumers know the variant (Wasm image specification, "compat").
const VARIANT: (&str, &str) = ("module.wasm.image/variant", "compat");
/// The name under which tools for artifacts store the layer.
const LAYER_TITLE: &str = "plugin.tar.gz";
/// The annotation of a layer's or an image's title.
const TITLE: &str = "org.opencontainers.image.title";

/// An image, with all its parts.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Layer,
    /// What is in it.
    pub(crate) module: Digest,
}

/// What is said about an image beside its contents.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) title: String,
    /// Further annotations by name.
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Image {
    /// Packs a module.
    pub(crate) fn pack(module: &[u8], runtime_config: &[u8], about: About) -> Self {
        let layer = layer::pack(module, runtime_config);
        let config = Config::of(&layer.diff_id).json();
        let layer_descriptor = Descriptor {
            annotations: BTreeMap::from([(TITLE.to_owned(), LAYER_TITLE.to_owned())]),
            ..Descriptor::of(manifest::OCI_LAYER, &layer.bytes)
        };
        let mut annotations = about.annotations;
        annotations.insert(VARIANT.0.to_owned(), VARIANT.1.to_owned());
        annotations.insert(TITLE.to_owned(), about.title);
        let manifest =
            Manifest::new(Descriptor::of(manifest::OCI_CONFIG, &config), layer_descriptor, annotations);
        Self { manifest: manifest.json(), config, layer, module: Digest::of(module) }
    }

    /// The digest of the manifest: the image's own.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }
}
