//! From the start of the process to its first response through a plugin.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::load::Load;
use super::measure::median;
use crate::bootstrap;
use crate::host::Host;
use crate::workspace::target;

/// The plugin whose module is compiled: about 300 KB.
pub(crate) const MODULE: &str = "body-rewrite";
const CONFIGURATION: &str = r#"{"from": "a", "to": "b"}"#;

/// Names the folder of compiled modules, or turns it off.
const CACHE: &str = "MESH_FILTER_CACHE";

/// How long both hosts take.
pub(crate) struct Start {
    /// This proxy's time by Envoy's, when the module has to be compiled.
    pub(crate) cold: f64,
    /// This proxy's time by Envoy's, when it has been compiled before.
    pub(crate) warm: f64,
    milliseconds: [f64; 3],
}

/// Starts each in turn and takes the medians.
pub(crate) fn measure(ours: &Path, envoy: &Path, load: &Load, rounds: usize) -> Result<Start> {
    let folder = target().join("bench/start");
    let filter = bootstrap::example(MODULE, CONFIGURATION);
    let listeners = [bootstrap::listener("start", vec![filter])];
    let clusters = [bootstrap::cluster("upstream", load.upstream)];
    let file = bootstrap::write(&folder, &listeners, &clusters)?;
    let cache = folder.join("cache");
    if cache.exists() {
        std::fs::remove_dir_all(&cache).with_context(|| format!("removing `{}`", cache.display()))?;
    }
    let cache = cache.to_string_lossy();
    let ways = [(ours, "ours", "off"), (ours, "ours", &*cache), (envoy, "envoy", "off")];
    let mut figures: [Vec<f64>; 3] = Default::default();
    for round in 0..=rounds {
        for ((program, name, cache), figures) in ways.iter().zip(&mut figures) {
            let taken = once(program, &file, name, cache, load)?;
            // The first round fills the caches, also that of files.
            if round > 0 {
                figures.push(taken.as_secs_f64() * 1e3);
            }
        }
    }
    let milliseconds = figures.map(|figures| median(&figures));
    let [cold, warm, envoy] = milliseconds;
    Ok(Start { cold: cold / envoy, warm: warm / envoy, milliseconds })
}

fn once(program: &Path, file: &Path, name: &'static str, cache: &str, load: &Load) -> Result<Duration> {
    let begun = Instant::now();
    let host = Host::start_with(program, file, name, &[(CACHE, cache)])?;
    let address: SocketAddr = host.listener("start")?;
    load.once(address, "/small")?;
    Ok(begun.elapsed())
}

impl Start {
    pub(crate) fn json(&self) -> Value {
        let [cold, warm, envoy] = self.milliseconds;
        json!({
            "cold_ratio": self.cold,
            "warm_ratio": self.warm,
            "milliseconds": {"cold": cold, "warm": warm, "envoy": envoy},
        })
    }
}
