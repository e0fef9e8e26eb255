//! Metrics: shared by all VMs of the process, numbered per VM as Envoy numbers them.

use super::Host;
use super::quotas::MAX_METRICS;
use crate::abi::{MetricKind, Status};
use crate::number_map::NumberMap;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest name of a metric, in bytes.
pub const MAX_NAME: usize = 1024;
/// Upper bounds of the histogram buckets, as Envoy's Prometheus page has them.
pub const BUCKETS: [u64; 19] = [
    0, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000,
    1_800_000, 3_600_000,
];

/// All metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    limit: usize,
    /// By name and kind: as in Envoy, a counter and a gauge may have the same name.
    by_name: Mutex<BTreeMap<(String, u32), Arc<Metric>>>,
    /// What the engine itself counts: few names, all of them ours.
    own: Mutex<BTreeMap<String, Metric>>,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    kind: MetricKind,
    value: AtomicU64,
    histogram: Option<Histogram>,
}

#[derive(Debug)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    sum: AtomicU64,
}

/// A metric's state at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSnapshot {
    /// Name without Envoy's `wasmcustom.` prefix.
    pub name: String,
    /// Kind.
    pub kind: MetricKind,
    /// Counter or gauge: the value. Histogram: the number of samples.
    pub value: u64,
    /// Histogram: sum of the samples.
    pub sum: u64,
    /// Histogram: samples at most as large as each of [`BUCKETS`], cumulative; else empty.
    pub buckets: Vec<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::with_limit(MAX_METRICS)
    }
}

impl Metrics {
    /// So many metrics of plugins at most.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, by_name: Mutex::default(), own: Mutex::default() }
    }

    /// The metric with this name, made where it is new.
    ///
    /// # Errors
    /// `BadArgument` for a name that is too long; `InternalFailure` beyond the limit.
    pub fn define(&self, kind: MetricKind, name: &str) -> Result<Arc<Metric>, Status> {
        if name.len() > MAX_NAME {
            return Err(Status::BAD_ARGUMENT);
        }
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), kind.number());
        if let Some(metric) = by_name.get(&key) {
            return Ok(Arc::clone(metric));
        }
        if by_name.len() >= self.limit {
            return Err(Status::INTERNAL_FAILURE);
        }
        let metric = Arc::new(Metric::new(kind));
        by_name.insert(key, Arc::clone(&metric));
        Ok(metric)
    }

    /// All metrics, by name.
    #[must_use]
    pub fn snapshot(&self) -> Vec<MetricSnapshot> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.iter().map(|((name, _), metric)| metric.snapshot(name)).collect()
    }

    /// The value of a counter or gauge, or the samples of a histogram; `None` for unknown names.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let metric = by_name.iter().find(|((known, _), _)| known == name).map(|(_, metric)| metric);
        metric.map(|metric| metric.value.load(Ordering::Relaxed))
    }
}

impl Metrics {
    /// Adds to what the engine itself counts, under a whole name.
    pub(crate) fn count(&self, kind: MetricKind, name: &str, by: i64) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(metric) = own.get(name) {
            // Counters refuse what is not positive; nothing is lost by that.
            let _refused = metric.increment(by);
            return;
        }
        let metric = Metric::new(kind);
        let _refused = metric.increment(by);
        own.insert(name.to_owned(), metric);
    }

    /// What the engine itself counts, by whole names.
    #[must_use]
    pub fn own_snapshot(&self) -> Vec<MetricSnapshot> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.iter().map(|(name, metric)| metric.snapshot(name)).collect()
    }
}

impl Metric {
    fn new(kind: MetricKind) -> Self {
        let histogram = (kind == MetricKind::Histogram).then(|| Histogram {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            sum: AtomicU64::new(0),
        });
        Self { kind, value: AtomicU64::new(0), histogram }
    }

    /// `proxy_increment_metric`.
    ///
    /// # Errors
    /// `BadArgument` for a histogram, and for a counter with an offset that is not positive.
    pub fn increment(&self, offset: i64) -> Result<(), Status> {
        match self.kind {
            MetricKind::Counter if offset > 0 => self.add(offset.unsigned_abs()),
            MetricKind::Gauge if offset >= 0 => self.add(offset.unsigned_abs()),
            MetricKind::Gauge => {
                self.value.fetch_sub(offset.unsigned_abs(), Ordering::Relaxed);
            }
            MetricKind::Counter | MetricKind::Histogram => return Err(Status::BAD_ARGUMENT),
        }
        Ok(())
    }

    /// `proxy_record_metric`: a counter adds, a gauge is set, a histogram takes a sample.
    pub fn record(&self, value: u64) {
        match self.kind {
            MetricKind::Counter => self.add(value),
            MetricKind::Gauge => self.value.store(value, Ordering::Relaxed),
            MetricKind::Histogram => {
                self.add(1);
                let Some(histogram) = &self.histogram else { return };
                histogram.sum.fetch_add(value, Ordering::Relaxed);
                for (bound, count) in BUCKETS.iter().zip(&histogram.buckets) {
                    if value <= *bound {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    }

    /// `proxy_get_metric`.
    ///
    /// # Errors
    /// `BadArgument` for a histogram.
    pub fn value(&self) -> Result<u64, Status> {
        if self.kind == MetricKind::Histogram {
            return Err(Status::BAD_ARGUMENT);
        }
        Ok(self.value.load(Ordering::Relaxed))
    }

    fn add(&self, value: u64) {
        self.value.fetch_add(value, Ordering::Relaxed);
    }

    fn snapshot(&self, name: &str) -> MetricSnapshot {
        let (sum, buckets) = self.histogram.as_ref().map_or((0, Vec::new()), |histogram| {
            let buckets = histogram.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            (histogram.sum.load(Ordering::Relaxed), buckets)
        });
        let value = self.value.load(Ordering::Relaxed);
        MetricSnapshot { name: name.to_owned(), kind: self.kind, value, sum, buckets }
    }
}

/// One VM's numbers for metrics: counters 4, 8, ..., gauges 5, 9, ..., histograms 6, 10, ...
#[derive(Debug, Default)]
pub(super) struct MetricIds {
    next: [u32; 3],
    by_id: NumberMap<u32, Arc<Metric>>,
}

impl MetricIds {
    fn add(&mut self, kind: MetricKind, metric: Arc<Metric>) -> u32 {
        let number = kind.number();
        let id = self.next.get_mut(kind as usize).map_or(0, |next| {
            *next += 1;
            *next * 4 + number
        });
        self.by_id.insert(id, metric);
        id
    }
}

impl Host {
    /// Defines a metric; the same name again gives a new number for the same metric.
    ///
    /// # Errors
    /// As [`Metrics::define`]; `InternalFailure` beyond as many numbers as there may be metrics in one VM.
    pub fn define_metric(&mut self, kind: MetricKind, name: &[u8]) -> Result<u32, Status> {
        let name = std::str::from_utf8(name).map_err(|_| Status::BAD_ARGUMENT)?;
        if self.metric_ids.by_id.len() >= self.services.quotas.metrics {
            return Err(Status::INTERNAL_FAILURE);
        }
        let metric = self.services.metrics.define(kind, name)?;
        Ok(self.metric_ids.add(kind, metric))
    }

    /// The metric with this number.
    ///
    /// # Errors
    /// `NotFound` for unknown numbers, `BadArgument` for those that are of no counter and no gauge.
    pub fn metric(&self, id: u32) -> Result<&Metric, Status> {
        // Envoy looks at the kind before it looks for the metric.
        let unknown = if id % 4 > 1 { Status::BAD_ARGUMENT } else { Status::NOT_FOUND };
        self.metric_ids.by_id.get(&id).map(AsRef::as_ref).ok_or(unknown)
    }

    /// `proxy_record_metric`.
    ///
    /// # Errors
    /// `NotFound` for unknown numbers.
    pub fn record_metric(&self, id: u32, value: u64) -> Result<(), Status> {
        self.metric_ids.by_id.get(&id).ok_or(Status::NOT_FOUND)?.record(value);
        Ok(())
    }
}
