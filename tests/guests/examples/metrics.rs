//! Counts requests in the counter `requests`, streams in the gauge `streams`, and records header counts in the histogram `header_count`.

use mesh_filter_guests::{Settings, Stream, stream};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MetricType};

stream!(Metrics);

struct Metrics {
    requests: u32,
    streams: u32,
    header_count: u32,
}

/// Defining a metric again gives another number for the same metric.
fn define(kind: MetricType, name: &str) -> u32 {
    hostcalls::define_metric(kind, name).unwrap_or_default()
}

impl Stream for Metrics {
    fn new(_settings: &Settings) -> Self {
        Self {
            requests: define(MetricType::Counter, "requests"),
            streams: define(MetricType::Gauge, "streams"),
            header_count: define(MetricType::Histogram, "header_count"),
        }
    }
}

impl Context for Metrics {}

impl HttpContext for Metrics {
    fn on_http_request_headers(&mut self, count: usize, _end: bool) -> Action {
        let _ = hostcalls::increment_metric(self.requests, 1);
        let _ = hostcalls::increment_metric(self.streams, 1);
        let _ = hostcalls::record_metric(self.header_count, count as u64);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end: bool) -> Action {
        for (name, id) in [("x-requests", self.requests), ("x-streams", self.streams)] {
            let value = hostcalls::get_metric(id)
                .map_or_else(|status| format!("{status:?}"), |value| value.to_string());
            self.set_http_response_header(name, Some(&value));
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        let _ = hostcalls::increment_metric(self.streams, -1);
    }
}
