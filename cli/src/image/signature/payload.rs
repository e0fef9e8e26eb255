//! What is signed: that an image has a digest ("simple signing", as cosign writes it).

use serde::{Deserialize, Serialize};

use crate::image::digest::Digest;

/// What cosign calls its payloads.
const KIND: &str = "cosign container image signature";

/// The payload.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    critical: Critical,
    optional: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    r#type: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: Digest,
}

impl Payload {
    /// That an image of this repository has this digest.
    pub(super) fn new(repository: &str, digest: &Digest) -> Self {
        let identity = Identity { docker_reference: repository.to_owned() };
        let image = Image { docker_manifest_digest: digest.clone() };
        Self { critical: Critical { identity, image, r#type: KIND.to_owned() }, optional: None }
    }

    /// Its bytes.
    pub(super) fn json(&self) -> Vec<u8> {
        // Text alone: it has a form in JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether these bytes say that an image has this digest.
    pub(super) fn is_about(bytes: &[u8], digest: &Digest) -> bool {
        serde_json::from_slice::<Self>(bytes).is_ok_and(|payload| {
            payload.critical.r#type == KIND && payload.critical.image.docker_manifest_digest == *digest
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_the_bytes_that_cosign_writes() {
        let digest = Digest::of(b"");
        let text = String::from_utf8(Payload::new("example.com/a", &digest).json()).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"example.com/a"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
        assert!(Payload::is_about(text.as_bytes(), &digest));
        assert!(!Payload::is_about(text.as_bytes(), &Digest::of(b"a")));
        assert!(!Payload::is_about(text.replace("cosign container", "some").as_bytes(), &digest));
        assert!(!Payload::is_about(b"{}", &digest));
    }
}
