//! Limits how often requests come, exactly and over all workers.
//!
//! ```text
//!   config ── build ──► policy: rules, exemptions, answers
//!                          │
//!   request ── exempt ── rules ── keys ──► judge ──┬─ table (who owes what, in shared data or in the worker)
//!              (not       (which   (told            └─ limit (a bucket or a window, as numbers)
//!               for us)    ones)    apart by)          │
//!                                                      ▼
//!                              answer: 429, or the response with where the client stands
//! ```
//!
//! `limit` and `table` decide with numbers that come in: time, state and what others have written. What a client owes is one value
//! of shared data, read and replaced by comparison; who loses that race looks again.
//!
//! Reading order: `config` (what can be said), `rules`, `keys`, `limit`, `table`, `judge`, `answer`.

mod answer;
mod common;
mod config;
mod exempt;
mod judge;
mod keys;
mod limit;
mod metrics;
mod rules;
mod table;

pub use config::Config;

use config::{Policy, Share};
use judge::{Judge, Ruling};
use keys::{Addresses, Facts};
use mesh_filter::prelude::*;
use mesh_filter_policy::metrics_prefix;
use metrics::Metrics;

/// The filter.
pub struct RateLimit {
    policy: Policy,
    metrics: Metrics,
}

impl Filter for RateLimit {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let prefix = metrics_prefix("rate_limit", config.stat_prefix.as_deref())?;
        let policy = config.build(setup, &prefix)?;
        Ok(Self { policy, metrics: Metrics::new(setup, &prefix)? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let Policy { answers, .. } = &self.policy;
        for (name, _) in &answers.not_enforced {
            // Only this filter says that.
            request.headers_mut().remove(name)?;
        }
        if !drawn(self.policy.enabled)? {
            return next.run(request).await;
        }
        self.metrics.enabled.increment(1);
        if let Some(epoch) = &self.policy.epoch {
            epoch.find()?;
        }
        let enforced = drawn(self.policy.enforced)?;
        let judged = {
            let facts = Facts { request: &request, addresses: Addresses::new(&self.policy.client_address) };
            if self.policy.exempt.is_for(&facts) {
                self.metrics.exempt.increment(1);
                None
            } else {
                let keyed = self.policy.rules.iter().filter_map(|rule| rule.keyed(&facts)).collect();
                let judge =
                    Judge { metrics: &self.metrics, on_contention: self.policy.on_contention, enforced };
                Some(judge.judge(keyed))
            }
        };
        let Some(judged) = judged else { return next.run(request).await };
        let mut response = match judged.ruling {
            Ruling::Pass if judged.not_enforced => {
                self.metrics.rate_limited.increment(1);
                for (name, value) in &answers.not_enforced {
                    request.headers_mut().set(name, value)?;
                }
                next.run(request).await?
            }
            Ruling::Pass => {
                self.metrics.ok.increment(1);
                next.run(request).await?
            }
            Ruling::Limited(_) | Ruling::Contended => {
                self.metrics.rate_limited.increment(1);
                self.metrics.enforced.increment(1);
                answers.refusal(&judged, request.headers().is_grpc())?
            }
        };
        answers.tell(&judged, response.headers_mut())?;
        Ok(response)
    }
}

/// Whether this request is one of so many.
fn drawn(Share { numerator, denominator }: Share) -> Result<bool> {
    if numerator == 0 || numerator == denominator.get() {
        return Ok(numerator > 0);
    }
    Ok(random::below(denominator.get().into())? < numerator.into())
}

mesh_filter::register!(RateLimit);
