//! Metrics of plugins, as Envoy's admin shows them.

use super::process::Process;
use serde_json::Value;
use std::collections::BTreeMap;

/// What Envoy puts before the names of plugins' metrics.
const PREFIX: &str = "wasmcustom.";

/// The metrics now: counters and gauges by value, histograms by their number of samples; and which are gauges.
pub(super) fn read(process: &Process) -> Result<(BTreeMap<String, u64>, Vec<String>), String> {
    let mut metrics = BTreeMap::new();
    let mut gauges = Vec::new();
    for kind in ["Counters", "Gauges"] {
        let page = process.page(&format!("/stats?filter=^{PREFIX}&type={kind}"))?;
        for (name, value) in page.lines().filter_map(|line| line.rsplit_once(": ")) {
            let (Some(name), Ok(value)) = (name.strip_prefix(PREFIX), value.trim().parse()) else { continue };
            metrics.insert(name.to_owned(), value);
            if kind == "Gauges" {
                gauges.push(name.to_owned());
            }
        }
    }
    let page = format!("/stats?filter=^{PREFIX}&type=Histograms&format=json&histogram_buckets=cumulative");
    metrics.extend(samples(&process.page(&page)?));
    Ok((metrics, gauges))
}

/// The number of samples is that of the last bucket, which holds everything.
fn samples(page: &str) -> Vec<(String, u64)> {
    let Ok(page) = serde_json::from_str::<Value>(page) else { return Vec::new() };
    let histograms = page.pointer("/stats/0/histograms").and_then(Value::as_array);
    let count = |histogram: &Value| {
        let name = histogram.get("name")?.as_str()?.strip_prefix(PREFIX)?.to_owned();
        let buckets = histogram.get("buckets")?.as_array()?;
        let of = |bucket: &Value| bucket.get("cumulative").and_then(Value::as_u64);
        Some((name, buckets.iter().filter_map(of).max().unwrap_or(0)))
    };
    histograms.into_iter().flatten().filter_map(count).collect()
}
