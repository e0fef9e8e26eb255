//! Counters of what becomes of requests.

use crate::refusal::Refusal;
use mesh_filter::prelude::*;

/// The filter's metrics, below `hmac_auth.`, or `hmac_auth.PREFIX.` where there is a prefix.
pub(crate) struct Metrics {
    /// Requests whose signature is valid.
    pub(crate) allowed: Counter,
    /// Requests that need no signature.
    pub(crate) anonymous: Counter,
    /// Requests that were signed.
    pub(crate) signed: Counter,
    /// Requests that were refused.
    denied: Counter,
    /// Requests that would have been refused.
    shadow_denied: Counter,
    /// Both by reason.
    reasons: Vec<(Refusal, Counter, Counter)>,
}

impl Metrics {
    pub(crate) fn new(setup: &mut Setup, prefix: Option<&str>) -> Result<Self> {
        let prefix = mesh_filter_policy::metrics_prefix("hmac_auth", prefix)?;
        let mut counter = |name: &str| setup.counter(&format!("{prefix}{name}"));
        let mut reasons = Vec::new();
        for (refusal, code, _) in Refusal::ALL {
            let (denied, shadow) = (format!("denied.{code}"), format!("shadow_denied.{code}"));
            reasons.push((refusal, counter(&denied)?, counter(&shadow)?));
        }
        Ok(Self {
            allowed: counter("allowed")?,
            anonymous: counter("anonymous")?,
            signed: counter("signed")?,
            denied: counter("denied")?,
            shadow_denied: counter("shadow_denied")?,
            reasons,
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
