//! What the simulator costs: many exchanges, and a file of many scenarios.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::measure::median;
use crate::workspace::{self, target};

/// The plugin whose scenarios play.
pub(crate) const MODULE: &str = "hello-header";

/// Exchanges of the one case, and cases of the other file.
const EXCHANGES: usize = 1000;
const CASES: usize = 100;

/// How long both take.
pub(crate) struct Harness {
    /// CPU time of a run of 1,000 exchanges in one case, the start of the program included.
    exchanges: Duration,
    /// Time of a run of 100 cases, the start included, with the module compiled before.
    cases: Duration,
}

/// Plays both files in turn and takes the medians.
pub(crate) fn measure(rounds: usize) -> Result<Harness> {
    let program = workspace::program("cargo-mesh-filter")?;
    let folder = target().join("bench/harness");
    std::fs::create_dir_all(&folder).with_context(|| format!("making `{}`", folder.display()))?;
    let exchanges = scenarios(&folder, "exchanges", 1, EXCHANGES)?;
    let cases = scenarios(&folder, "cases", CASES, 1)?;
    let mut figures: [Vec<f64>; 2] = Default::default();
    for round in 0..=rounds {
        let (cpu, _) = play(&program, &exchanges)?;
        let (_, elapsed) = play(&program, &cases)?;
        // The first round compiles the module.
        if round > 0 {
            let [cpus, times] = &mut figures;
            cpus.push(cpu.as_secs_f64());
            times.push(elapsed.as_secs_f64());
        }
    }
    let [exchanges, cases] = figures.map(|figures| Duration::from_secs_f64(median(&figures)));
    Ok(Harness { exchanges, cases })
}

fn scenarios(folder: &Path, name: &str, cases: usize, repeat: usize) -> Result<PathBuf> {
    let module = target().join("mesh-filter").join(MODULE).with_extension("wasm");
    let mut text =
        format!("version: 1\nfilter: '{}'\nconfig: {{value: world}}\nscenarios:\n", module.display());
    for case in 0..cases {
        write!(
            text,
            "  - name: case {case}\n    steps:\n      - repeat: {repeat}\n        request: {{path: /cart}}\n        \
             expect: {{response: {{status: 200, headers: {{x-hello: world}}}}}}\n"
        )?;
    }
    let file = folder.join(name).with_extension("test.yaml");
    std::fs::write(&file, text).with_context(|| format!("writing `{}`", file.display()))?;
    Ok(file)
}

/// CPU time and time of one run.
fn play(program: &Path, file: &Path) -> Result<(Duration, Duration)> {
    let (before, begun) = (children()?, Instant::now());
    let status = Command::new(program)
        .args(["mesh-filter", "test", "--engine", "wasm"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("running `{}`", program.display()))?;
    ensure!(status.success(), "the scenarios of `{}` ended with {status}", file.display());
    Ok((children()?.saturating_sub(before), begun.elapsed()))
}

/// CPU time of all child processes that have ended, in steps of 10 ms.
fn children() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("reading `/proc/self/stat`")?;
    // After the program's name, which may hold anything: `cutime` and `cstime` are fields 16 and 17 of all.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: Vec<u64> = fields.skip(13).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

impl Harness {
    pub(crate) fn print(&self) {
        println!(
            "harness: {EXCHANGES} exchanges in {} ms of CPU time, {CASES} scenarios in {} ms, both with the start",
            self.exchanges.as_millis(),
            self.cases.as_millis()
        );
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "cpu_ms_of_1000_exchanges": self.exchanges.as_secs_f64() * 1e3,
            "ms_of_100_scenarios": self.cases.as_secs_f64() * 1e3,
        })
    }
}
