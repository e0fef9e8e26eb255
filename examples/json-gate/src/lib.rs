//! Lets only JSON through, and notes for the access log what it found.

use mesh_filter::prelude::*;
use serde::de::IgnoredAny;
use std::cell::Cell;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Longest body that is looked at; a longer one is refused with 413.
    max_bytes: usize,
}

/// The filter.
pub struct JsonGate {
    config: Config,
    refused: Counter,
    /// Exchanges that have ended.
    ended: Cell<u64>,
}

impl Filter for JsonGate {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        Ok(Self { config, refused: setup.counter("json_gate.refused")?, ended: Cell::new(0) })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        if request.headers().content_type().is_some_and(|kind| kind == "application/json") {
            let refused = self.refused.clone();
            // The headers leave at once: the upstream sees a complete body only if it is JSON.
            request.gate_body(self.config.max_bytes, async move |body| {
                let checked = serde_json::from_slice::<IgnoredAny>(&body);
                property::set("json_gate.verdict", if checked.is_ok() { "json" } else { "refused" })?;
                Ok(match checked {
                    Ok(IgnoredAny) => Gate::Open,
                    Err(error) => {
                        refused.increment(1);
                        Gate::Reply(Response::new(400).with_body(format!("not JSON: {error}\n")))
                    }
                })
            });
        }
        next.run(request).await
    }

    fn log(&self, _ended: &Ended) {
        self.ended.set(self.ended.get() + 1);
        log_every!(secs(60), Info, "{} exchanges so far", self.ended.get());
    }
}

mesh_filter::register!(JsonGate);
