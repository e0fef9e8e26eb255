//! Counters of the proxy itself: one set per worker, summed by the admin pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one thread changes and others read.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Responses by the first digit of their status.
#[derive(Debug, Default)]
pub(super) struct StatusClasses([Counter; 5]);

impl StatusClasses {
    pub(super) fn note(&self, status: u16) {
        if let Some(counter) = usize::from(status / 100).checked_sub(1).and_then(|class| self.0.get(class)) {
            counter.add(1);
        }
    }

    /// `1xx` to `5xx` with their numbers.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(self.0.iter().map(Counter::value))
    }
}

/// What concerns a listener and its HTTP connection manager.
#[derive(Debug, Default)]
pub(super) struct ListenerStats {
    pub(super) connections: Counter,
    pub(super) connections_active: Counter,
    pub(super) requests: Counter,
    pub(super) requests_active: Counter,
    pub(super) requests_reset: Counter,
    pub(super) no_route: Counter,
    pub(super) protocol_errors: Counter,
    pub(super) responses: StatusClasses,
}

/// What concerns a cluster.
#[derive(Debug, Default)]
pub(super) struct ClusterStats {
    pub(super) connections: Counter,
    pub(super) connection_failures: Counter,
    pub(super) requests: Counter,
    pub(super) requests_active: Counter,
    pub(super) timeouts: Counter,
    pub(super) no_endpoint: Counter,
    pub(super) responses: StatusClasses,
}

/// All counters of one worker, in the order of the configuration.
#[derive(Debug, Default)]
pub(super) struct WorkerStats {
    pub(super) listeners: Vec<Arc<ListenerStats>>,
    pub(super) clusters: Vec<Arc<ClusterStats>>,
}

impl WorkerStats {
    pub(super) fn new(listeners: usize, clusters: usize) -> Self {
        Self {
            listeners: std::iter::repeat_with(Arc::default).take(listeners).collect(),
            clusters: std::iter::repeat_with(Arc::default).take(clusters).collect(),
        }
    }
}
