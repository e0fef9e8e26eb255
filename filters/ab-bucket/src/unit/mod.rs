//! Whom an experiment tells apart: the id of a request's user, device or client, found in it or made up.

mod claim;
mod generated;
mod path;

pub(crate) use generated::Generated;
pub(crate) use path::PathTemplate;

use crate::client::client_ip;
use crate::cookie::SetCookie;
use mesh_filter::metrics::Counter;
use mesh_filter::{HeaderName, Request, property};
use serde::Deserialize;

/// The longest id. Longer ones are none: hashing costs time.
const LONGEST: usize = 256;

/// Where ids are looked for, in this order.
pub(crate) struct Units {
    sources: Vec<Source>,
    /// Ids that were made up.
    generated: Counter,
}

/// One place where an id may be.
pub(crate) enum Source {
    JwtClaim(String),
    Header(HeaderName),
    Cookie(String),
    QueryParameter(String),
    PathTemplate(PathTemplate),
    Peer(Peer),
    Property(Vec<String>),
    /// The filter's own cookie.
    Generated(Generated),
}

/// What the connection says of the client.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Peer {
    UriSan,
    DnsSan,
    Subject,
    Ip,
    IpAndUserAgent,
}

impl Units {
    pub(crate) fn new(sources: Vec<Source>, generated: Counter) -> Self {
        Self { sources, generated }
    }

    /// The id that a request has.
    pub(crate) fn known(&self, request: &Request) -> Option<String> {
        let fits = |id: &String| !id.is_empty() && id.len() <= LONGEST;
        self.sources.iter().find_map(|source| source.id(request).filter(fits))
    }

    /// A new id, where ids are made up.
    pub(crate) fn make(&self) -> Option<String> {
        self.generated()?;
        let id = mesh_filter::random::uuid_v7().ok()?;
        self.generated.increment(1);
        Some(id.to_string())
    }

    /// The header that gives a new id to its client.
    pub(crate) fn set_cookie(&self, id: &str) -> Option<String> {
        self.generated()?.set_cookie(id)
    }

    /// The cookie in which made-up ids are.
    pub(crate) fn cookie(&self) -> Option<&SetCookie> {
        self.generated().map(Generated::cookie)
    }

    /// Whether ids are looked for in such a header.
    pub(crate) fn has_header(&self, is_such: impl Fn(&HeaderName) -> bool) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Header(name) if is_such(name)))
    }

    fn generated(&self) -> Option<&Generated> {
        match self.sources.last() {
            Some(Source::Generated(generated)) => Some(generated),
            _ => None,
        }
    }
}

impl Source {
    /// The id at this place. An id is text; of what stands there twice nobody knows which is meant.
    fn id(&self, request: &Request) -> Option<String> {
        let headers = request.headers();
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        match self {
            Self::JwtClaim(name) => claim::of_bearer(request, name),
            Self::Header(name) => {
                let mut values = headers.get_all(name);
                let first = values.next()?;
                values.next().is_none().then(|| text(first.as_bytes())).flatten()
            }
            Self::Cookie(name) => headers.cookie(name).and_then(|value| text(value.as_bytes())),
            Self::QueryParameter(name) => request.query().get(name).and_then(|value| text(&value)),
            Self::PathTemplate(template) => template.captured(request.path()?.as_bytes()).and_then(text),
            Self::Peer(peer) => peer.id(request),
            Self::Property(path) => {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                property::read::<String>(&path).ok().flatten()
            }
            Self::Generated(generated) => generated.id(request),
        }
    }
}

impl Peer {
    fn id(self, request: &Request) -> Option<String> {
        let certificate = property::connection().peer_certificate();
        let name = match self {
            Self::UriSan => certificate.uri_san(),
            Self::DnsSan => certificate.dns_san(),
            Self::Subject => certificate.subject(),
            Self::Ip => return client_ip(),
            Self::IpAndUserAgent => {
                let mut id = client_ip()?;
                if let Some(agent) = request.headers().get("user-agent") {
                    id.push(' ');
                    id.push_str(&String::from_utf8_lossy(agent.as_bytes()));
                }
                return Some(shortened(id));
            }
        };
        name.ok().flatten()
    }
}

/// As much of a text as an id may have.
fn shortened(mut text: String) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("abc".to_owned()), "abc");
        assert_eq!(shortened("é".repeat(200)).len(), 256);
        assert_eq!(shortened(format!("a{}", "é".repeat(200))).len(), 255);
    }
}
