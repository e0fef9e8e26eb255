//! A scheme that the configuration describes: parts of the request with a text between, and a header for the signature.
//!
//! What is to be signed and does not stand in the request is a refusal, never an empty text.

use super::{Draft, Occasion, Place, whole_number};
use crate::claim::{Claim, Message};
use crate::digest::Digests;
use crate::head::Head;
use crate::mac::Hash;
use crate::refusal::Refusal;
use mesh_filter_policy::{Encoding, Moment};

/// A described scheme.
pub(crate) struct Custom {
    pub(crate) hash: Hash,
    pub(crate) place: Place,
    pub(crate) components: Vec<Component>,
    pub(crate) separator: Vec<u8>,
    pub(crate) key_id_header: Option<String>,
    pub(crate) timestamp: Option<(String, Unit)>,
    pub(crate) nonce_header: Option<String>,
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Component {
    Method,
    Authority,
    /// Path and query, as they came.
    Target,
    Path,
    /// Without the `?`; empty where there is none.
    Query,
    KeyId,
    Timestamp,
    Nonce,
    Body,
    Header(String),
    Literal(String),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    #[default]
    Seconds,
    Milliseconds,
}

impl Unit {
    fn read(self, digits: &[u8]) -> Option<Moment> {
        let number = whole_number(digits)?;
        match self {
            Self::Seconds => Moment::from_secs(number),
            Self::Milliseconds => Moment::from_millis(number),
        }
    }

    fn write(self, now: Moment) -> String {
        match self {
            Self::Seconds => now.millis() / 1000,
            Self::Milliseconds => now.millis(),
        }
        .to_string()
    }
}

/// What of a signature is not in other places of the request.
#[derive(Default)]
struct Own<'a> {
    key_id: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    nonce: Option<&'a [u8]>,
}

impl Custom {
    pub(super) fn claim(&self, head: &Head<'_>) -> Result<Claim, Refusal> {
        let signature = head.one(&self.place.header)?.strip_prefix(self.place.before.as_slice());
        let signature =
            signature.and_then(|text| self.place.encoding.decode(text)).ok_or(Refusal::Malformed)?;
        let value = |header: &String| head.one(header);
        let key_id = self.key_id_header.as_ref().map(value).transpose()?;
        let timestamp = self.timestamp.as_ref().map(|(header, unit)| {
            let digits = head.one(header).map_err(|refusal| match refusal {
                Refusal::Missing => Refusal::TimeMissing,
                other => other,
            })?;
            Ok((digits, unit.read(digits).ok_or(Refusal::Malformed)?))
        });
        let timestamp = timestamp.transpose()?;
        let nonce = self.nonce_header.as_ref().map(|header| {
            head.one(header).map_err(|refusal| match refusal {
                Refusal::Missing => Refusal::NonceMissing,
                other => other,
            })
        });
        let nonce = nonce.transpose()?;
        let own = Own { key_id, timestamp: timestamp.map(|(digits, _)| digits), nonce };
        let digests = match self
            .components
            .iter()
            .any(|part| matches!(part, Component::Header(name) if name == "content-digest"))
        {
            true => Digests::stated(&head.joined("content-digest", b", ").unwrap_or_default(), None)?,
            false => Digests::default(),
        };
        Ok(Claim {
            key_id: key_id.map(<[u8]>::to_vec),
            hash: self.hash,
            created: timestamp.map(|(_, created)| created),
            nonce: nonce.map(<[u8]>::to_vec),
            digests,
            ..Claim::new(self.message(head, &own)?, vec![signature])
        })
    }

    pub(super) fn draft(&self, head: &Head<'_>, occasion: &Occasion<'_>) -> Result<Draft, Refusal> {
        let timestamp = self.timestamp.as_ref().map(|(header, unit)| (header, unit.write(occasion.now)));
        let own = Own {
            key_id: Some(occasion.key_id.as_bytes()),
            timestamp: timestamp.as_ref().map(|(_, text)| text.as_bytes()),
            nonce: Some(occasion.nonce.as_bytes()),
        };
        let message = self.message(head, &own)?;
        let key_id = self.key_id_header.iter().map(|header| (header, occasion.key_id.to_owned()));
        let nonce = self.nonce_header.iter().map(|header| (header, occasion.nonce.to_owned()));
        let headers = key_id.chain(timestamp).chain(nonce);
        Ok(Draft {
            hash: self.hash,
            headers: headers.map(|(header, text)| (header.clone(), text.into_bytes())).collect(),
            ..Draft::new(message, self.place.clone())
        })
    }

    fn message(&self, head: &Head<'_>, own: &Own<'_>) -> Result<Message, Refusal> {
        let mut before = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        for (index, component) in self.components.iter().enumerate() {
            let into = after.as_mut().unwrap_or(&mut before);
            if index > 0 {
                into.extend_from_slice(&self.separator);
            }
            match component {
                Component::Method => into.extend_from_slice(head.method),
                Component::Authority => into.extend_from_slice(head.authority),
                Component::Target => into.extend_from_slice(head.target),
                Component::Path => into.extend_from_slice(head.path()),
                Component::Query => into.extend_from_slice(head.query().unwrap_or_default()),
                Component::KeyId => into.extend_from_slice(own.key_id.ok_or(Refusal::ComponentUnknown)?),
                Component::Timestamp => into.extend_from_slice(own.timestamp.ok_or(Refusal::TimeMissing)?),
                Component::Nonce => into.extend_from_slice(own.nonce.ok_or(Refusal::NonceMissing)?),
                Component::Header(name) => {
                    let value = head.joined(name, b", ").ok_or(Refusal::ComponentUnknown)?;
                    into.extend_from_slice(&value);
                }
                Component::Literal(text) => into.extend_from_slice(text.as_bytes()),
                Component::Body => after = Some(Vec::new()),
            }
        }
        Ok(match after {
            Some(after) => Message::Around(before, after),
            None => Message::Head(before),
        })
    }

    pub(super) fn signs_body(&self) -> bool {
        self.components.contains(&Component::Body)
    }

    pub(crate) fn headers(&self) -> Vec<String> {
        let own = [Some(&self.place.header), self.key_id_header.as_ref(), self.nonce_header.as_ref()];
        let time = self.timestamp.as_ref().map(|(header, _)| header);
        own.into_iter().flatten().chain(time).cloned().collect()
    }
}

impl Component {
    /// As configurations write it: `@method`, or a header's name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "@method" => Self::Method,
            "@authority" => Self::Authority,
            "@target" => Self::Target,
            "@path" => Self::Path,
            "@query" => Self::Query,
            "@key-id" => Self::KeyId,
            "@timestamp" => Self::Timestamp,
            "@nonce" => Self::Nonce,
            "@body" => Self::Body,
            header => Self::Header(mesh_filter::HeaderName::new(header).ok()?.as_str().to_owned()),
        })
    }
}

impl Custom {
    /// Where the signature stands.
    pub(crate) fn place(header: String, prefix: String, encoding: Encoding) -> Place {
        Place { header, before: prefix.into_bytes(), encoding, after: b"" }
    }
}
