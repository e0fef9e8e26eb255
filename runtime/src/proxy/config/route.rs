//! Route configuration: virtual hosts, matches and what is done with a request.

use std::time::Duration;

use super::proto::Proto;
use super::{Cluster, check};
use crate::document::{Fields, Node, Result};

/// The longest body of a direct response, as in Envoy.
const MAX_DIRECT_BODY: usize = 4096;
/// How long an upstream may take to answer unless the route says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

/// All routes of a listener.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouteConfig {
    /// The name; may be empty.
    pub name: String,
    /// The virtual hosts; no domain stands twice.
    pub virtual_hosts: Vec<VirtualHost>,
}

/// The routes for some domains.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualHost {
    /// The name.
    pub name: String,
    /// The domains, at least one.
    pub domains: Vec<Domain>,
    /// The routes; the first that matches is taken.
    pub routes: Vec<Route>,
}

/// Which `:authority` values a virtual host serves. Exact beats suffix, suffix beats prefix, prefix
/// beats `*`; among wildcards the longest wins. Letter case is ignored: the text is lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Domain {
    /// `*`.
    Any,
    /// `www.example.com`.
    Exact(String),
    /// `*.example.com`, kept as `.example.com`; matches at least one character before it.
    Suffix(String),
    /// `www.example.*`, kept as `www.example.`; matches at least one character after it.
    Prefix(String),
}

/// One route.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The name; may be empty.
    pub name: String,
    /// The path it wants.
    pub path: PathMatch,
    /// The headers it wants, all of them.
    pub headers: Vec<HeaderMatch>,
    /// What is done with the request.
    pub action: Action,
}

/// What the path, without query, must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathMatch {
    /// It begins with this.
    Prefix(String),
    /// It is this.
    Exact(String),
}

/// A condition on one header. A repeated header satisfies it if one of its values does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// The header's name, lower case.
    pub name: String,
    /// The condition.
    pub test: HeaderTest,
    /// Match where no value passes the test. A missing header still fails [`HeaderTest::Value`].
    pub invert: bool,
}

/// What a header must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderTest {
    /// There (`true`) or absent (`false`).
    Present(bool),
    /// There with a value that matches.
    Value(StringMatch),
}

/// A condition on a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringMatch {
    /// The condition.
    pub test: TextTest,
    /// Compare without regard to ASCII letter case.
    pub ignore_case: bool,
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// It is this.
    Exact(String),
    /// It begins with this.
    Prefix(String),
    /// It ends with this.
    Suffix(String),
    /// It has this inside.
    Contains(String),
}

/// What is done with a matched request.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It goes to a cluster.
    Forward(Forward),
    /// It is answered at once.
    Direct(DirectResponse),
}

/// A request's way to a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// The cluster; it exists.
    pub cluster: String,
    /// How long the upstream may take; `None` is for ever.
    pub timeout: Option<Duration>,
    /// What replaces the matched path or prefix.
    pub prefix_rewrite: Option<String>,
    /// What replaces `:authority`.
    pub host_rewrite: Option<String>,
}

/// An answer without upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectResponse {
    /// The status, 200 to 599.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl HeaderMatch {
    /// Whether the header's `values`, none if it is missing, satisfy the condition.
    pub fn matches<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> bool {
        let mut values = values.peekable();
        let missing = values.peek().is_none();
        match &self.test {
            HeaderTest::Present(present) => (*present != missing) != self.invert,
            HeaderTest::Value(wanted) => !missing && values.any(|value| wanted.matches(value)) != self.invert,
        }
    }
}

impl StringMatch {
    /// Whether `value` matches.
    #[must_use]
    pub fn matches(&self, value: &[u8]) -> bool {
        let same = |a: &[u8], b: &[u8]| if self.ignore_case { a.eq_ignore_ascii_case(b) } else { a == b };
        match &self.test {
            TextTest::Exact(text) => same(value, text.as_bytes()),
            TextTest::Prefix(text) => value.get(..text.len()).is_some_and(|head| same(head, text.as_bytes())),
            TextTest::Suffix(text) => {
                let start = value.len().checked_sub(text.len());
                start.and_then(|start| value.get(start..)).is_some_and(|tail| same(tail, text.as_bytes()))
            }
            TextTest::Contains(text) => {
                value.windows(text.len().max(1)).any(|part| same(part, text.as_bytes()))
            }
        }
    }
}

pub(super) fn read(node: &Node, clusters: &[Cluster]) -> Result<RouteConfig> {
    let fields = node.proto(&["name", "virtual_hosts"])?;
    let name = fields.optional("name", Proto::text)?.unwrap_or_default();
    let virtual_hosts = fields.each("virtual_hosts", |node| virtual_host(node, clusters))?;
    if let Some(node) = fields.get("virtual_hosts") {
        check::domains(node.list()?)?;
    }
    Ok(RouteConfig { name, virtual_hosts })
}

pub(super) const VIRTUAL_HOST_FIELDS: [&str; 3] = ["name", "domains", "routes"];

fn virtual_host(node: &Node, clusters: &[Cluster]) -> Result<VirtualHost> {
    let fields = node.proto(&VIRTUAL_HOST_FIELDS)?;
    let name = fields.required("name")?.nonempty()?;
    let domains = fields.required("domains")?;
    if domains.list()?.is_empty() {
        return Err(domains.error("expected at least one domain"));
    }
    let domains = domains.list()?.iter().map(domain).collect::<Result<_>>()?;
    Ok(VirtualHost { name, domains, routes: fields.each("routes", |node| route(node, clusters))? })
}

pub(super) fn domain(node: &Node) -> Result<Domain> {
    let text = node.header_value()?.to_ascii_lowercase();
    let domain = match (text.strip_prefix('*'), text.strip_suffix('*')) {
        (Some(""), _) => Domain::Any,
        (Some(suffix), _) => Domain::Suffix(suffix.to_owned()),
        (None, Some(prefix)) => Domain::Prefix(prefix.to_owned()),
        (None, None) => Domain::Exact(text.clone()),
    };
    match &domain {
        Domain::Exact(rest) if rest.is_empty() => Err(node.error("expected a domain, got an empty string")),
        Domain::Exact(rest) | Domain::Suffix(rest) | Domain::Prefix(rest) if rest.contains('*') => {
            Err(node.error(format!("the domain `{text}` may have `*` only at one end")))
        }
        _ => Ok(domain),
    }
}

fn route(node: &Node, clusters: &[Cluster]) -> Result<Route> {
    let fields = node.proto(&["name", "match", "route", "direct_response"])?;
    let name = fields.optional("name", Proto::text)?.unwrap_or_default();
    let (path, headers) = matching(fields.required("match")?)?;
    let action = match fields.one_of(&["route", "direct_response"])? {
        ("route", node) => Action::Forward(forward(node, clusters)?),
        (_, node) => Action::Direct(direct(node)?),
    };
    Ok(Route { name, path, headers, action })
}

fn matching(node: &Node) -> Result<(PathMatch, Vec<HeaderMatch>)> {
    let fields = node.proto(&["prefix", "path", "headers"])?;
    let path = match fields.one_of(&["prefix", "path"])? {
        ("prefix", node) => PathMatch::Prefix(node.text()?),
        (_, node) => PathMatch::Exact(node.text()?),
    };
    Ok((path, fields.each("headers", header)?))
}

fn header(node: &Node) -> Result<HeaderMatch> {
    let fields = node.proto(&["name", "string_match", "exact_match", "present_match", "invert_match"])?;
    let name = fields.required("name")?.header_name()?;
    let invert = fields.optional("invert_match", Node::bool)?.unwrap_or_default();
    let test = match fields.at_most_one_of(&["string_match", "exact_match", "present_match"])? {
        None => HeaderTest::Present(true),
        Some(("present_match", node)) => HeaderTest::Present(node.bool()?),
        Some(("exact_match", node)) => {
            HeaderTest::Value(StringMatch { test: TextTest::Exact(node.text()?), ignore_case: false })
        }
        Some((_, node)) => HeaderTest::Value(string_match(node)?),
    };
    Ok(HeaderMatch { name, test, invert })
}

fn string_match(node: &Node) -> Result<StringMatch> {
    let fields = node.proto(&["exact", "prefix", "suffix", "contains", "ignore_case"])?;
    let test = match fields.one_of(&["exact", "prefix", "suffix", "contains"])? {
        ("exact", node) => TextTest::Exact(node.text()?),
        ("prefix", node) => TextTest::Prefix(node.nonempty()?),
        ("suffix", node) => TextTest::Suffix(node.nonempty()?),
        (_, node) => TextTest::Contains(node.nonempty()?),
    };
    Ok(StringMatch { test, ignore_case: fields.optional("ignore_case", Node::bool)?.unwrap_or_default() })
}

fn forward(node: &Node, clusters: &[Cluster]) -> Result<Forward> {
    let fields = node.proto(&["cluster", "timeout", "prefix_rewrite", "host_rewrite_literal"])?;
    let cluster = fields.required("cluster")?;
    let name = cluster.nonempty()?;
    check::known_cluster(cluster, &name, clusters)?;
    let rewrite = |fields: &Fields<'_>, name| -> Result<Option<String>> {
        Ok(fields.optional(name, Proto::header_value)?.filter(|text| !text.is_empty()))
    };
    Ok(Forward {
        cluster: name,
        timeout: fields.optional("timeout", Proto::timeout)?.unwrap_or(Some(DEFAULT_TIMEOUT)),
        prefix_rewrite: rewrite(&fields, "prefix_rewrite")?,
        host_rewrite: rewrite(&fields, "host_rewrite_literal")?,
    })
}

fn direct(node: &Node) -> Result<DirectResponse> {
    let fields = node.proto(&["status", "body"])?;
    let status = fields.required("status")?;
    let status_code = u16::try_from(status.u32(200..=599)?).map_err(|_| status.expected("a status"))?;
    let Some(body) = fields.get("body") else {
        return Ok(DirectResponse { status: status_code, body: Vec::new() });
    };
    let fields = body.proto(&["inline_string", "inline_bytes"])?;
    let (node, bytes) = match fields.one_of(&["inline_string", "inline_bytes"])? {
        ("inline_string", node) => (node, node.text()?.into_bytes()),
        (_, node) => (node, node.base64()?),
    };
    if bytes.len() > MAX_DIRECT_BODY {
        return Err(node.error(format!("the body has {} bytes, the limit is {MAX_DIRECT_BODY}", bytes.len())));
    }
    Ok(DirectResponse { status: status_code, body: bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(test: HeaderTest, invert: bool) -> impl Fn(&[&str]) -> bool {
        let header = HeaderMatch { name: "x".to_owned(), test, invert };
        move |values| header.matches(values.iter().map(|value| value.as_bytes()))
    }

    fn exact(text: &str) -> HeaderTest {
        HeaderTest::Value(StringMatch { test: TextTest::Exact(text.to_owned()), ignore_case: false })
    }

    #[test]
    fn one_value_of_a_repeated_header_is_enough() {
        let matches = condition(exact("v"), false);
        assert!(matches(&["v"]) && matches(&["w", "v"]));
        assert!(!matches(&["w"]) && !matches(&["v,w"]) && !matches(&[]));
    }

    #[test]
    fn an_inverted_condition_wants_the_header_and_no_such_value() {
        let matches = condition(exact("v"), true);
        assert!(matches(&["w"]) && matches(&["w", "q"]));
        assert!(!matches(&["v", "w"]) && !matches(&[]));
    }

    #[test]
    fn presence_may_be_wanted_or_unwanted() {
        for (present, invert, wanted) in
            [(true, false, true), (false, false, false), (true, true, false), (false, true, true)]
        {
            let matches = condition(HeaderTest::Present(present), invert);
            assert_eq!((matches(&["v"]), matches(&[])), (wanted, !wanted));
        }
    }

    #[test]
    fn texts_are_compared_at_either_end_inside_and_without_case() {
        let matches =
            |test, ignore_case, value: &str| StringMatch { test, ignore_case }.matches(value.as_bytes());
        assert!(matches(TextTest::Prefix("Ab".to_owned()), true, "aBc"));
        assert!(!matches(TextTest::Prefix("ab".to_owned()), false, "a"));
        assert!(matches(TextTest::Suffix("bc".to_owned()), false, "abc"));
        assert!(!matches(TextTest::Suffix("abc".to_owned()), false, "bc"));
        assert!(matches(TextTest::Contains("b".to_owned()), false, "abc"));
        assert!(!matches(TextTest::Contains("B".to_owned()), false, "abc"));
    }
}
