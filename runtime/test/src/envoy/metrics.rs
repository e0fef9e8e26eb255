//! Metrics of plugins, as Envoy's admin shows them.

use super::process::Process;
use serde_json::Value;
use std::collections::BTreeMap;

/// What Envoy puts before the names of plugins' metrics.
const PREFIX: &str = "wasmcustom.";

/// How often Envoy is asked whether it has merged its histograms: its workers may be slow.
const PATIENCE: usize = 2000;

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
    merge(process)?;
    let page = format!("/stats?filter=^{PREFIX}&type=Histograms&format=json&histogram_buckets=cumulative");
    metrics.extend(samples(&process.page(&page)?));
    Ok((metrics, gauges))
}

/// Waits until all workers' samples are merged. Each page that is asked for begins a merge, unless one is under way, which is
/// counted: one that begins after another has begun means that the other is through.
fn merge(process: &Process) -> Result<(), String> {
    let dropped = || process.page("/stats?filter=^server.dropped_stat_flushes$");
    let (mut before, mut begun) = (dropped()?, 0);
    for _ in 0..PATIENCE {
        let now = dropped()?;
        begun += usize::from(now == before);
        if begun == 3 {
            break;
        }
        before = now;
    }
    Ok(())
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
