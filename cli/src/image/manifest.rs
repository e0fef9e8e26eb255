//! Manifest and configuration of an image (OCI image specification), written and read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// A manifest of one image, as OCI has it.
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// A list of images, as OCI has it.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The configuration of an image.
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A compressed layer.
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A manifest of one image, as Docker has it.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A list of images, as Docker has it.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// A compressed layer, as Docker has it.
pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// A module as it is, in the two-layer variant of Wasm images.
pub(crate) const WASM_LAYER: &str = "application/vnd.module.wasm.content.layer.v1+wasm";

/// The configuration of what is no image: two braces.
pub(crate) const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Fields that this project does not know: others wrote them, and they stay where a list is written anew.
pub(crate) type Unknown = BTreeMap<String, serde_json::Value>;

/// Where a content is, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    /// What a content that is no image is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// What an image of an index is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Platform {
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) os: String,
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// The manifest of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    /// Registries' word for it may be another one: this one counts for proxies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    /// What it is, where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    pub(crate) config: Descriptor,
    #[serde(default)]
    pub(crate) layers: Vec<Descriptor>,
    /// The manifest to which it refers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A list of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media_type: Option<String>,
    #[serde(default)]
    pub(crate) manifests: Vec<Descriptor>,
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// The configuration of an image, as far as this project writes one.
#[derive(Debug, Serialize)]
pub(crate) struct Config<'a> {
    architecture: &'a str,
    os: &'a str,
    config: Empty,
    rootfs: RootFs<'a>,
    history: [History<'a>; 1],
}

/// The configuration of an image of signatures: cosign reads it as one of an image.
#[derive(Debug, Serialize)]
pub(crate) struct SignatureConfig<'a> {
    architecture: &'a str,
    os: &'a str,
    config: Empty,
    rootfs: Layers<'a>,
}

#[derive(Debug, Serialize)]
struct Layers<'a> {
    r#type: &'a str,
    diff_ids: Vec<&'a Digest>,
}

#[derive(Debug, Serialize)]
struct Empty {}

#[derive(Debug, Serialize)]
struct RootFs<'a> {
    r#type: &'a str,
    diff_ids: [&'a Digest; 1],
}

#[derive(Debug, Serialize)]
struct History<'a> {
    created_by: &'a str,
}

impl Descriptor {
    /// The descriptor of these bytes.
    pub(crate) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            artifact_type: None,
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            platform: None,
            annotations: BTreeMap::new(),
            unknown: Unknown::new(),
        }
    }
}

impl<'a> SignatureConfig<'a> {
    /// Of these payloads, which are not compressed.
    pub(crate) fn of(payloads: impl Iterator<Item = &'a Digest>) -> Self {
        let rootfs = Layers { r#type: "layers", diff_ids: payloads.collect() };
        Self { architecture: "", os: "", config: Empty {}, rootfs }
    }

    /// Its bytes.
    pub(crate) fn json(&self) -> Vec<u8> {
        json(self)
    }
}

impl Manifest {
    /// A manifest without annotations.
    pub(crate) fn with_layers(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(OCI_MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// A manifest of an image with one layer.
    pub(crate) fn new(config: Descriptor, layer: Descriptor, annotations: BTreeMap<String, String>) -> Self {
        Self { annotations, ..Self::with_layers(config, vec![layer]) }
    }

    /// Its bytes.
    pub(crate) fn json(&self) -> Vec<u8> {
        json(self)
    }
}

impl Index {
    /// An index of these images.
    pub(crate) fn new(manifests: Vec<Descriptor>) -> Self {
        Self { schema_version: 2, media_type: Some(OCI_INDEX.to_owned()), manifests, unknown: Unknown::new() }
    }

    /// Its bytes.
    pub(crate) fn json(&self) -> Vec<u8> {
        json(self)
    }
}

impl<'a> Config<'a> {
    /// Proxies resolve `linux/amd64` whatever they run on, and a module runs everywhere.
    pub(crate) fn of(diff_id: &'a Digest) -> Self {
        Self {
            architecture: "amd64",
            os: "linux",
            config: Empty {},
            rootfs: RootFs { r#type: "layers", diff_ids: [diff_id] },
            history: [History { created_by: "cargo mesh-filter package" }],
        }
    }

    /// Its bytes.
    pub(crate) fn json(&self) -> Vec<u8> {
        json(self)
    }
}

/// Compact, in the order of the fields.
fn json(value: &impl Serialize) -> Vec<u8> {
    // Text, numbers and maps with text as keys: each has a form in JSON.
    serde_json::to_vec(value).unwrap_or_default()
}
