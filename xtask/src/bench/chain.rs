//! What one more filter costs: the same plugin not at all, once and five times on the way of a request.

use anyhow::Result;
use serde_json::{Value, json};

use super::load::Load;
use super::measure::{cpu_per_request, median};
use crate::bootstrap;
use crate::host::Host;

/// The plugin: it adds one header to each response.
pub(crate) const MODULE: &str = "plain";
const CONFIGURATION: &str = r#"{"value": "world"}"#;

/// Filters on the way; the first and the last give the slope.
const LENGTHS: [u32; 3] = [0, 1, 5];

/// Requests in one run.
const REQUESTS: u32 = 8_000;

/// What both hosts need for one more filter.
pub(crate) struct Chain {
    /// The slope of CPU time over the number of filters, this proxy's by Envoy's.
    pub(crate) slope: f64,
    /// What each of five filters costs in this proxy, by what one alone costs.
    pub(crate) growth: f64,
    ours: [f64; 3],
    envoy: [f64; 3],
}

/// A listener for each length.
pub(crate) fn listeners() -> Vec<Value> {
    let filters = |count: u32| (0..count).map(|_| bootstrap::example(MODULE, CONFIGURATION)).collect();
    LENGTHS.iter().map(|length| bootstrap::listener(&name(*length), filters(*length))).collect()
}

/// Measures all lengths in both hosts, in turn, so that what a busy machine does to one it does to all.
pub(crate) fn measure(load: &Load, hosts: [&Host; 2], rounds: usize) -> Result<Chain> {
    let mut all: [[Vec<f64>; 3]; 2] = Default::default();
    for round in 0..=rounds {
        for (host, figures) in hosts.iter().zip(&mut all) {
            for (length, figures) in LENGTHS.iter().zip(figures) {
                let (cpu, _) = cpu_per_request(host, load, &name(*length), "/small", REQUESTS)?;
                // The first round warms up.
                if round > 0 {
                    figures.push(cpu.as_secs_f64() * 1e6);
                }
            }
        }
    }
    let [ours, envoy] = all.map(|figures| figures.map(|figures| median(&figures)));
    let slope = |[none, _, five]: [f64; 3]| (five - none) / 5.0;
    let [none, one, _] = ours;
    Ok(Chain { slope: slope(ours) / slope(envoy), growth: slope(ours) / (one - none), ours, envoy })
}

impl Chain {
    pub(crate) fn json(&self) -> Value {
        let host = |[none, one, five]: [f64; 3]| json!({"0": none, "1": one, "5": five});
        json!({
            "slope_ratio": self.slope,
            "growth": self.growth,
            "cpu_microseconds_per_request": {"ours": host(self.ours), "envoy": host(self.envoy)},
        })
    }
}

fn name(length: u32) -> String {
    format!("chain-{length}")
}
