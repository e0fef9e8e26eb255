//! Counters, gauges and histograms of the proxy.
//!
//! They are defined while a filter is made ([`crate::Setup`]). Changing one cannot fail an
//! exchange: a proxy that refuses is named in the log.

use crate::host::{HostError, MetricKind, Status, host};

/// A number that only grows.
#[derive(Debug, Clone)]
pub struct Counter(Metric);

impl Counter {
    pub(crate) fn define(name: &str) -> Result<Self, HostError> {
        Metric::define(MetricKind::Counter, name).map(Self)
    }

    /// Adds to it; 0 adds nothing.
    pub fn increment(&self, amount: u32) {
        if amount > 0 {
            self.0.increment(i64::from(amount));
        }
    }

    /// Its value in the whole proxy.
    ///
    /// # Errors
    /// When the proxy does not tell.
    pub fn value(&self) -> Result<u64, HostError> {
        self.0.value()
    }
}

/// A number that goes up and down.
#[derive(Debug, Clone)]
pub struct Gauge(Metric);

impl Gauge {
    pub(crate) fn define(name: &str) -> Result<Self, HostError> {
        Metric::define(MetricKind::Gauge, name).map(Self)
    }

    /// Sets it.
    pub fn set(&self, value: u64) {
        self.0.record(value);
    }

    /// Adds to it, or takes away.
    pub fn add(&self, amount: i32) {
        if amount != 0 {
            self.0.increment(i64::from(amount));
        }
    }

    /// Its value in the whole proxy.
    ///
    /// # Errors
    /// When the proxy does not tell.
    pub fn value(&self) -> Result<u64, HostError> {
        self.0.value()
    }
}

/// A distribution of samples.
#[derive(Debug, Clone)]
pub struct Histogram(Metric);

impl Histogram {
    pub(crate) fn define(name: &str) -> Result<Self, HostError> {
        Metric::define(MetricKind::Histogram, name).map(Self)
    }

    /// Adds a sample.
    pub fn record(&self, value: u64) {
        self.0.record(value);
    }
}

/// A metric's number; names are told to the proxy once.
#[derive(Debug, Clone, Copy)]
struct Metric(u32);

impl Metric {
    fn define(kind: MetricKind, name: &str) -> Result<Self, HostError> {
        if name.is_empty() {
            return Err(HostError::new("proxy_define_metric", name, Status::BAD_ARGUMENT));
        }
        host()
            .define_metric(kind, name)
            .map(Self)
            .map_err(|status| HostError::new("proxy_define_metric", name, status))
    }

    fn increment(self, offset: i64) {
        self.report("proxy_increment_metric", host().increment_metric(self.0, offset));
    }

    fn record(self, value: u64) {
        self.report("proxy_record_metric", host().record_metric(self.0, value));
    }

    fn value(self) -> Result<u64, HostError> {
        host().get_metric(self.0).map_err(|status| self.error("proxy_get_metric", status))
    }

    fn report(self, hostcall: &'static str, result: Result<(), Status>) {
        if let Err(status) = result {
            log::warn!("{}", self.error(hostcall, status));
        }
    }

    fn error(self, hostcall: &'static str, status: Status) -> HostError {
        HostError::new(hostcall, format!("metric {}", self.0), status)
    }
}
