//! `bench`: what a filter costs, in numbers that repeat, and what has become of them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use mesh_filter_test::scenario::{CallbackCost, Measured, Reading, Spread};
use serde_json::json;

use crate::failure::{Failure, Result};
use crate::output::{self, Format, Output};
use crate::project::baseline::{self, Baseline, Growth};
use crate::project::build::Options;
use crate::project::engine::Engine;
use crate::project::profile::ProfileOption;
use crate::project::scenarios::{self, Player, ScenarioFile};
use crate::project::workspace::{Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter bench                            every scenario of this crate
  cargo mesh-filter bench --filter 'rejects'         some of them
  cargo mesh-filter bench --save-baseline main       keep the numbers
  cargo mesh-filter bench --baseline main            compare with them
  cargo mesh-filter bench --baseline bench/main.json --threshold 2%

The steps of a scenario are gone through again and again in one VM, and their
expectations are left out. The first ten exchanges warm up. Fuel (about one for
each instruction), hostcalls and memory are the same in every run on every
machine; CPU times are not: they are shown, and never compared.

A baseline is a file in target/mesh-filter/bench, or where a path with .json
says; it names the versions of rustc and wasmtime.

Exit codes: 0 measured, 1 something has grown beyond the threshold or cannot be
measured, 2 wrong usage, or nothing to measure, 3 a tool is missing";

/// Measure what a filter costs: fuel, hostcalls, memory, CPU time
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Scenario files, or folders with them [default: those of the crate or workspace]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Measure this package; may be repeated
    #[arg(long, short, value_name = "NAME", conflicts_with = "paths")]
    package: Vec<String>,
    /// Only scenarios whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// How many exchanges of each scenario are counted
    #[arg(long, value_name = "N", default_value = "1000")]
    exchanges: NonZeroUsize,
    /// Keep the numbers under this name
    #[arg(long, value_name = "NAME")]
    save_baseline: Option<String>,
    /// Compare with the numbers of this name, and fail where one has grown
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// By how much a number may grow
    #[arg(long, value_name = "SHARE", default_value = "5%", requires = "baseline")]
    threshold: Share,
    #[command(flatten)]
    profile: ProfileOption,
    /// How to print what was measured
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Do without the network
    #[arg(long)]
    offline: bool,
    /// Fail where Cargo.lock would change
    #[arg(long)]
    locked: bool,
}

/// A share, written in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share(f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        let number = number.filter(|number| (0.0..=10_000.0).contains(number));
        number.map(|number| Self(number / 100.0)).ok_or_else(|| "expected a share such as `5%`".to_owned())
    }
}

impl Args {
    /// Measures, reports, then compares.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let target = || Workspace::load(None).map(|workspace| workspace.target().to_owned());
        let earlier = match &self.baseline {
            Some(name) => Some(Baseline::load(&baseline::place(name, target)?)?),
            None => None,
        };
        let files = self.files()?;
        let options = Options { offline: self.offline, locked: self.locked, ..Options::default() };
        let mut player = Player::new(options, self.profile.profile(), vec![Engine::Wasm], output);
        let mut cases = Vec::new();
        for file in &files {
            for measured in player.measure(file, &self.filter, self.exchanges.get())? {
                let measured = measured.map_err(|why| {
                    Failure::failed(format!("cannot measure `{}`: {why}", file.suite.file()))
                })?;
                cases.push((file.suite.file().to_owned(), measured));
            }
        }
        if cases.is_empty() {
            return Err(Failure::usage("there is nothing to measure")
                .help("scenarios with requests are, in files named tests/*.test.yaml"));
        }
        let now = Baseline::of(self.exchanges.get(), &cases);
        let grown =
            earlier.as_ref().map(|earlier| earlier.growth(&now, self.threshold.0)).unwrap_or_default();
        match self.format {
            Format::Json => output.json(&as_json(&now, &cases, &grown))?,
            Format::Text => {
                output.data(&cases.iter().map(|(file, case)| text(file, case)).collect::<String>())
            }
        }
        if let Some(name) = &self.save_baseline {
            let path = baseline::place(name, target)?;
            now.save(&path)?;
            output.progress("Saved", &path.display().to_string());
        }
        let Some(earlier) = earlier else { return Ok(()) };
        for difference in earlier.differences(&now) {
            output.warning(&difference);
        }
        verdict(&grown, self.threshold)
    }

    fn files(&self) -> Result<Vec<ScenarioFile>> {
        let mut paths = Vec::new();
        for path in &self.paths {
            paths.extend(scenarios::files_at(path)?);
        }
        if self.paths.is_empty() {
            let workspace = Workspace::load(None)?;
            let selection = Selection { packages: self.package.clone(), workspace: false };
            for one in workspace.select(&selection)? {
                paths.extend(scenarios::files_of(&one)?);
            }
        }
        paths.iter().map(|path| ScenarioFile::load(path, Reading::default())).collect()
    }
}

fn verdict(grown: &[Growth], threshold: Share) -> Result<()> {
    if grown.is_empty() {
        return Ok(());
    }
    let lines = grown.iter().map(|growth| {
        let Growth { case, what, before, now } = growth;
        format!("\n  {case}: {what}: {before} then, {now} now")
    });
    let count = grown.len();
    let (share, lines) = (threshold.0 * 100.0, lines.collect::<String>());
    Err(Failure::failed(format!("{count} numbers have grown by more than {share}%{lines}"))
        .help("if that is meant, keep the new numbers: --save-baseline NAME"))
}

fn text(file: &str, case: &Measured) -> String {
    let Measured { name, exchanges, fuel, hostcalls, memory, heap_growth, callbacks } = case;
    let memory = output::bytes(usize::try_from(*memory).unwrap_or(usize::MAX));
    let growth = output::bytes(usize::try_from(*heap_growth).unwrap_or(usize::MAX));
    let mut text = format!(
        "{file}: {name}\n  {exchanges} exchanges: fuel {}, hostcalls {}, memory {memory}, grown by {growth}\n",
        spread(*fuel),
        spread(*hostcalls),
    );
    text.push_str(&format!(
        "  {:<38} {:>8} {:>10} {:>10} {:>10} {:>10}\n",
        "callback", "calls", "fuel", "hostcalls", "cpu p50", "cpu p99"
    ));
    for callback in callbacks {
        let CallbackCost { name, calls, fuel, hostcalls, cpu_p50, cpu_p99 } = callback;
        text.push_str(&format!(
            "  {:<38} {calls:>8} {:>10} {:>10} {:>10} {:>10}\n",
            name.trim_start_matches("proxy_"),
            fuel.median,
            hostcalls.median,
            micros(*cpu_p50),
            micros(*cpu_p99),
        ));
    }
    text + "\n"
}

fn spread(spread: Spread) -> String {
    let Spread { least, median, most } = spread;
    if least == most { median.to_string() } else { format!("{median} ({least} to {most})") }
}

fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

fn as_json(now: &Baseline, cases: &[(String, Measured)], grown: &[Growth]) -> serde_json::Value {
    let spread =
        |spread: &Spread| json!({"least": spread.least, "median": spread.median, "most": spread.most});
    let callback = |cost: &CallbackCost| {
        json!({
            "name": cost.name, "calls": cost.calls, "fuel": spread(&cost.fuel), "hostcalls": spread(&cost.hostcalls),
            "cpu_ns": {"p50": nanos(cost.cpu_p50), "p99": nanos(cost.cpu_p99)},
        })
    };
    let case = |(file, case): &(String, Measured)| {
        json!({
            "file": file, "name": case.name, "exchanges": case.exchanges, "fuel": spread(&case.fuel),
            "hostcalls": spread(&case.hostcalls), "memory": case.memory, "heap_growth": case.heap_growth,
            "callbacks": case.callbacks.iter().map(callback).collect::<Vec<_>>(),
        })
    };
    json!({
        "rustc": now.rustc, "wasmtime": now.wasmtime, "grown": grown,
        "cases": cases.iter().map(case).collect::<Vec<_>>(),
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent() {
        assert_eq!("5%".parse(), Ok(Share(0.05)));
        assert_eq!("2.5 %".parse(), Ok(Share(0.025)));
        for wrong in ["5", "-1%", "many%", "NaN%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }
}
