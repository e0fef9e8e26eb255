//! Counts requests in each worker, and reports all of them together: a job sends, a queue carries, a task sums up.

use mesh_filter::prelude::*;
use std::cell::Cell;
use std::rc::Rc;

/// The plugin's configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How often is reported.
    every: clock::Span,
}

/// The filter.
pub struct RequestTotal {
    seen: Rc<Cell<u64>>,
}

impl Filter for RequestTotal {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let seen = Rc::new(Cell::new(0_u64));
        // The worker that registers last is the one that sums up.
        let reports = shared::Queue::register("reports")?;
        let incoming = reports.clone();
        setup.spawn(async move {
            let mut total = 0;
            loop {
                let report = incoming.next().await?;
                total += std::str::from_utf8(&report)?.parse::<u64>()?;
                log::info!("{total} requests so far");
            }
        });
        let counted = Rc::clone(&seen);
        setup.every(config.every.into(), async move || match counted.take() {
            0 => Ok(()),
            count => Ok(reports.push(count.to_string())?),
        })?;
        Ok(Self { seen })
    }

    async fn handle(&self, request: Request, next: Next) -> Result<Response> {
        self.seen.set(self.seen.get() + 1);
        next.run(request).await
    }
}

mesh_filter::register!(RequestTotal);
