//! `bench`: what a filter costs, in numbers that repeat, and what has become of them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use mesh_filter_test::scenario::Reading;
use serde_json::json;

use crate::failure::{Failure, Result};
use crate::output::{Format, Output};
use crate::project::baseline::{self, Baseline, Growth};
use crate::project::build::Options;
use crate::project::costs;
use crate::project::engine::Engine;
use crate::project::google::Named;
use crate::project::profile::ProfileOption;
use crate::project::scenarios::{self, Player, TestFile};
use crate::project::workspace::{Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter bench                            every scenario of this crate
  cargo mesh-filter bench --filter 'rejects'         some of them
  cargo mesh-filter bench --save-baseline main       keep the numbers
  cargo mesh-filter bench --baseline main            compare with them
  cargo mesh-filter bench --baseline bench/main.json --threshold 2%
  cargo mesh-filter bench --engine envoy@1.40.0      what an Envoy needs, beside it
  cargo mesh-filter bench tests.textpb --plugin p.wasm   benchmarks of Google's

The steps of a scenario are gone through again and again in one VM, and their
expectations are left out. The first ten exchanges warm up. Fuel (about one for
each instruction), hostcalls, bytes copied between host and plugin, and memory
are the same in every run on every machine; CPU times, taken in the engine that
serves, are not: they are shown, and never compared.

On a real Envoy (Linux) it is the CPU time of its worker thread that is measured,
for each exchange once through the filters and once past them; the difference is
what the filters add: their callbacks, not in a tight loop as here, and what Envoy
does for them, callouts on sockets included. Of averages of 40 batches p50 and p99
are shown. Exchanges that wait for a timeout are not measured there.

Of test files of Google's the tests with `benchmark: true` are measured: streams
in place of exchanges.

A baseline is a file: target/mesh-filter/bench/NAME.json of this crate or
workspace, or the path that is given, if it ends with .json. It names the
versions of rustc and wasmtime.

Exit codes: 0 measured, 1 something has grown beyond the threshold or cannot be
measured, 2 wrong usage, or nothing to measure, 3 a tool is missing";

/// Measure what a filter costs: fuel, hostcalls, bytes copied, memory, CPU time
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Scenario files, folders with them, or files of Google's [default: those of the crate or workspace]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Measure this package; may be repeated
    #[arg(long, short, value_name = "NAME", conflicts_with = "paths")]
    package: Vec<String>,
    /// Only scenarios whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// The module that Google's test files are about [default: their `wasm_path`]
    #[arg(long, value_name = "FILE", requires = "paths")]
    plugin: Option<PathBuf>,
    /// Its configuration [default: their `config_path`]
    #[arg(long, value_name = "FILE", requires = "paths")]
    config: Option<PathBuf>,
    /// A real Envoy that is measured too: envoy or envoy@VERSION
    #[arg(long, value_delimiter = ',', value_name = "ENGINE,..")]
    engine: Vec<Engine>,
    /// How many exchanges of each scenario are counted
    #[arg(long, value_name = "N", default_value = "1000")]
    exchanges: NonZeroUsize,
    /// Keep the numbers: under a name, or in the file at a path that ends with .json
    #[arg(long, value_name = "NAME|PATH")]
    save_baseline: Option<String>,
    /// Compare with the numbers of this name or file, and fail where one has grown
    #[arg(long, value_name = "NAME|PATH")]
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
        // Whatever is wrong about baselines is wrong before anything is built.
        let earlier = match &self.baseline {
            Some(name) => Some(Baseline::load(&baseline::place(name)?)?),
            None => None,
        };
        let saved = self.save_baseline.as_deref().map(baseline::place).transpose()?;
        let files = self.files(output)?;
        let options = Options { offline: self.offline, locked: self.locked, ..Options::default() };
        let mut player = Player::new(options, self.profile.profile(), self.engines()?, output);
        let (mut cases, mut envoys) = (Vec::new(), Vec::new());
        for file in &files {
            for measured in player.measure(file, &self.filter, self.exchanges.get())? {
                let measured = measured
                    .map_err(|why| Failure::failed(format!("cannot measure `{}`: {why}", file.file())))?;
                cases.push((file.file().to_owned(), measured));
            }
            envoys.push((file.file(), player.measure_envoys(file, &self.filter, self.exchanges.get())?));
        }
        if cases.is_empty() {
            return Err(Failure::usage("there is nothing to measure").help(
                "scenarios with requests are, in files named tests/*.test.yaml, and tests of Google's with `benchmark: true`",
            ));
        }
        let now = Baseline::of(self.exchanges.get(), &cases);
        let grown =
            earlier.as_ref().map(|earlier| earlier.growth(&now, self.threshold.0)).unwrap_or_default();
        let of = |file: &str| envoys.iter().find(|(of, _)| *of == file).map_or(&[][..], |(_, costs)| costs);
        match self.format {
            Format::Json => {
                let cases: Vec<_> =
                    cases.iter().map(|(file, case)| costs::json(file, case, of(file))).collect();
                output.json(&json!({
                    "rustc": now.rustc, "wasmtime": now.wasmtime, "grown": grown, "cases": cases,
                }))?;
            }
            Format::Text => {
                let text = cases.iter().map(|(file, case)| costs::text(file, case, of(file)));
                output.data(&text.collect::<String>());
            }
        }
        if let Some(path) = saved {
            now.save(&path)?;
            output.progress("Saved", &path.display().to_string());
        }
        let Some(earlier) = earlier else { return Ok(()) };
        for difference in earlier.differences(&now) {
            output.warning(&difference);
        }
        verdict(&grown, self.threshold)
    }

    /// The engine that counts, and the Envoys beside it.
    fn engines(&self) -> Result<Vec<Engine>> {
        if self.engine.contains(&Engine::Native) {
            return Err(Failure::usage("nobody counts what a native filter costs")
                .help("`--engine envoy` measures a real Envoy beside the module"));
        }
        let mut engines = self.engine.clone();
        engines.push(Engine::Wasm);
        engines.sort();
        engines.dedup();
        Ok(engines)
    }

    fn files(&self, output: &Output) -> Result<Vec<TestFile>> {
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
        let named = Named { plugin: self.plugin.clone(), configuration: self.config.clone() };
        scenarios::load(&paths, Reading::default(), &named, self.profile.profile(), output)
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
