//! Lists of operations that go by one name.

use crate::editor::AppendAction;
use crate::operation::{Append, Operation};
use crate::template::{Operator, Template};
use serde::Deserialize;

/// A list of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Preset {
    /// Headers that make browsers careful with pages.
    SecurityHeaders,
    /// The same for answers that are no pages.
    SecurityHeadersApi,
    /// Pages of any origin may read responses, without credentials.
    Cors,
    /// What tells of the software behind goes.
    HideServer,
}

/// For encrypted connections only (RFC 6797, section 7.2).
const TRANSPORT: (&str, &str) = ("strict-transport-security", "max-age=31536000; includeSubDomains");

const COMMON: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("x-permitted-cross-domain-policies", "none"),
    ("cross-origin-resource-policy", "same-origin"),
];

const PAGES: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'",
    ),
    ("x-frame-options", "SAMEORIGIN"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

const API: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
];

/// With `*` no response depends on the origin, and browsers refuse it for requests with credentials.
const CORS: &[(&str, &str)] = &[
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    ("access-control-allow-headers", "*, authorization"),
    ("access-control-max-age", "600"),
];

const SOFTWARE: &[&str] = &[
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-runtime",
    "x-version",
];

impl Preset {
    /// What is done. A service that sets one of the headers itself knows better. What depends on the request goes into `saved`.
    pub(crate) fn operations(self, saved: &mut Vec<Operator>) -> Vec<Operation> {
        let own = match self {
            Self::HideServer => {
                return SOFTWARE.iter().map(|name| Operation::Remove((*name).to_owned())).collect();
            }
            Self::Cors => return all(CORS).collect(),
            Self::SecurityHeaders => PAGES,
            Self::SecurityHeadersApi => API,
        };
        let (name, value) = TRANSPORT;
        let transport = [absent(name, Template::secure(value, saved))];
        transport.into_iter().chain(all(COMMON)).chain(all(own)).collect()
    }
}

fn all(headers: &'static [(&str, &str)]) -> impl Iterator<Item = Operation> {
    headers.iter().map(|(name, value)| absent(name, Template::literal(value)))
}

fn absent(name: &str, value: Template) -> Operation {
    let action = AppendAction::AddIfAbsent;
    Operation::Append(Append { name: name.to_owned(), value, action, keep_empty: false, default: None })
}
