//! Limits of all replicas together: a rate limit service is asked for each request, by gRPC.

mod messages;
mod wire;

pub(crate) use messages::{Answer, Descriptor};

use crate::table::{Client, Table};
use mesh_filter::grpc::{self, GrpcError};
use mesh_filter::prelude::*;
use std::time::Duration;

/// The service and its method.
const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";
const METHOD: &str = "ShouldRateLimit";
/// For how long at most a refusal is remembered: then the service may have other limits.
const LONGEST: u64 = 10_000_000_000;

/// A rate limit service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) cluster: ClusterName,
    pub(crate) domain: String,
    pub(crate) timeout: Duration,
    /// Whether requests are refused for which the service has no answer, and with which status.
    pub(crate) deny_on_error: Option<u16>,
    /// Who is refused until when, as far as this worker was told.
    pub(crate) refused: Table,
}

impl Service {
    /// Asks for all of these descriptors at once.
    pub(crate) async fn ask(&self, descriptors: &[&Descriptor]) -> Result<Answer> {
        let message = messages::request(&self.domain, descriptors);
        let call = grpc::call(&self.cluster, SERVICE, METHOD).timeout(self.timeout);
        let reply = call.send_bytes(message).await.map_err(|error: GrpcError| Error::from(error))?;
        Answer::read(reply.message()).ok_or_else(|| Error::new("the answer says neither OK nor OVER_LIMIT"))
    }

    /// A descriptor as the table of the refused knows it.
    pub(crate) fn client(&self, key: &[u8]) -> Client {
        self.refused.client(key, 0)
    }

    /// For how many nanoseconds more the service need not be asked.
    pub(crate) fn wait(&self, client: Client, now: u64) -> Option<u64> {
        self.refused.until(client).filter(|until| *until > now).map(|until| until - now)
    }

    /// Remembers what the service has refused, and would refuse again.
    pub(crate) fn remember(&self, clients: &[Client], answer: &Answer, now: u64) {
        for (client, status) in clients.iter().zip(&answer.statuses) {
            if let Some(reset) = status.reset.filter(|_| status.is_empty()) {
                self.refused.set_until(*client, now.saturating_add(reset.min(LONGEST)), now);
            }
        }
    }
}
