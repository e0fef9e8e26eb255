//! What clients are told apart by: a list of entries, each a name and a value that is taken from the request, as Envoy's
//! descriptors.

mod address;
mod path;

pub(crate) use address::{Addresses, ClientAddress, Range, masked};
pub(crate) use path::PathKey;

use mesh_filter::prelude::*;
use mesh_filter_policy::ValueMatch;
use std::borrow::Cow;
use std::net::IpAddr;

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<'r> {
    pub(crate) key: &'r str,
    pub(crate) value: Cow<'r, [u8]>,
}

/// Where an entry comes from.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) key: String,
    pub(crate) source: Source,
    pub(crate) absent: Absent,
}

/// What becomes of a key whose entry has no value.
#[derive(Debug)]
pub(crate) enum Absent {
    /// The rule is not for this request, as in Envoy.
    NoRule,
    /// The key is made of the other entries.
    NoEntry,
    /// The entry has this value.
    Value(String),
}

/// Where the value of an entry comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Always this.
    Text(String),
    /// All values of the header, joined by commas.
    Header(HeaderName),
    Parameter(String),
    Cookie(String),
    Method,
    /// The host that was asked for, in lower case and without its port.
    Host,
    Path(PathKey),
    /// The client's address as a whole.
    Address,
    /// The network of the client's address: bits of it, for IPv4 and IPv6.
    Network(u8, u8),
    /// A text for clients in these ranges, or for those that are not.
    AddressMatch {
        ranges: Vec<Range>,
        invert: bool,
        text: String,
    },
    /// A text for requests whose headers (or parameters of the query) fulfil all conditions, or for those whose do not.
    Match {
        matches: Vec<ValueMatch>,
        in_query: bool,
        expect: bool,
        text: String,
    },
    /// What the proxy knows.
    Property(Vec<String>),
}

/// A request, and the address of its client, which is asked for once.
pub(crate) struct Facts<'r> {
    pub(crate) request: &'r Request,
    pub(crate) addresses: Addresses<'r>,
}

impl Facts<'_> {
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.addresses.client(self.request)
    }
}

/// The entries for a request; `None` where one is missing without which there is no key.
pub(crate) fn entries<'e>(actions: &'e [Action], facts: &'e Facts<'_>) -> Option<Vec<Entry<'e>>> {
    let mut entries = Vec::with_capacity(actions.len());
    for action in actions {
        let value = match (action.source.value(facts), &action.absent) {
            (Some(value), _) => value,
            (None, Absent::Value(text)) => Cow::Borrowed(text.as_bytes()),
            (None, Absent::NoEntry) => continue,
            (None, Absent::NoRule) => return None,
        };
        entries.push(Entry { key: &action.key, value });
    }
    Some(entries)
}

/// The entries as bytes that are others for other entries.
pub(crate) fn bytes(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    for Entry { key, value } in entries {
        for text in [key.as_bytes(), value] {
            bytes.extend_from_slice(&text.len().to_le_bytes());
            bytes.extend_from_slice(text);
        }
    }
    bytes
}

/// Entries that a key may have.
#[derive(Debug)]
pub(crate) struct Pattern(Vec<(String, Option<String>)>);

impl Pattern {
    /// Names, and their values; without one any value will do.
    pub(crate) fn new(entries: Vec<(String, Option<String>)>) -> Self {
        Self(entries)
    }

    /// Whether the key has all of them.
    pub(crate) fn matches(&self, entries: &[Entry<'_>]) -> bool {
        self.0.iter().all(|(key, value)| {
            let same =
                |entry: &Entry<'_>| value.as_ref().is_none_or(|value| *value.as_bytes() == *entry.value);
            entries.iter().any(|entry| entry.key == key && same(entry))
        })
    }
}

impl Source {
    fn value<'e>(&'e self, facts: &'e Facts<'_>) -> Option<Cow<'e, [u8]>> {
        let request = facts.request;
        let owned = |text: String| Some(Cow::Owned(text.into_bytes()));
        let text = |text: &'e str| Some(Cow::Borrowed(text.as_bytes()));
        match self {
            Self::Text(value) => text(value),
            Self::Header(name) => joined(request, name),
            Self::Parameter(name) => request.query().get(name),
            Self::Cookie(name) => request.headers().cookie(name).map(|value| value.as_bytes().into()),
            Self::Method => request.method().map(|method| method.as_bytes().into()),
            Self::Host => request.authority().map(|host| Cow::Owned(host_of(host.as_bytes()))),
            Self::Path(path) => path.value(request.path()?.as_bytes()),
            Self::Address => owned(facts.ip()?.to_string()),
            Self::Network(v4, v6) => owned(masked(facts.ip()?, *v4, *v6)),
            Self::AddressMatch { ranges, invert, text: value } => {
                let ip = facts.ip()?;
                (ranges.iter().any(|range| range.contains(ip)) != *invert).then(|| text(value))?
            }
            Self::Match { matches, in_query, expect, text: value } => {
                let holds = |one: &ValueMatch| match in_query {
                    true => holds_in_query(one, request),
                    false => one.holds(request.headers().get_all(one.name()).map(|value| value.as_bytes())),
                };
                (matches.iter().all(holds) == *expect).then(|| text(value))?
            }
            Self::Property(path) => property(path).map(Cow::Owned),
        }
    }
}

/// All values of a header, as proxies join them.
fn joined<'r>(request: &'r Request, name: &HeaderName) -> Option<Cow<'r, [u8]>> {
    let mut values = request.headers().get_all(name).map(|value| value.as_bytes());
    let first = values.next()?;
    let mut all = Cow::Borrowed(first);
    for value in values {
        all.to_mut().push(b',');
        all.to_mut().extend_from_slice(value);
    }
    Some(all)
}

fn holds_in_query(condition: &ValueMatch, request: &Request) -> bool {
    let all: Vec<_> = request.query().iter().collect();
    let own = all.iter().filter(|(name, _)| **name == *condition.name().as_bytes());
    condition.holds(own.map(|(_, value)| value.as_ref()))
}

fn property(path: &[String]) -> Option<Vec<u8>> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let value: Option<Vec<u8>> = property::read(&path).ok()?;
    value.filter(|value| !value.is_empty())
}

/// Host without port, in lower case.
fn host_of(authority: &[u8]) -> Vec<u8> {
    let port = authority.iter().rposition(|byte| *byte == b':');
    // In `[::1]` the last colon begins no port.
    let is_port = |rest: &[u8]| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit);
    let bare = port.and_then(|colon| authority.split_at_checked(colon));
    let host = match bare {
        Some((host, [b':', rest @ ..])) if is_port(rest) => host,
        _ => authority,
    };
    host.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'r>(key: &'r str, value: &'r str) -> Entry<'r> {
        Entry { key, value: Cow::Borrowed(value.as_bytes()) }
    }

    #[test]
    fn keys_of_other_entries_are_other_bytes() {
        let all = [
            bytes(&[entry("a", "b"), entry("c", "d")]),
            bytes(&[entry("a", "bc"), entry("", "d")]),
            bytes(&[entry("a", "b"), entry("cd", "")]),
            bytes(&[entry("a", "b")]),
            bytes(&[entry("ab", "")]),
            bytes(&[]),
        ];
        for (first, one) in all.iter().enumerate() {
            assert!(all.iter().skip(first + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_pattern_asks_for_names_and_for_values_where_it_has_them() {
        let entries = [entry("user", "alice"), entry("path", "/a")];
        let pattern = |entries: &[(&str, Option<&str>)]| {
            let owned = entries.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)));
            Pattern::new(owned.collect())
        };
        assert!(pattern(&[("user", Some("alice"))]).matches(&entries));
        assert!(pattern(&[("path", None), ("user", Some("alice"))]).matches(&entries));
        assert!(!pattern(&[("user", Some("bob"))]).matches(&entries));
        assert!(!pattern(&[("user", None), ("team", None)]).matches(&entries));
    }

    #[test]
    fn a_host_is_the_same_with_and_without_port() {
        for (authority, host) in [
            ("Shop.Example:8080", "shop.example"),
            ("shop.example", "shop.example"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
            ("shop.example:", "shop.example:"),
        ] {
            assert_eq!(host_of(authority.as_bytes()), host.as_bytes(), "{authority}");
        }
    }
}
