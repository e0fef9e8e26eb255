//! What is measured: requests, the filters they pass, and the bootstrap file for all of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;

use crate::bootstrap;
use crate::workspace::target;

/// One kind of exchange. Each has a listener of its own with the same name.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// The example whose module stands in the way, and its configuration.
    filter: Option<(&'static str, &'static str)>,
    pub(crate) path: &'static str,
    /// Whether the proxy has to keep to its share of Envoy's CPU time. Where no filter runs, or where most of the time
    /// goes into moving bytes through sockets, which is the kernel's work for both hosts, it is measured only.
    pub(crate) judged: bool,
    /// Requests in one run: a few tenths of a second of CPU time.
    pub(crate) requests: u32,
}

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "no-filter", filter: None, path: "/small", judged: false, requests: 8_000 },
    Workload {
        name: "hello-header",
        filter: Some(("hello-header", r#"{"value": "world"}"#)),
        path: "/small",
        judged: true,
        requests: 8_000,
    },
    Workload {
        name: "plain",
        filter: Some(("plain", r#"{"value": "world"}"#)),
        path: "/small",
        judged: true,
        requests: 8_000,
    },
    Workload {
        name: "body-rewrite",
        filter: Some(("body-rewrite", r#"{"from": "https://foo.com", "to": "https://bar.example"}"#)),
        path: "/page",
        judged: true,
        requests: 6_000,
    },
    Workload {
        name: "body-rewrite-64k",
        filter: Some(("body-rewrite", r#"{"from": "https://foo.com", "to": "https://bar.example"}"#)),
        path: "/large",
        judged: false,
        requests: 2_000,
    },
];

impl Workload {
    fn listener(&self) -> Value {
        let filter = self.filter.map(|(module, configuration)| bootstrap::example(module, configuration));
        bootstrap::listener(self.name, filter.into_iter().collect())
    }
}

/// The examples whose modules are needed.
pub(crate) fn modules(workloads: &[&Workload]) -> BTreeSet<&'static str> {
    workloads.iter().filter_map(|workload| workload.filter).map(|(module, _)| module).collect()
}

/// Writes one bootstrap file for both hosts, with `more` listeners.
pub(crate) fn write_bootstrap(
    workloads: &[&Workload],
    more: Vec<Value>,
    upstream: SocketAddr,
) -> Result<PathBuf> {
    let listeners = workloads.iter().map(|workload| workload.listener());
    let listeners: Vec<_> = listeners.chain(more).collect();
    bootstrap::write(&target().join("bench"), &listeners, &[bootstrap::cluster("upstream", upstream)])
}
