//! Checks JSON Web Tokens (RFC 7519) ahead of the services behind a proxy.
//!
//! ```text
//!   config ── build ──► policy: providers, rules
//!                          │
//!   request ── sanitize ── rules ── requirement ── presented ── provider ─┬─ cache
//!              (headers    (which    (which         (tokens in            ├─ token   (JWS, strictly)
//!               of ours)    rule)     providers)     the request)         ├─ claims  (what it says)
//!                          │                                              └─ keys ── crypto (who signed it)
//!                          ▼
//!            passing (claims to headers, token out)   or   refusal (RFC 6750)
//! ```
//!
//! Everything between a request and its verdict is a function of the request's bytes, the policy and the time.
//!
//! Signatures are not verified by way of `jsonwebtoken`: its providers of cryptography make a verifier from the raw key for
//! each token, it knows no ES512, and its checks of claims and headers, which are lax by default, would all be done again
//! here. Of its verifiers those for RSA and elliptic curves take ten times as long in Wasm as `crypto`, which only verifies.
//!
//! Reading order: `config` (what can be said), `rules`, `provider`, `token`, `claims`, `keys`, `crypto`, `passing`, `refusal`.

mod cache;
mod claims;
mod config;
mod crypto;
mod keys;
mod metrics;
mod passing;
mod presented;
mod provider;
mod refusal;
mod rules;
mod token;

pub use config::Config;

use config::{Policy, Unmatched};
use mesh_filter::clock;
use mesh_filter::prelude::*;
use mesh_filter_policy::Owned;
use metrics::Metrics;
use passing::carry;
use presented::{Presented, Valid};
use refusal::{Manner, Refusal};
use rules::Outcome;
use std::time::{Duration, UNIX_EPOCH};

/// The filter.
pub struct JwtAuth {
    policy: Policy,
    manner: Manner,
    metrics: Metrics,
    bypass_preflight: bool,
    /// Whether requests pass, without claims, while there are no keys.
    failure_mode_allow: bool,
    /// Headers that only this filter sets.
    owned: Owned,
}

impl Filter for JwtAuth {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let metrics = Metrics::new(setup, config.stat_prefix.as_deref())?;
        let policy = config.build(setup, &metrics.fetches)?;
        let owned = Owned::new(policy.providers.iter().flat_map(provider::Provider::owned_headers));
        Ok(Self {
            owned,
            policy,
            metrics,
            failure_mode_allow: config.failure_mode_allow,
            manner: Manner { strip: config.strip_failure_response, realm: config.realm },
            bypass_preflight: config.bypass_cors_preflight,
        })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        self.owned.remove_from(&mut request)?;
        if self.bypass_preflight && is_preflight(&request) {
            self.metrics.bypassed.increment(1);
            return next.run(request).await;
        }
        match self.judge(&request).await {
            Ok(valid) => {
                self.count(&valid);
                carry(&mut request, &self.policy.providers, &valid)?;
                next.run(request).await
            }
            Err(Denial { refusal: Refusal::NoKeys, .. }) if self.failure_mode_allow => {
                self.metrics.failure_allowed.increment(1);
                next.run(request).await
            }
            Err(Denial { refusal, scope, shadow }) => {
                self.metrics.refuse(refusal, shadow);
                if shadow {
                    log::debug!("not refused: {refusal}");
                    return next.run(request).await;
                }
                log::debug!("refused: {refusal}");
                Ok(refusal.response(&self.manner, &scope, request.headers().is_grpc())?)
            }
        }
    }
}

/// A request that is not let through.
struct Denial {
    refusal: Refusal,
    /// The scopes that it lacks.
    scope: String,
    /// Whether that is only counted.
    shadow: bool,
}

impl JwtAuth {
    /// Finds the rule for a request, and what it says: by which tokens the request passes, or why it does not.
    async fn judge(&self, request: &Request) -> Result<Vec<Valid>, Denial> {
        let Some(rule) = self.policy.rules.iter().find(|rule| rule.matches.matches(request)) else {
            return match self.policy.unmatched {
                Unmatched::Allow => Ok(Vec::new()),
                Unmatched::Deny => {
                    Err(Denial { refusal: Refusal::NoRule, scope: String::new(), shadow: self.policy.shadow })
                }
            };
        };
        let Some(requirement) = &rule.requires else { return Ok(Vec::new()) };
        let deny = |refusal, scope| Denial { refusal, scope, shadow: rule.shadow };
        let presented = Presented::new(request, &self.policy.providers, self.policy.multiple, now());
        let valid = loop {
            match requirement.judge(&presented) {
                Outcome::Passed(valid) => break valid,
                Outcome::Refused(refusal) => return Err(deny(refusal, String::new())),
                Outcome::Waiting(wait) => presented.wait(wait, now).await,
            }
        };
        let Some(authorization) = &rule.authorization else { return Ok(valid) };
        if valid.iter().any(|token| authorization.allows(&token.verified.claims)) {
            return Ok(valid);
        }
        // Who came without a token may have one that would do.
        let refusal = if valid.is_empty() { Refusal::Missing } else { Refusal::Scope };
        Err(deny(refusal, authorization.wanted()))
    }

    fn count(&self, valid: &[Valid]) {
        if valid.is_empty() {
            self.metrics.anonymous.increment(1);
        } else {
            self.metrics.allowed.increment(1);
        }
        for token in valid {
            let counter =
                if token.verified.cached { &self.metrics.cache_hit } else { &self.metrics.cache_miss };
            counter.increment(1);
        }
    }
}

/// Whether a browser asks if it may ask. It sends no token with that.
fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method().is_some_and(|method| method == "OPTIONS")
        && headers.contains("origin")
        && headers.contains("access-control-request-method")
}

/// The wall clock, since 1970.
fn now() -> Duration {
    clock::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

mesh_filter::register!(JwtAuth);
