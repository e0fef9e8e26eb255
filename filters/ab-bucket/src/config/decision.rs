//! A service that decides in place of a hash.

use super::refuse::refuse;
use crate::decision::DecisionService;
use mesh_filter::clock::{Span, millis};
use mesh_filter::{ClusterName, HeaderName};
use mesh_filter_policy::Problem;
use serde::Deserialize;

/// A request waits for the service, so it does not wait for long.
const PATIENCE: Span = Span::new(millis(100));

/// Where the service is, and what it is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionConfig {
    cluster: ClusterName,
    authority: Option<String>,
    #[serde(default = "root")]
    path: String,
    #[serde(default = "patience")]
    timeout: Span,
    pub(super) fallback: Option<String>,
    #[serde(default)]
    forward_headers: Vec<HeaderName>,
    unit_header: Option<HeaderName>,
}

fn root() -> String {
    "/".to_owned()
}

fn patience() -> Span {
    PATIENCE
}

impl DecisionConfig {
    pub(super) fn build(&self) -> Result<DecisionService, Problem> {
        if !self.path.starts_with('/') || !self.path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("path", "expected a path that begins with `/`");
        }
        let authority = self.authority.as_deref().unwrap_or(self.cluster.as_str());
        if authority.is_empty() || !authority.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("authority", "expected a host");
        }
        if self.timeout.is_zero() {
            return refuse("timeout", "expected more than none");
        }
        Ok(DecisionService {
            cluster: self.cluster.clone(),
            authority: authority.to_owned(),
            path: self.path.clone(),
            timeout: *self.timeout,
            forward_headers: self.forward_headers.clone(),
            unit_header: self.unit_header.clone(),
        })
    }
}
