//! How requests are signed: each scheme reads a claim from a head, and drafts a signature for one.

pub(crate) mod custom;
mod github;
pub(crate) mod rfc9421;
pub(crate) mod sigv4;
mod slack;
mod stripe;
mod webhooks;

use crate::claim::{Claim, Message, Scope};
use crate::digest::Digests;
use crate::head::Head;
use crate::mac::Hash;
use crate::refusal::Refusal;
use custom::Custom;
use mesh_filter_policy::{Encoding, Moment};
use rfc9421::Rfc9421;
use sigv4::SigV4;

/// How requests are signed.
pub(crate) enum Scheme {
    Rfc9421(Box<Rfc9421>),
    SigV4(Box<SigV4>),
    GitHub,
    Stripe,
    Slack,
    Webhooks,
    Custom(Box<Custom>),
}

/// Whether a body needs a digest that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestRule {
    /// Each request needs one.
    Required,
    /// Each request with a body.
    WithBody,
    /// Where there is one the body has to have it.
    IfPresent,
    /// Nobody looks.
    Ignored,
}

/// A signature to be made: what is signed, and where the signature stands.
pub(crate) struct Draft {
    pub(crate) message: Message,
    pub(crate) hash: Hash,
    pub(crate) scope: Option<Scope>,
    /// Headers beside the signature's own.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) place: Place,
}

/// Where a signature stands: in a header, between two texts.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) header: String,
    pub(crate) before: Vec<u8>,
    pub(crate) encoding: Encoding,
    pub(crate) after: &'static [u8],
}

/// What a signature to be made has of its own.
pub(crate) struct Occasion<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) now: Moment,
    /// Random, as text.
    pub(crate) nonce: &'a str,
    /// The body's SHA-256, where it has been seen.
    pub(crate) payload: Option<&'a [u8]>,
}

impl Scheme {
    /// What a request claims.
    pub(crate) fn claim(&self, head: &Head<'_>) -> Result<Claim, Refusal> {
        match self {
            Self::Rfc9421(scheme) => scheme.claim(head),
            Self::SigV4(scheme) => scheme.claim(head),
            Self::GitHub => github::claim(head),
            Self::Stripe => stripe::claim(head),
            Self::Slack => slack::claim(head),
            Self::Webhooks => webhooks::claim(head),
            Self::Custom(scheme) => scheme.claim(head),
        }
    }

    /// What is to be signed of a request, and where the signature will stand.
    ///
    /// # Errors
    /// Where the request lacks what has to be signed.
    pub(crate) fn draft(&self, head: &Head<'_>, occasion: &Occasion<'_>) -> Result<Draft, Refusal> {
        match self {
            Self::Rfc9421(scheme) => scheme.draft(head, occasion),
            Self::SigV4(scheme) => scheme.draft(head, occasion),
            Self::GitHub => Ok(github::draft()),
            Self::Stripe => Ok(stripe::draft(occasion)),
            Self::Slack => Ok(slack::draft(occasion)),
            Self::Webhooks => Ok(webhooks::draft(occasion)),
            Self::Custom(scheme) => scheme.draft(head, occasion),
        }
    }

    /// Whether signatures have a time.
    pub(crate) fn has_time(&self) -> bool {
        match self {
            Self::GitHub => false,
            Self::Custom(scheme) => scheme.timestamp.is_some(),
            _ => true,
        }
    }

    /// Whether requests name the key.
    pub(crate) fn names_key(&self) -> bool {
        match self {
            Self::Rfc9421(_) | Self::SigV4(_) => true,
            Self::GitHub | Self::Stripe | Self::Slack | Self::Webhooks => false,
            Self::Custom(scheme) => scheme.key_id_header.is_some(),
        }
    }

    /// Whether the MAC itself is about the body, so that there is no verdict without it.
    pub(crate) fn signs_body(&self) -> bool {
        match self {
            Self::Rfc9421(_) | Self::SigV4(_) => false,
            Self::GitHub | Self::Stripe | Self::Slack | Self::Webhooks => true,
            Self::Custom(scheme) => scheme.signs_body(),
        }
    }

    /// The names of all headers that a verdict depends on, as far as the configuration knows them.
    pub(crate) fn reads(&self) -> Vec<String> {
        let mut names = self.headers();
        match self {
            Self::Rfc9421(scheme) => {
                names.extend(scheme.components.iter().map(|part| part.name().to_owned()))
            }
            Self::SigV4(scheme) => names.extend(scheme.headers.iter().cloned()),
            Self::Custom(scheme) => names.extend(scheme.components.iter().filter_map(|part| match part {
                custom::Component::Header(name) => Some(name.clone()),
                _ => None,
            })),
            _ => {}
        }
        names
    }

    /// The headers in which signatures stand.
    pub(crate) fn headers(&self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Rfc9421(_) => &["signature", "signature-input"],
            Self::SigV4(_) => {
                &["authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
            }
            Self::GitHub => &[github::HEADER],
            Self::Stripe => &[stripe::HEADER],
            Self::Slack => &[slack::HEADER, slack::TIME],
            Self::Webhooks => &[webhooks::HEADER, webhooks::ID, webhooks::TIME],
            Self::Custom(scheme) => return scheme.headers(),
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl Claim {
    /// A signature without anything else, by HMAC-SHA-256.
    fn new(message: Message, signatures: Vec<Vec<u8>>) -> Self {
        Self {
            key_id: None,
            hash: Hash::Sha256,
            signatures,
            created: None,
            expires: None,
            nonce: None,
            message,
            digests: Digests::default(),
            scope: None,
        }
    }
}

impl Draft {
    /// A signature by HMAC-SHA-256.
    fn new(message: Message, place: Place) -> Self {
        Self { message, hash: Hash::Sha256, scope: None, headers: Vec::new(), place }
    }
}

impl Place {
    fn new(header: &str, before: impl Into<Vec<u8>>, encoding: Encoding) -> Self {
        Self { header: header.to_owned(), before: before.into(), encoding, after: b"" }
    }

    /// The header's value.
    pub(crate) fn value(&self, mac: &[u8]) -> Vec<u8> {
        [&self.before, self.encoding.encode(mac).as_slice(), self.after].concat()
    }
}

/// Seconds since 1970 in up to twelve digits, without sign and zeros in front.
fn seconds(digits: &[u8]) -> Option<Moment> {
    whole_number(digits).and_then(Moment::from_secs)
}

/// A number in up to 15 digits.
fn whole_number(digits: &[u8]) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit);
    if !is_number || (digits.len() > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Seconds since 1970, as text.
fn seconds_of(now: Moment) -> String {
    (now.millis() / 1000).to_string()
}

#[cfg(test)]
mod tests;
