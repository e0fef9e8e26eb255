//! The operators of templates: Envoy's of its access logs, as far as a filter sees what they are about, and some more.

use super::TimeFormat;
use crate::claims::ClaimPath;
use mesh_filter::HeaderName;
use regex_lite::Regex;
use std::cell::Cell;

/// Which message a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Request,
    Response,
}

/// What stands between two percent signs.
#[derive(Debug)]
pub(crate) enum Operator {
    /// The first value of a header; where there is none, that of another.
    Header(String, Option<String>),
    /// A group of the expression that matched the path.
    Capture(usize),
    /// A claim of the token.
    Claim(ClaimPath),
    /// The value of a cookie.
    Cookie(String),
    /// The decoded value of a query parameter.
    Parameter(String),
    /// The path, with its query or without.
    Path { query: bool },
    /// A property of the proxy; its path has NUL bytes between its segments.
    Property(String, Kind),
    /// When the request came.
    StartTime(TimeFormat),
    /// A new UUID.
    UniqueId,
    /// This text, for requests that came encrypted only.
    Secure(&'static str),
    /// A variable of the environment, which may not be set.
    Variable(String),
    /// What an operator of the request gave while the request was here.
    Saved(usize),
}

/// How the bytes of a property become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As they are.
    Text,
    /// An integer in eight bytes.
    Number,
    /// An address without its port.
    Host,
    /// The flags of a response, as access logs have them.
    Flags,
    /// By what they look like: text, a number, or a truth value.
    Any,
}

/// Operators that are a property, in responses only where it says so.
const PROPERTIES: &[(&str, &str, Kind, bool)] = &[
    ("PROTOCOL", "request\0protocol", Kind::Text, false),
    ("DOWNSTREAM_REMOTE_ADDRESS", "source\0address", Kind::Text, false),
    ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "source\0address", Kind::Host, false),
    ("DOWNSTREAM_REMOTE_PORT", "source\0port", Kind::Number, false),
    ("DOWNSTREAM_LOCAL_ADDRESS", "destination\0address", Kind::Text, false),
    ("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "destination\0address", Kind::Host, false),
    ("DOWNSTREAM_LOCAL_PORT", "destination\0port", Kind::Number, false),
    ("DOWNSTREAM_PEER_SUBJECT", "connection\0subject_peer_certificate", Kind::Text, false),
    ("DOWNSTREAM_PEER_URI_SAN", "connection\0uri_san_peer_certificate", Kind::Text, false),
    ("DOWNSTREAM_PEER_DNS_SAN", "connection\0dns_san_peer_certificate", Kind::Text, false),
    ("DOWNSTREAM_PEER_FINGERPRINT_256", "connection\0sha256_peer_certificate_digest", Kind::Text, false),
    ("DOWNSTREAM_PEER_CERT", "connection\0peer_certificate", Kind::Text, false),
    ("DOWNSTREAM_LOCAL_SUBJECT", "connection\0subject_local_certificate", Kind::Text, false),
    ("DOWNSTREAM_LOCAL_URI_SAN", "connection\0uri_san_local_certificate", Kind::Text, false),
    ("DOWNSTREAM_LOCAL_DNS_SAN", "connection\0dns_san_local_certificate", Kind::Text, false),
    ("DOWNSTREAM_TLS_VERSION", "connection\0tls_version", Kind::Text, false),
    ("REQUESTED_SERVER_NAME", "connection\0requested_server_name", Kind::Text, false),
    ("CONNECTION_ID", "connection\0id", Kind::Number, false),
    ("ROUTE_NAME", "xds\0route_name", Kind::Text, false),
    ("VIRTUAL_HOST_NAME", "xds\0virtual_host_name", Kind::Text, false),
    ("UPSTREAM_CLUSTER", "xds\0cluster_name", Kind::Text, false),
    ("FILTER_CHAIN_NAME", "xds\0filter_chain_name", Kind::Text, false),
    ("UPSTREAM_HOST", "upstream\0address", Kind::Text, true),
    ("UPSTREAM_REMOTE_ADDRESS", "upstream\0address", Kind::Text, true),
    ("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "upstream\0address", Kind::Host, true),
    ("UPSTREAM_REMOTE_PORT", "upstream\0port", Kind::Number, true),
    ("UPSTREAM_LOCAL_ADDRESS", "upstream\0local_address", Kind::Text, true),
    ("UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "upstream\0local_address", Kind::Host, true),
    ("UPSTREAM_REQUEST_ATTEMPT_COUNT", "upstream\0request_attempt_count", Kind::Number, true),
    ("UPSTREAM_TLS_VERSION", "upstream\0tls_version", Kind::Text, true),
    ("UPSTREAM_PEER_SUBJECT", "upstream\0subject_peer_certificate", Kind::Text, true),
    ("UPSTREAM_TRANSPORT_FAILURE_REASON", "upstream\0transport_failure_reason", Kind::Text, true),
    ("RESPONSE_CODE", "response\0code", Kind::Number, true),
    ("RESPONSE_CODE_DETAILS", "response\0code_details", Kind::Text, true),
    ("RESPONSE_FLAGS", "response\0flags", Kind::Flags, true),
];

/// Metadata by the name of who has it, and the path to it.
const METADATA: &[(&str, &str)] = &[
    ("DYNAMIC", "metadata"),
    ("ROUTE", "xds\0route_metadata"),
    ("VIRTUAL_HOST", "xds\0virtual_host_metadata"),
    ("CLUSTER", "xds\0cluster_metadata"),
    ("UPSTREAM_HOST", "xds\0upstream_host_metadata"),
    ("LISTENER", "xds\0listener_metadata"),
];

/// What names in templates may mean.
pub(crate) struct Names<'c> {
    pub(crate) phase: Phase,
    /// The expression that matches the path, whose groups can be named.
    pub(crate) expression: Option<&'c Regex>,
    /// Whether one was.
    pub(crate) captured: &'c Cell<bool>,
    /// Whether the configuration says where claims come from.
    pub(crate) claims: bool,
    /// The environment.
    pub(crate) variable: &'c dyn Fn(&str) -> Option<String>,
}

impl Operator {
    /// The operator of this name with what stands in its parentheses.
    pub(crate) fn new(name: &str, parameter: Option<&str>, names: &Names<'_>) -> Result<Self, String> {
        if let Some((_, path, kind, late)) = PROPERTIES.iter().find(|(known, ..)| *known == name) {
            if *late && names.phase == Phase::Request {
                return Err(format!("`%{name}%` is known when the response is here only"));
            }
            return match parameter {
                None => Ok(Self::Property((*path).to_owned(), *kind)),
                Some(_) => Err(format!("`%{name}%` takes nothing in parentheses")),
            };
        }
        let given =
            || parameter.filter(|text| !text.is_empty()).ok_or(format!("`%{name}(..)%` needs a name"));
        match name {
            "REQ" => Self::header(given()?),
            "RESP" if names.phase == Phase::Response => Self::header(given()?),
            "RESP" => Err("`%RESP(..)%` is known when the response is here only".to_owned()),
            "REQUEST_ID" | "STREAM_ID" if parameter.is_none() => {
                Ok(Self::Header("x-request-id".to_owned(), None))
            }
            "CAPTURE" => capture(given()?, names),
            "CLAIM" if names.claims => Ok(Self::Claim(ClaimPath::new(given()?))),
            "CLAIM" => Err("`%CLAIM(..)%` needs `claims`, which says where they come from".to_owned()),
            "COOKIE" => Ok(Self::Cookie(given()?.to_owned())),
            "QUERY" | "QUERY_PARAM" => Ok(Self::Parameter(given()?.to_owned())),
            "PATH" => match parameter.unwrap_or("WQ") {
                "WQ" => Ok(Self::Path { query: true }),
                "NQ" => Ok(Self::Path { query: false }),
                _ => Err("`%PATH(..)%` takes `WQ` (with the query) or `NQ` (without)".to_owned()),
            },
            "START_TIME" => TimeFormat::new(parameter.unwrap_or_default()).map(Self::StartTime),
            "UNIQUE_ID" if parameter.is_none() => Ok(Self::UniqueId),
            "ENV" | "ENVIRONMENT" => Ok(Self::Variable(given()?.to_owned())),
            "PROPERTY" => {
                let path = given()?;
                let separator = if path.contains(':') { ':' } else { '.' };
                Ok(Self::Property(path.replace(separator, "\0"), Kind::Any))
            }
            "FILTER_STATE" => {
                let (key, form) = given()?.rsplit_once(':').unwrap_or((given()?, "PLAIN"));
                match form {
                    "PLAIN" => Ok(Self::Property(format!("filter_state\0{key}"), Kind::Any)),
                    _ => Err("of `%FILTER_STATE(..)%` there is the form `PLAIN` only".to_owned()),
                }
            }
            "DYNAMIC_METADATA" => metadata("DYNAMIC", given()?),
            "CLUSTER_METADATA" => metadata("CLUSTER", given()?),
            "UPSTREAM_METADATA" => metadata("UPSTREAM_HOST", given()?),
            "METADATA" => {
                let (owner, rest) = given()?.split_once(':').unwrap_or_default();
                metadata(owner, rest)
            }
            _ => Err(format!("there is no operator `%{name}%`")),
        }
    }

    fn header(parameter: &str) -> Result<Self, String> {
        let (first, second) = match parameter.split_once('?') {
            Some((first, second)) => (first, Some(second)),
            None => (parameter, None),
        };
        Ok(Self::Header(header_name(first)?, second.map(header_name).transpose()?))
    }

    /// Whether it is about the request, which is gone when the response is here. `name` is the operator's.
    pub(crate) fn is_of_request(&self, name: &str) -> bool {
        match self {
            Self::Header(..) => name != "RESP",
            Self::Property(path, _) => path.starts_with("request\0headers"),
            Self::Capture(_) | Self::Claim(_) | Self::Cookie(_) | Self::Parameter(_) | Self::Path { .. } => {
                true
            }
            Self::Secure(_) => true,
            Self::StartTime(_) | Self::UniqueId | Self::Variable(_) | Self::Saved(_) => false,
        }
    }
}

/// A header's name, in lower case. Pseudo headers can be read.
fn header_name(name: &str) -> Result<String, String> {
    HeaderName::new(name.strip_prefix(':').unwrap_or(name)).map_err(|error| error.to_string())?;
    Ok(name.to_ascii_lowercase())
}

fn capture(name: &str, names: &Names<'_>) -> Result<Operator, String> {
    let Some(expression) = names.expression else {
        return Err("`%CAPTURE(..)%` needs `safe_regex` in `match`, whose groups it names".to_owned());
    };
    let group = match name.parse::<usize>() {
        Ok(group) => Some(group).filter(|group| *group < expression.captures_len()),
        Err(_) => expression.capture_names().position(|known| known == Some(name)),
    };
    names.captured.set(true);
    group.map(Operator::Capture).ok_or_else(|| format!("`safe_regex` has no group `{name}`"))
}

fn metadata(owner: &str, path: &str) -> Result<Operator, String> {
    let known = METADATA.iter().find(|(known, _)| *known == owner);
    let Some((_, root)) = known.filter(|_| path.contains(':')) else {
        return Err("expected a namespace and a key, as `com.example:team`, and in `%METADATA(..)%` before \
                    them `DYNAMIC`, `ROUTE`, `VIRTUAL_HOST`, `CLUSTER`, `UPSTREAM_HOST` or `LISTENER`"
            .to_owned());
    };
    let path = path.replace(':', "\0");
    Ok(Operator::Property(format!("{root}\0filter_metadata\0{path}"), Kind::Any))
}
