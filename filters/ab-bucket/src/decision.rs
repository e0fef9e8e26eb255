//! Asks a service for the cohort of a request.

use crate::cohort::is_key;
use mesh_filter::call::{self, CallError};
use mesh_filter::{ClusterName, HeaderName, Request};
use std::time::Duration;

/// The service, and what it is told.
#[derive(Debug)]
pub(crate) struct DecisionService {
    pub(crate) cluster: ClusterName,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) timeout: Duration,
    /// Headers of the request that it gets too.
    pub(crate) forward_headers: Vec<HeaderName>,
    /// The header in which it gets the unit's id.
    pub(crate) unit_header: Option<HeaderName>,
}

/// Why the service has not decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undecided {
    /// There is none in time.
    #[error("it does not answer in time")]
    Timeout,
    /// There is none at all.
    #[error("it cannot be reached")]
    Unreachable,
    /// The proxy does not know where it is.
    #[error("there is no cluster `{0}`")]
    Cluster(String),
    /// There is one that is no decision.
    #[error("status {0}")]
    Status(u16),
    /// What it says cannot stand in a header.
    #[error("its answer is no key")]
    Text,
    /// What it says is none of the variations.
    #[error("its answer is none of the variations")]
    Unknown,
}

impl DecisionService {
    /// The service's answer, if it can be one.
    pub(crate) async fn ask(&self, request: &Request, unit: Option<&str>) -> Result<String, Undecided> {
        let mut call = call::get(&self.cluster, &self.path).authority(&self.authority).timeout(self.timeout);
        for name in &self.forward_headers {
            for value in request.headers().get_all(name) {
                call = call.header(name, value);
            }
        }
        if let (Some(name), Some(unit)) = (&self.unit_header, unit) {
            call = call.header(name, unit);
        }
        let reply = call.send().await.map_err(|error| match error {
            // Their own texts would be 4 KiB of the module.
            CallError::Timeout { .. } => Undecided::Timeout,
            CallError::UnknownCluster { cluster } => Undecided::Cluster(cluster.as_str().to_owned()),
            _ => Undecided::Unreachable,
        })?;
        if !reply.is_success() {
            return Err(Undecided::Status(reply.status()));
        }
        let text = std::str::from_utf8(reply.body()).map_err(|_| Undecided::Text)?.trim();
        if is_key(text) { Ok(text.to_owned()) } else { Err(Undecided::Text) }
    }
}
