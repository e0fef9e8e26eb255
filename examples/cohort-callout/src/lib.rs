//! Asks a bucket service which cohort a request belongs to, and tells the upstream by a header.

mod cohort;
mod config;

use config::Config;
use mesh_filter::call::CallError;
use mesh_filter::prelude::*;

/// The filter.
pub struct CohortCallout {
    config: Config,
    assigned: Counter,
    fallbacks: Counter,
}

impl Filter for CohortCallout {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        Ok(Self {
            assigned: setup.counter("cohort.assigned")?,
            fallbacks: setup.counter("cohort.fallbacks")?,
            config,
        })
    }

    async fn handle(&self, mut request: Request, next: Next) -> Result<Response> {
        let cohort = match self.ask().await {
            Ok(reply) => cohort::parse(reply.status(), reply.body()).map(str::to_owned),
            Err(error) => {
                log::warn!("no cohort: {error}");
                None
            }
        };
        let counter = if cohort.is_some() { &self.assigned } else { &self.fallbacks };
        counter.increment(1);
        // Replaces every copy that the client may have sent.
        let cohort = cohort.as_ref().unwrap_or(&self.config.fallback);
        request.headers_mut().set(&self.config.header, cohort)?;

        let mut response = next.run(request).await?;
        response.headers_mut().set("x-served-by", "cohort")?;
        Ok(response)
    }
}

impl CohortCallout {
    async fn ask(&self) -> Result<call::Reply, CallError> {
        call::get(&self.config.cluster, "/bucket").timeout(millis(self.config.timeout_ms)).send().await
    }
}

mesh_filter::register!(CohortCallout);
