//! Rewrites headers, queries, paths, hosts and methods of requests, and headers of responses.
//!
//! ```text
//!   config ── build ──► rules: conditions, operations, templates; safety: what may be changed
//!                          │
//!   request ── condition ──┤ for each rule, in order: headers, query, path, host, method
//!     │  ▲                 │         │                           │
//!     │  └─ template ◄─────┤         └──── editor ◄── safety ────┘  (every change goes this way)
//!     │     (headers, captures,      ▼
//!     │      claims, world)       the request goes on, or 400: it would go where nobody wanted it
//!     ▼
//!   response ── condition ── operations ── the response, with what templates saved of the request
//! ```
//!
//! Everything but `world` and this file is a function of headers, properties and the configuration. The SDK's list reads the
//! proxy's headers when an operation first has to know them, and writes only those that have changed.
//!
//! Reading order: `config` (what can be said), `rules`, `condition`, `operation`, `parameter`, `place`, `editor`, `safety`,
//! `template`.

mod claims;
mod condition;
mod config;
mod editor;
mod fields;
mod json;
mod metrics;
mod operation;
mod parameter;
mod place;
mod presets;
mod rules;
mod safety;
mod substitution;
mod target;
mod template;
mod world;

#[cfg(test)]
mod testing;

pub use config::Config;

use editor::Refused;
use mesh_filter::prelude::*;
use metrics::Metrics;
use rules::{Passed, Policy};
use world::Proxy;

/// The filter.
pub struct HeaderRewrite {
    policy: Policy,
    metrics: Metrics,
}

impl Filter for HeaderRewrite {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let metrics = Metrics::new(setup, config.stat_prefix.as_deref())?;
        let policy = config.build(&|name| setup.environment_variable(name))?;
        Ok(Self { policy, metrics })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let passed = self.policy.request(request.headers_mut(), &Proxy);
        let passage = match self.passed(passed)? {
            Ok(passage) => passage,
            Err(reply) => return Ok(reply),
        };
        let mut response = next.run(request).await?;
        if passage.is_empty() {
            return Ok(response);
        }
        let passed = self.policy.response(&passage, response.headers_mut(), &Proxy);
        Ok(self.passed(passed)?.err().unwrap_or(response))
    }
}

impl HeaderRewrite {
    /// What came of a message, or what the client gets in its place.
    fn passed<T>(&self, passed: Passed<T>) -> Result<Result<T, Response>> {
        if passed.rejected > 0 {
            self.metrics.rejected.increment(passed.rejected);
            log::debug!("{} changes were not made", passed.rejected);
        }
        /// Statuses of gRPC.
        const INVALID_ARGUMENT: u32 = 3;
        const INTERNAL: u32 = 13;
        Ok(match passed.outcome {
            Ok(passed) => Ok(passed),
            Err(Refused::Target) => {
                self.metrics.target.increment(1);
                log::debug!("refused: the target of the request cannot be");
                Err(reply(400, INVALID_ARGUMENT, "header_rewrite:target_rejected"))
            }
            Err(Refused::Mutation) => {
                self.metrics.error.increment(1);
                Err(reply(500, INTERNAL, "header_rewrite:mutation_rejected"))
            }
            Err(Refused::Header(error)) => return Err(error.into()),
        })
    }
}

fn reply(status: u16, grpc: u32, details: &str) -> Response {
    Response::new(status).with_details(details).with_grpc_status(grpc)
}

mesh_filter::register!(HeaderRewrite);
