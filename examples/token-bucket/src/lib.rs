//! Limits how many requests each client may send, exactly and over all workers.

mod bucket;
mod config;

use bucket::Bucket;
use config::Config;
use mesh_filter::prelude::*;
use std::time::Duration;

/// Clients that are told apart at the same time; beyond it the one unseen for longest begins anew.
const PLACES: u32 = 65_536;

/// The filter.
pub struct TokenBucket {
    key: HeaderName,
    bucket: Bucket,
    clients: shared::Slots<clock::Instant>,
    denied: Counter,
}

impl Filter for TokenBucket {
    type Config = Config;

    fn new(config: Config, setup: &mut Setup) -> Result<Self> {
        let bucket = config.bucket()?;
        // A client that has been away for so long has a full bucket, as a new one has.
        let clients = shared::Slots::new("clients", PLACES)?.forget_after(bucket.time_to_fill());
        Ok(Self { key: config.key.header, bucket, clients, denied: setup.counter("ratelimit.denied")? })
    }

    async fn handle(&self, request: Request, next: Next) -> Result<Response> {
        // Requests without the header share one bucket: leaving it out must not help.
        let client = request.headers().get(&self.key).map(|value| value.as_bytes().to_vec());
        let now = clock::monotonic();
        let mut taken = self.bucket.take(None, now);
        self.clients.update(client.unwrap_or_default(), |full_at| {
            taken = self.bucket.take(full_at, now);
            taken.full_at
        })?;
        let mut response = match taken.wait {
            None => next.run(request).await?,
            Some(wait) => {
                self.denied.increment(1);
                Response::new(429)
                    .with_header("retry-after", seconds(wait).to_string())?
                    .with_details("rate_limited")
            }
        };
        response.headers_mut().set("x-ratelimit-remaining", taken.remaining.to_string())?;
        Ok(response)
    }
}

/// Whole seconds after which it is surely over.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

mesh_filter::register!(TokenBucket);
