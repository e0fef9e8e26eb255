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
mod service;
mod table;

pub use config::Config;

use config::{Policy, Share};
use judge::{Judge, Ruling};
use keys::{Addresses, Facts};
use mesh_filter::prelude::*;
use rules::Found;

/// The filter.
pub struct RateLimit {
    policy: Policy,
}

impl Filter for RateLimit {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        Ok(Self { policy: config.build(setup)? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let Policy { answers, metrics, .. } = &self.policy;
        for (name, _) in &answers.not_enforced {
            // Only this filter says that.
            request.headers_mut().remove(name)?;
        }
        if !drawn(self.policy.enabled)? {
            return next.run(request).await;
        }
        metrics.enabled.increment(1);
        if let Some(epoch) = &self.policy.epoch {
            epoch.find()?;
        }
        let enforced = drawn(self.policy.enforced)?;
        let Some(found) = self.find(&request) else {
            metrics.exempt.increment(1);
            return next.run(request).await;
        };
        let judge = Judge { metrics, on_contention: self.policy.on_contention, enforced };
        let mut judged = judge.judge(found.local);
        if let Some(service) = &self.policy.service
            && judged.ruling == Ruling::Pass
            && !found.global.is_empty()
        {
            judge.ask(service, found.global, &mut judged).await;
        }
        judge.settle(&mut judged);
        let mut response = if judged.ruling == Ruling::Pass {
            let counter = if judged.not_enforced { &metrics.rate_limited } else { &metrics.ok };
            counter.increment(1);
            for (name, value) in answers.not_enforced.iter().filter(|_| judged.not_enforced) {
                request.headers_mut().set(name, value)?;
            }
            for (name, value) in judged.answer.iter().flat_map(|answer| &answer.request_headers) {
                // What the service makes of it cannot break the request, nor give it another path or host.
                if HeaderName::new(name).is_ok() {
                    drop(request.headers_mut().append(name, value));
                }
            }
            next.run(request).await?
        } else {
            if !matches!(judged.ruling, Ruling::Unavailable(_)) {
                metrics.rate_limited.increment(1);
            }
            metrics.enforced.increment(1);
            answers.refusal(&judged, request.headers().is_grpc())?
        };
        answers.tell(&judged, response.headers_mut())?;
        Ok(response)
    }
}

impl RateLimit {
    /// The rules that are for a request; `None` where it is exempt from all.
    fn find(&self, request: &Request) -> Option<Found<'_>> {
        let facts = Facts { request, addresses: Addresses::new(&self.policy.client_address) };
        if self.policy.exempt.is_for(&facts) {
            return None;
        }
        let mut found = Found::default();
        for rule in &self.policy.rules {
            found.add(rule, &facts);
        }
        Some(found)
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
