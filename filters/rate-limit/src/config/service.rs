//! Where the rate limit service is, and what becomes of requests when it has no answer.

use super::node::{Node, Object};
use super::reply::status;
use crate::service::Service;
use crate::table::{Overflow, Store, Table};
use mesh_filter::ClusterName;
use mesh_filter_policy::Problem;
use std::time::Duration;

/// Clients of which a worker remembers that they are refused.
const REMEMBERED: u32 = 4096;
const FIELDS: [&str; 5] = ["cluster", "domain", "timeout", "failure_mode_deny", "status_on_error"];

/// The rate limit service; names as in Envoy's `RateLimit` filter.
pub(super) fn service(node: Node, secret: [u8; 16]) -> Result<Service, Problem> {
    let mut object = Object::new(node, &FIELDS)?;
    let cluster = ClusterName::new(object.need_text("cluster")?);
    let cluster = cluster.map_err(|error| Problem::new("cluster", error.to_string()))?;
    let domain = object.need_text("domain")?;
    if domain.is_empty() {
        return Err(Problem::new("domain", "expected the name under which the service has the limits"));
    }
    let timeout = object.span("timeout")?.map_or(Duration::from_millis(20), Duration::from);
    if timeout < Duration::from_millis(1) {
        return Err(Problem::new("timeout", "expected 1ms or more"));
    }
    let deny = object.flag("failure_mode_deny")?;
    let on_error = status(&mut object, "status_on_error", 0)?;
    let deny_on_error = match (deny, on_error) {
        (true, 0) => Some(500),
        (true, status) => Some(status),
        (false, 0) => None,
        (false, _) => {
            let text = "without `failure_mode_deny` no request is refused for an error";
            return Err(Problem::new("status_on_error", text));
        }
    };
    let groups = Table::groups(REMEMBERED);
    let refused = Table { store: Store::worker(groups), groups, secret, overflow: Overflow::Allow };
    Ok(Service { cluster, domain, timeout, deny_on_error, refused })
}
