//! `test`: a filter's own tests, then its scenario files on the built module.

use std::path::PathBuf;

use mesh_filter_test::report::Report;

use crate::failure::{Failure, Result};
use crate::output::{Format, Output};
use crate::project::build::Options;
use crate::project::native;
use crate::project::profile::ProfileOption;
use crate::project::scenarios::{self, Player};
use crate::project::workspace::{Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter test                            everything of this crate
  cargo mesh-filter test --engine wasm              scenarios on the module only
  cargo mesh-filter test --filter 'rejects'         tests and cases by name
  cargo mesh-filter test tests/login.test.yaml      one file, on the module
  cargo mesh-filter test --profile istio            as there: what it lacks fails
  cargo mesh-filter test --format json              the report, for scripts

Native tests run by `cargo test`; scenario files (tests/*.test.yaml) play on the
module that `build` makes, in virtual time: nothing sleeps, nothing is flaky.

Exit codes: 0 all passed, 1 something failed, 2 wrong usage, a scenario file
that cannot be read, or nothing to test, 3 a tool is missing";

/// Run a filter's tests: natively, then its scenarios on the built module
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Scenario files, or folders with them [default: those of the crate or workspace]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Test this package; may be repeated
    #[arg(long, short, value_name = "NAME", conflicts_with = "paths")]
    package: Vec<String>,
    /// Only tests and cases whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// What runs the filter [default: both; with PATH: wasm]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ENGINE,..")]
    engine: Vec<Engine>,
    #[command(flatten)]
    profile: ProfileOption,
    /// How to print the report of the scenarios
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Do without the network
    #[arg(long)]
    offline: bool,
    /// Fail where Cargo.lock would change
    #[arg(long)]
    locked: bool,
}

/// What runs the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    Native,
    Wasm,
}

impl Args {
    /// Runs what was asked for, all of it even where something fails, then reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        let uses = |engine| self.engine.contains(&engine) || self.engine.is_empty();
        if !self.paths.is_empty() && self.engine.contains(&Engine::Native) {
            return Err(Failure::usage("files cannot be named for the engine `native`")
                .help("native tests are those of a crate: leave out PATH, or play the files on `wasm`"));
        }
        let options = Options { offline: self.offline, locked: self.locked, ..Options::default() };
        let mut native = Vec::new();
        let mut files = Vec::new();
        for path in &self.paths {
            files.extend(scenarios::files_at(path)?);
        }
        if self.paths.is_empty() {
            let workspace = Workspace::load(None)?;
            let crates = workspace.select(&Selection { packages: self.package.clone(), workspace: false })?;
            for one in &crates {
                if uses(Engine::Native) {
                    native.push((one.name.clone(), native::test(one, &self.filter, &options, output)?));
                }
                if uses(Engine::Wasm) {
                    files.extend(scenarios::files_of(one)?);
                }
            }
        }
        if native.is_empty() && files.is_empty() {
            return Err(Failure::usage("there is nothing to test")
                .help("scenario files are named tests/*.test.yaml; native tests need `--engine native`"));
        }
        let mut player = Player::new(options, self.profile.profile(), output);
        let mut report = Report::default();
        for file in &files {
            report.extend(player.play(file, &self.filter)?);
        }
        if native.is_empty() && report.cases.is_empty() {
            return Err(Failure::usage(format!("no case has `{}` in its name", self.filter))
                .help("the names are those after `name:` in the scenario files, variables replaced"));
        }
        self.print(&native, &files, &report, output)?;
        summary(&native, &report)
    }

    fn print(
        &self,
        native: &[(String, bool)],
        files: &[PathBuf],
        report: &Report,
        output: &Output,
    ) -> Result<()> {
        match self.format {
            Format::Json => {
                let native: Vec<_> = native
                    .iter()
                    .map(|(package, passed)| serde_json::json!({ "package": package, "passed": passed }))
                    .collect();
                output.json(&serde_json::json!({ "native": native, "scenarios": report.to_json() }))
            }
            Format::Text => {
                if !files.is_empty() {
                    output.data(&report.to_string());
                }
                Ok(())
            }
        }
    }
}

fn summary(native: &[(String, bool)], report: &Report) -> Result<()> {
    let failed: Vec<_> =
        native.iter().filter(|(_, passed)| !passed).map(|(name, _)| format!("`{name}`")).collect();
    match (failed.as_slice(), report.failed()) {
        ([], 0) => Ok(()),
        ([], count) => Err(Failure::failed(format!("{count} of {} scenarios failed", report.cases.len()))),
        (names, 0) => Err(Failure::failed(format!("native tests of {} failed", names.join(", ")))),
        (names, count) => Err(Failure::failed(format!(
            "native tests of {} failed, and {count} of {} scenarios",
            names.join(", "),
            report.cases.len()
        ))),
    }
}
