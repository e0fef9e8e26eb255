//! What clients are told: of a limited request why and until when, of every one where they stand.

use crate::judge::{Judged, Ruling};
use crate::limit::Standing;
use mesh_filter::headers::{HeaderError, Headers};
use mesh_filter::{HeaderName, Response};
use std::fmt::Write as _;

const SECOND: u64 = 1_000_000_000;
/// Statuses of gRPC.
const RESOURCE_EXHAUSTED: u32 = 8;
const UNAVAILABLE: u32 = 14;

/// Which headers tell clients of their limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadersVersion {
    Off,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, as Envoy has them.
    Draft03,
    /// `RateLimit` and `RateLimit-Policy`.
    Ietf,
}

/// What clients are told.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: HeadersVersion,
    /// Whether refusals have `x-envoy-ratelimited`, by which Envoy knows not to try again.
    pub(crate) mark: bool,
    pub(crate) retry_after: bool,
    /// Whether clients of gRPC get RESOURCE_EXHAUSTED, not UNAVAILABLE.
    pub(crate) resource_exhausted: bool,
    /// Headers of refusals.
    pub(crate) added: Vec<(HeaderName, String)>,
    /// Headers of requests that were too many and pass.
    pub(crate) not_enforced: Vec<(HeaderName, String)>,
}

/// The body of refusals.
#[derive(Debug)]
pub(crate) enum Body {
    /// A text, and its media type.
    Text(String, String),
    /// Problem details (RFC 9457), of the type that the draft on rate limits has.
    Problem,
}

impl Answers {
    /// The local reply for a request that does not pass.
    pub(crate) fn refusal(&self, judged: &Judged<'_>, is_grpc: bool) -> Result<Response, HeaderError> {
        let grpc = if self.resource_exhausted { RESOURCE_EXHAUSTED } else { UNAVAILABLE };
        let (details, wait) = match judged.ruling {
            Ruling::Limited(wait) => ("rate_limit:over_limit", wait),
            Ruling::Unavailable(status) => {
                let response = Response::new(status).with_details("rate_limit:service_unavailable");
                return Ok(response.with_grpc_status(UNAVAILABLE));
            }
            // Whoever comes again in a second finds others writing.
            _ => ("rate_limit:contended", Some(SECOND)),
        };
        let mut response = Response::new(self.status).with_details(details).with_grpc_status(grpc);
        let raw = judged.answer.as_ref().map(|answer| &answer.body).filter(|body| !body.is_empty());
        if is_grpc {
            // The message of the status.
            response = response.with_body("rate limited");
        } else if let Some(raw) = raw {
            response = response.with_body(raw.clone());
        } else {
            let (body, kind) = match &self.body {
                Body::Text(text, kind) => (text.clone(), kind.as_str()),
                Body::Problem => (self.problem(&judged.violated), "application/problem+json"),
            };
            if !body.is_empty() {
                response = response.with_header("content-type", kind)?.with_body(body);
            }
        }
        let headers = response.headers_mut();
        if let Some(wait) = wait.filter(|_| self.retry_after) {
            headers.set("retry-after", seconds(wait).to_string())?;
        }
        if self.mark {
            headers.set("x-envoy-ratelimited", "true")?;
        }
        for (name, value) in &self.added {
            headers.set(name, value)?;
        }
        Ok(response)
    }

    fn problem(&self, violated: &[&str]) -> String {
        // Names of rules have no characters that JSON would escape.
        let mut names = String::new();
        for name in violated {
            for part in [if names.is_empty() { "\"" } else { ",\"" }, name, "\""] {
                names.push_str(part);
            }
        }
        format!(
            "{{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\",\"title\":\"Request cannot be satisfied \
             as assigned quota has been exceeded\",\"status\":{},\"violated-policies\":[{names}]}}\n",
            self.status
        )
    }

    /// Tells a client where it stands, and what the rate limit service tells it.
    pub(crate) fn tell(&self, judged: &Judged<'_>, headers: &mut Headers) -> Result<(), HeaderError> {
        for (name, value) in judged.answer.iter().flat_map(|answer| &answer.response_headers) {
            // What the service makes of it cannot break the response.
            drop(headers.append(name, value));
        }
        if self.headers == HeadersVersion::Off {
            return Ok(());
        }
        let standings = judged.standings();
        // The one that will refuse first.
        let Some((_, least)) = standings.iter().min_by_key(|(_, standing)| standing.remaining) else {
            return Ok(());
        };
        let ietf = self.headers == HeadersVersion::Ietf;
        let (mut state, mut policy) = (String::new(), String::new());
        for (name, Standing { quota, remaining, reset, window }) in &standings {
            let (reset, window) = (seconds(*reset), seconds(*window));
            for text in [&mut state, &mut policy].into_iter().filter(|text| !text.is_empty()) {
                text.push_str(", ");
            }
            // Writing to a `String` does not fail.
            let written = match ietf {
                true => write!(state, "\"{name}\";r={remaining};t={reset}")
                    .and_then(|()| write!(policy, "\"{name}\";q={quota};w={window}")),
                false => write!(policy, "{quota};w={window};name=\"{name}\""),
            };
            written.unwrap_or_default();
        }
        if ietf {
            headers.set("ratelimit", state)?;
            return headers.set("ratelimit-policy", policy);
        }
        headers.set("x-ratelimit-limit", format!("{}, {policy}", least.quota))?;
        headers.set("x-ratelimit-remaining", least.remaining.to_string())?;
        headers.set("x-ratelimit-reset", seconds(least.reset).to_string())
    }
}

/// Whole seconds after which it is surely over.
fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(SECOND)
}
