//! A filter that lets everything through, after it has read the body where it is told to.
//!
//! `cargo xtask bench` takes what it costs from what other filters cost.

use mesh_filter::prelude::*;

/// More than any body of the bench.
const LIMIT: usize = 64 << 10;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    body: Body,
}

/// What becomes of bodies.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    /// Nothing.
    #[default]
    Passed,
    /// They are read while the headers wait.
    Held,
    /// They are read behind the headers, and kept from the service meanwhile.
    Gated,
}

/// The filter.
pub struct Idle {
    body: Body,
}

impl Filter for Idle {
    type Config = Config;

    fn new(config: Config, _setup: &mut Setup) -> Result<Self> {
        Ok(Self { body: config.body })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        match self.body {
            Body::Passed => {}
            Body::Held => drop(request.body(LIMIT).await?),
            Body::Gated => request.gate_body(LIMIT, async |_| Ok(Gate::Open)),
        }
        next.run(request).await
    }
}

mesh_filter::register!(Idle);
