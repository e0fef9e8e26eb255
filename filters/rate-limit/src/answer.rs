//! What clients are told: of a limited request why and until when, of every one where they stand.

use crate::config::HeadersVersion;
use crate::judge::{Judged, Ruling};
use crate::limit::Standing;
use mesh_filter::headers::{HeaderError, Headers};
use mesh_filter::{HeaderName, Response};

const SECOND: u64 = 1_000_000_000;
/// Statuses of gRPC.
const RESOURCE_EXHAUSTED: u32 = 8;
const UNAVAILABLE: u32 = 14;

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
            // Whoever comes again in a second finds others writing.
            _ => ("rate_limit:contended", Some(SECOND)),
        };
        let mut response = Response::new(self.status).with_details(details).with_grpc_status(grpc);
        if is_grpc {
            // The message of the status.
            response = response.with_body("rate limited");
        } else {
            let (body, kind) = match &self.body {
                Body::Text(text, kind) => (text.clone(), kind.as_str()),
                Body::Problem => (self.problem(judged), "application/problem+json"),
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

    fn problem(&self, judged: &Judged<'_>) -> String {
        // Names of rules have no characters that JSON would escape.
        let violated = judged.violated().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
        format!(
            "{{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\",\"title\":\"Request cannot be satisfied \
             as assigned quota has been exceeded\",\"status\":{},\"violated-policies\":[{violated}]}}\n",
            self.status
        )
    }

    /// Tells a client where it stands.
    pub(crate) fn tell(&self, judged: &Judged<'_>, headers: &mut Headers) -> Result<(), HeaderError> {
        let standings: Vec<(&str, Standing)> = match self.headers {
            HeadersVersion::Off => return Ok(()),
            _ => judged.standings().collect(),
        };
        // The one that will refuse first.
        let Some((_, least)) = standings.iter().min_by_key(|(_, standing)| standing.remaining) else {
            return Ok(());
        };
        let list = |write: &dyn Fn(&str, &Standing) -> String| {
            standings.iter().map(|(name, standing)| write(name, standing)).collect::<Vec<_>>().join(", ")
        };
        if self.headers == HeadersVersion::Ietf {
            let state = list(&|name, Standing { remaining, reset, .. }| {
                format!("\"{name}\";r={remaining};t={}", seconds(*reset))
            });
            let policy = list(&|name, Standing { quota, window, .. }| {
                format!("\"{name}\";q={quota};w={}", seconds(*window))
            });
            headers.set("ratelimit", state)?;
            return headers.set("ratelimit-policy", policy);
        }
        let policies = list(&|name, Standing { quota, window, .. }| {
            format!("{quota};w={};name=\"{name}\"", seconds(*window))
        });
        headers.set("x-ratelimit-limit", format!("{}, {policies}", least.quota))?;
        headers.set("x-ratelimit-remaining", least.remaining.to_string())?;
        headers.set("x-ratelimit-reset", seconds(least.reset).to_string())
    }
}

/// Whole seconds after which it is surely over.
fn seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(SECOND)
}
