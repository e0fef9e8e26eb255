//! Where the keys of a provider come from: Envoy's `local_jwks` and `remote_jwks`.

use crate::crypto::Unusable;
use crate::keys::{KeySet, Source};
use mesh_filter::clock::{Span, millis, secs};
use mesh_filter::{ClusterName, Setup, log};
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// Unless it is set: how long keys are used before they are fetched again, as in Envoy.
const CACHE_DURATION: Span = Span::new(secs(600));
/// Unless it is set: for how long after that they are used where they cannot be fetched.
const STALE_IF_ERROR: Span = Span::new(secs(3600));
/// Unless it is set: how long a fetch may take.
const TIMEOUT: Span = Span::new(secs(5));
/// Unless it is set: how old keys must be to be fetched again for a name that is not among them.
const UNKNOWN_KID: Span = Span::new(secs(30));
/// Unless they are set: the first and the longest pause between tries.
const BACKOFF: (Span, Span) = (Span::new(millis(25)), Span::new(millis(250)));
/// More tries would take longer than keys are used.
const MOST_RETRIES: u32 = 10;

/// Keys that stand in the configuration or in the environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalJwks {
    inline_string: Option<String>,
    environment_variable: Option<String>,
}

/// Keys on a server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoteJwks {
    http_uri: HttpUri,
    cache_duration: Option<Span>,
    stale_if_error: Option<Span>,
    refetch_on_unknown_kid: Option<Refetch>,
    retry_policy: Option<RetryPolicy>,
}

/// Envoy's `HttpUri`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpUri {
    uri: String,
    cluster: ClusterName,
    timeout: Option<Span>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refetch {
    #[serde(default = "yes")]
    enabled: bool,
    min_interval: Option<Span>,
}

fn yes() -> bool {
    true
}

/// Envoy's `RetryPolicy`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryPolicy {
    num_retries: Option<u32>,
    retry_back_off: Option<BackOff>,
}

/// Envoy's `BackoffStrategy`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackOff {
    base_interval: Span,
    max_interval: Option<Span>,
}

impl RemoteJwks {
    pub(crate) fn build(&self) -> Result<Source, Problem> {
        let uri = &self.http_uri;
        let (authority, path) = Source::parts(&uri.uri).ok_or_else(|| {
            Problem::new("http_uri.uri", "expected `https://` or `http://`, a host and a path")
        })?;
        let at_least = |place: &str, span: Span, least: Span| match span < least {
            true => Err(Problem::new(place, format!("expected {} or more", least))),
            false => Ok(*span),
        };
        let second = Span::new(secs(1));
        let timeout = at_least("http_uri.timeout", uri.timeout.unwrap_or(TIMEOUT), Span::new(millis(1)))?;
        let cache_duration =
            at_least("cache_duration", self.cache_duration.unwrap_or(CACHE_DURATION), second)?;
        let refetch = self.refetch_on_unknown_kid.as_ref();
        let interval = refetch.and_then(|refetch| refetch.min_interval).unwrap_or(UNKNOWN_KID);
        let interval = at_least("refetch_on_unknown_kid.min_interval", interval, second)?;
        let policy = self.retry_policy.as_ref();
        // With a policy Envoy tries once more unless it says otherwise.
        let retries = policy.map_or(0, |policy| policy.num_retries.unwrap_or(1));
        if retries > MOST_RETRIES {
            return Err(Problem::new(
                "retry_policy.num_retries",
                format!("expected no more than {MOST_RETRIES}"),
            ));
        }
        let backoff = match policy.and_then(|policy| policy.retry_back_off.as_ref()) {
            None => *BACKOFF.0..*BACKOFF.1,
            Some(backoff) => {
                let place = "retry_policy.retry_back_off";
                let base =
                    at_least(&format!("{place}.base_interval"), backoff.base_interval, Span::new(millis(1)))?;
                // Ten times the base, as in Envoy.
                let most = backoff.max_interval.map_or(base.saturating_mul(10), |most| *most);
                if most < base {
                    return Err(Problem::new(
                        format!("{place}.max_interval"),
                        "expected `base_interval` or more",
                    ));
                }
                base..most
            }
        };
        Ok(Source {
            cluster: uri.cluster.clone(),
            authority,
            path,
            timeout,
            retries,
            backoff,
            cache_duration,
            stale_if_error: *self.stale_if_error.unwrap_or(STALE_IF_ERROR),
            unknown_kid_interval: refetch.is_none_or(|refetch| refetch.enabled).then_some(interval),
        })
    }
}

impl LocalJwks {
    /// Reads the keys. One that is meant to be used and cannot be is a mistake of whoever wrote it here.
    pub(crate) fn read(&self, setup: &Setup) -> Result<KeySet, Problem> {
        let (text, place) = match (&self.inline_string, &self.environment_variable) {
            (Some(text), None) => (text.clone(), "inline_string"),
            (None, Some(name)) => {
                let place = "environment_variable";
                let value = setup.environment_variable(name).filter(|value| !value.is_empty());
                (value.ok_or_else(|| Problem::new(place, format!("there is no variable `{name}`")))?, place)
            }
            _ => return Err(Problem::new("", "expected one of `inline_string` and `environment_variable`")),
        };
        let set = KeySet::read(text.as_bytes()).map_err(|error| Problem::new(place, error.to_string()))?;
        for (index, unusable) in &set.unused {
            match unusable {
                Unusable::Broken(text) => {
                    return Err(Problem::new(format!("{place}.keys[{index}]"), text));
                }
                Unusable::Foreign(text) => {
                    log::warn!("a key is not used: `keys[{index}]`: {text}");
                }
            }
        }
        if set.is_empty() {
            return Err(Problem::new(place, "there is no key that can be used"));
        }
        Ok(set)
    }
}
