//! Counters of what becomes of requests.

use crate::keys::Fetches;
use crate::refusal::Refusal;
use mesh_filter::prelude::*;

/// The filter's metrics, below `jwt_auth.`, or `jwt_auth.PREFIX.` where there is a prefix.
pub(crate) struct Metrics {
    /// Requests that passed with valid tokens.
    pub(crate) allowed: Counter,
    /// Requests that passed without one: by a rule without requirement, by no rule, or by an allowance.
    pub(crate) anonymous: Counter,
    /// Preflights of CORS that passed unseen.
    pub(crate) bypassed: Counter,
    /// Requests that were refused.
    denied: Counter,
    /// Requests that would have been refused.
    shadow_denied: Counter,
    /// Both by reason.
    reasons: Vec<(Refusal, Counter, Counter)>,
    /// Tokens whose signature was verified before.
    pub(crate) cache_hit: Counter,
    /// Tokens whose signature was verified now.
    pub(crate) cache_miss: Counter,
    /// Requests that passed because there were no keys.
    pub(crate) failure_allowed: Counter,
    /// Fetches of keys.
    pub(crate) fetches: Fetches,
}

impl Metrics {
    pub(crate) fn new(setup: &mut Setup, prefix: Option<&str>) -> Result<Self> {
        let prefix = mesh_filter_policy::metrics_prefix("jwt_auth", prefix)?;
        let mut counter = |name: &str| setup.counter(&format!("{prefix}{name}"));
        let mut reasons = Vec::new();
        for (refusal, code, _) in Refusal::ALL {
            let (denied, shadow) = (format!("denied.{code}"), format!("shadow_denied.{code}"));
            reasons.push((refusal, counter(&denied)?, counter(&shadow)?));
        }
        Ok(Self {
            allowed: counter("allowed")?,
            anonymous: counter("anonymous")?,
            bypassed: counter("cors_preflight_bypassed")?,
            denied: counter("denied")?,
            shadow_denied: counter("shadow_denied")?,
            reasons,
            cache_hit: counter("jwt_cache_hit")?,
            cache_miss: counter("jwt_cache_miss")?,
            failure_allowed: counter("failure_mode_allowed")?,
            fetches: Fetches {
                success: counter("jwks_fetch_success")?,
                failed: counter("jwks_fetch_failed")?,
            },
        })
    }

    /// Counts a request that is refused, or would have been.
    pub(crate) fn refuse(&self, refusal: Refusal, shadow: bool) {
        let all = if shadow { &self.shadow_denied } else { &self.denied };
        all.increment(1);
        if let Some((_, denied, shadowed)) = self.reasons.iter().find(|(reason, ..)| *reason == refusal) {
            let counter = if shadow { shadowed } else { denied };
            counter.increment(1);
        }
    }
}
