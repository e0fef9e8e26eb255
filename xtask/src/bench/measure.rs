//! Pairs of runs, and what they come to.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::load::Load;
use super::workload::Workload;
use crate::host::Host;

/// Both hosts on one workload.
pub(crate) struct Comparison {
    pub(crate) workload: &'static Workload,
    /// The median over the pairs of this proxy's CPU time by Envoy's.
    pub(crate) ratio: f64,
    ratios: Vec<f64>,
    ours: Figures,
    envoy: Figures,
}

/// One host on one workload, over all runs.
#[derive(Default)]
struct Figures {
    cpu_per_request: Vec<Duration>,
    latencies: Vec<Duration>,
}

/// Runs the workload in both hosts in turn.
pub(crate) fn compare(
    workload: &'static Workload,
    load: &Load,
    [ours, envoy]: [&Host; 2],
    pairs: usize,
) -> Result<Comparison> {
    let mut figures = [Figures::default(), Figures::default()];
    // Connections, caches and just-in-time compilers get warm.
    for host in [ours, envoy] {
        load.run(host.listener(workload.name)?, workload.path, workload.requests / 2)?;
    }
    for pair in 0..pairs {
        let mut runs = [(ours, 0), (envoy, 1)];
        if pair % 2 == 1 {
            runs.reverse();
        }
        for (host, index) in runs {
            if let Some(figures) = figures.get_mut(index) {
                figures.run(workload, load, host)?;
            }
        }
    }
    let [ours, envoy] = figures;
    let both = ours.cpu_per_request.iter().zip(&envoy.cpu_per_request);
    let ratios: Vec<_> = both.map(|(ours, envoy)| ours.as_secs_f64() / envoy.as_secs_f64()).collect();
    Ok(Comparison { workload, ratio: median(&ratios), ratios, ours, envoy })
}

/// One run: the host's CPU time for a request, and how long each took.
pub(crate) fn cpu_per_request(
    host: &Host,
    load: &Load,
    listener: &str,
    path: &str,
    requests: u32,
) -> Result<(Duration, Vec<Duration>)> {
    let before = host.cpu_time()?;
    let latencies = load.run(host.listener(listener)?, path, requests)?;
    let spent = host.cpu_time()?.saturating_sub(before);
    Ok((spent / u32::try_from(latencies.len())?, latencies))
}

impl Figures {
    fn run(&mut self, workload: &Workload, load: &Load, host: &Host) -> Result<()> {
        let (cpu, latencies) = cpu_per_request(host, load, workload.name, workload.path, workload.requests)?;
        self.cpu_per_request.push(cpu);
        self.latencies.extend(latencies);
        Ok(())
    }

    fn cpu_microseconds(&self) -> f64 {
        let all: Vec<_> = self.cpu_per_request.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        median(&all)
    }

    /// The latency that this many of a thousand requests stay below, in microseconds.
    fn latency(&self, per_mille: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let index = sorted.len() * per_mille / 1000;
        sorted.get(index.min(sorted.len().saturating_sub(1))).map_or(0.0, Duration::as_secs_f64) * 1e6
    }

    fn json(&self) -> Value {
        json!({
            "cpu_microseconds_per_request": self.cpu_microseconds(),
            "latency_microseconds": {"p50": self.latency(500), "p99": self.latency(990)},
            "requests": self.latencies.len(),
        })
    }
}

impl Comparison {
    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.workload.name,
            "judged": self.workload.judged,
            "ratio": self.ratio,
            "ratios": self.ratios,
            "ours": self.ours.json(),
            "envoy": self.envoy.json(),
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, figures) in [("ours", &self.ours), ("envoy", &self.envoy)] {
            let (cpu, middle, late) =
                (figures.cpu_microseconds(), figures.latency(500), figures.latency(990));
            let workload = self.workload.name;
            write!(
                formatter,
                "{workload:>16} {name:<6} {cpu:>7.1} µs CPU/request   p50 {middle:>7.0} µs   p99 {late:>7.0} µs"
            )?;
            if name == "ours" {
                writeln!(formatter)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2);
    upper.zip(lower).map_or(f64::NAN, |(upper, lower)| f64::midpoint(*upper, *lower))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }
}
