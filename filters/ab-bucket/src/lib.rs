//! Puts users into the variations of experiments ahead of the services behind a proxy, and keeps them there.
//!
//! ```text
//!   config ── build ──► policy: units, experiments, sticky, trusted
//!                          │
//!   request ── visit ── for each experiment that it is for, while it runs:
//!                │          forced    (an id on a list, a trusted client's wish)
//!                ├─ unit    kept      (what was decided before, from a cookie)
//!                │ (whose)  targeting, namespace
//!                │          assign ── hash       or   decision (asks a service)
//!                ▼
//!           decisions ── passing ──► headers, path and host of the request; the proxy chooses the route anew
//!                │          └──────► cookies and headers of the response
//!                └─ metrics, exposure
//! ```
//!
//! What is decided by hash is a function of the id and the configuration: nothing is kept in the proxy, so each worker and
//! each restart decides the same, and memory does not grow with the number of users.
//!
//! Reading order: `config` (what can be said), `visit` (how it is decided), `assign` and `hash` (the arithmetic), `unit`,
//! `experiment`, `sticky`, `seal`, `trusted`, `decision`, `passing`, `metrics`, `exposure`.

pub mod assign;
mod client;
mod cohort;
mod config;
mod cookie;
mod decision;
mod experiment;
mod exposure;
mod hash;
mod metrics;
mod passing;
mod seal;
mod sticky;
mod trusted;
mod unit;
mod visit;

pub use config::Config;

use config::Policy;
use mesh_filter::prelude::*;
use passing::{Answer, report, tell_upstream};
use visit::Visit;

/// The filter.
pub struct AbBucket {
    policy: Policy,
}

impl Filter for AbBucket {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        Ok(Self { policy: config.build(setup)? })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let policy = &self.policy;
        let visit = Visit::new(policy, &request);
        let decisions = visit.decisions().await;
        let found = visit.into_found();
        tell_upstream(&mut request, policy, &decisions, &found)?;
        report(policy, &decisions, &found);
        let answer = Answer::new(policy, &decisions, &found);
        let mut response = next.run(request).await?;
        answer.write(&mut response)?;
        Ok(response)
    }

    /// An experiment is never worth a request.
    fn on_error(&self, _: &Failure<'_>) -> Recovery {
        Recovery::Pass
    }
}

mesh_filter::register!(AbBucket);
