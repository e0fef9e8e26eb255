//! `test`: a filter's own tests, then its scenario files on the built module.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use mesh_filter_test::report::{PackageReport, Report};
use mesh_filter_test::scenario::{Options as Play, Reading, SCHEMA};

use crate::failure::{Failure, Result};
use crate::output::{Format, Output};
use crate::project::build::Options;
use crate::project::engine::Engine;
use crate::project::google::{self, Named};
use crate::project::native;
use crate::project::profile::ProfileOption;
use crate::project::records::Records;
use crate::project::report::ReportFile;
use crate::project::scenarios::{self, Player, TestFile};
use crate::project::workspace::{Selection, Workspace};

const HELP: &str = "\
Examples:
  cargo mesh-filter test                            everything of this crate
  cargo mesh-filter test --engine wasm              scenarios on the module only
  cargo mesh-filter test --engine wasm,envoy@1.40.0 and on that Envoy
  cargo mesh-filter test --filter 'rejects'         tests and cases by name
  cargo mesh-filter test tests/login.test.yaml      one file, on the module
  cargo mesh-filter test --profile istio            as there: what it lacks fails
  cargo mesh-filter test --format json              the report, for scripts
  cargo mesh-filter test --report junit=junit.xml   and one for the build server
  cargo mesh-filter test --list                     the cases, without running them
  cargo mesh-filter test tests.textpb --plugin p.wasm   a test file of Google's
  cargo mesh-filter test --import tests.textpb      the same as a scenario file
  cargo mesh-filter test --bless                    what comes now is right: keep it

Native tests run by `cargo test`; scenario files (tests/*.test.yaml) play on the
module that `build` makes, in virtual time: nothing sleeps, nothing is flaky.
Several play at once; the report has them in the order of the files.

Test files of Google's Service Extensions, in protobuf's text format or as YAML,
are played as they are.

On a real Envoy (Linux) the same files play in the same virtual time, in one
process for all of them: the one that $ENVOY names, that is in PATH, or with
@VERSION a release that is brought into the cache.

Where several worlds play a case, the report says whether they saw the same, and
shows what differs. A difference alone fails nothing.

Reports: junit (XML), json, tap (TAP 14), github (annotations). With =FILE they
go there, otherwise to standard output: annotations after the text, the others
in its place.

Exit codes: 0 all passed, 1 something failed, 2 wrong usage, a scenario file
that cannot be read, or nothing to test, 3 a tool is missing";

/// Run a filter's tests: natively, then its scenarios on the built module
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Scenario files, folders with them, or files of Google's [default: those of the crate or workspace]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Test this package; may be repeated
    #[arg(long, short, value_name = "NAME", conflicts_with = "paths")]
    package: Vec<String>,
    /// Only tests and cases whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// The module that Google's test files are about [default: their `wasm_path`]
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// Its configuration [default: their `config_path`]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the scenario file that says the same as a test file of Google's, and run nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "package", "engine", "list"])]
    import: Option<PathBuf>,
    /// What runs the filter: native, wasm, envoy or envoy@VERSION [default: native,wasm; with PATH: wasm]
    #[arg(long, value_delimiter = ',', value_name = "ENGINE,..")]
    engine: Vec<Engine>,
    #[command(flatten)]
    profile: ProfileOption,
    /// How to print the report of the scenarios
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A report for another tool: junit, json, tap or github; may be repeated
    #[arg(long, value_name = "KIND[=FILE]")]
    report: Vec<ReportFile>,
    /// How many cases play at once [default: as many as there are processors]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Begin no other case after a failure
    #[arg(long)]
    fail_fast: bool,
    /// List the cases of the scenario files, and run nothing
    #[arg(long)]
    list: bool,
    /// Write golden files as what comes, in place of comparing
    #[arg(long)]
    bless: bool,
    /// Play each case with so many seeds, its own and those after it, until it fails
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true)]
    seed_sweep: NonZeroU32,
    /// Print the JSON Schema of scenario files, for editors, and run nothing
    #[arg(long, exclusive = true)]
    schema: bool,
    /// Do without the network
    #[arg(long)]
    offline: bool,
    /// Fail where Cargo.lock would change
    #[arg(long)]
    locked: bool,
}

impl Args {
    /// Runs what was asked for, all of it even where something fails, then reports.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        if self.schema {
            output.data(SCHEMA);
            return Ok(());
        }
        if let Some(file) = &self.import {
            let text = google::imported(file, self.plugin.as_deref(), self.config.as_deref())?;
            output.data(&text);
            return Ok(());
        }
        if self.paths.is_empty() && (self.plugin.is_some() || self.config.is_some()) {
            return Err(Failure::usage("no test file is named that --plugin or --config could be for")
                .help("cargo mesh-filter test tests.textpb --plugin FILE.wasm"));
        }
        let uses = |engine| self.engine.contains(&engine) || self.engine.is_empty();
        let engines = self.engines_of_files();
        if !self.paths.is_empty() && self.engine.contains(&Engine::Native) {
            return Err(Failure::usage("files cannot be named for the engine `native`")
                .help("native tests are those of a crate: leave out PATH, or play the files on `wasm`"));
        }
        let on_stdout = self.report.iter().filter(|report| report.takes_stdout()).count();
        if on_stdout + usize::from(self.format == Format::Json) > 1 {
            return Err(Failure::usage("two reports cannot both go to standard output")
                .help("write all but one to files: `--report junit=junit.xml`"));
        }
        let options = Options { offline: self.offline, locked: self.locked, ..Options::default() };
        let mut report = Report::default();
        let mut paths = Vec::new();
        for path in &self.paths {
            paths.extend(scenarios::files_at(path)?);
        }
        let mut packages = Vec::new();
        if self.paths.is_empty() {
            let workspace = Workspace::load(None)?;
            let selection = Selection { packages: self.package.clone(), workspace: false };
            for one in workspace.select(&selection)? {
                if !engines.is_empty() || self.list {
                    paths.extend(scenarios::files_of(&one)?);
                }
                if uses(Engine::Native) {
                    packages.push(one);
                }
            }
        }
        let files = self.load(&paths, output)?;
        if self.list {
            return self.list(&files, output);
        }
        if packages.is_empty() && files.is_empty() {
            return Err(Failure::usage("there is nothing to test")
                .help("scenario files are named tests/*.test.yaml; native tests need `--engine native`"));
        }
        let records = Records::new()?;
        for one in &packages {
            let passed = native::test(one, &self.filter, self.bless, records.folder(), &options, output)?;
            report.packages.push(PackageReport { name: one.name.clone(), passed });
            if self.fail_fast && !passed {
                break;
            }
        }
        if !self.fail_fast || report.packages.iter().all(|package| package.passed) {
            let jobs = self.jobs.unwrap_or_else(|| Play::default().jobs);
            records.add_to(&mut report, &files, &self.filter);
            let recorded = engines.len() > 1 || !report.elsewhere.is_empty();
            let play = Play { jobs, fail_fast: self.fail_fast, recorded };
            let mut player = Player::new(options, self.profile.profile(), engines, output);
            report.extend(player.play(&files, &self.filter, play)?);
        } else {
            report.not_run = files.iter().map(|file| file.count(&self.filter)).sum();
        }
        if report.packages.is_empty() && report.cases.is_empty() {
            return Err(Failure::usage(format!("no case has `{}` in its name", self.filter))
                .help("the names are those after `name:` in the scenario files, variables replaced"));
        }
        self.print(&files, &report, output)?;
        summary(&report)
    }

    fn load(&self, paths: &[PathBuf], output: &Output) -> Result<Vec<TestFile>> {
        let reading = Reading::blessing(self.bless).sweeping(self.seed_sweep);
        let named = Named { plugin: self.plugin.clone(), configuration: self.config.clone() };
        let files = scenarios::load(paths, reading, &named, self.profile.profile(), output)?;
        for file in &files {
            if let TestFile::Google(file) = file
                && file.suite.benchmarks().count() > 0
            {
                let (count, file) = (file.suite.benchmarks().count(), file.suite.file());
                output.warning(&format!("{file}: {count} benchmarks are only tested: `bench` times them"));
            }
        }
        Ok(files)
    }

    /// What plays scenario files, in the order of the report.
    fn engines_of_files(&self) -> Vec<Engine> {
        if self.engine.is_empty() {
            return vec![Engine::Wasm];
        }
        let mut engines: Vec<_> =
            self.engine.iter().filter(|engine| **engine != Engine::Native).cloned().collect();
        engines.sort();
        engines.dedup();
        engines
    }

    fn list(&self, files: &[TestFile], output: &Output) -> Result<()> {
        let cases = files.iter().flat_map(|file| {
            let cases = file.cases().into_iter().filter(|(name, _)| name.contains(&self.filter));
            cases.map(|(name, line)| (file.file(), line, name))
        });
        match self.format {
            Format::Json => {
                let case = |(file, line, name)| serde_json::json!({"file": file, "line": line, "name": name});
                output.json(&cases.map(case).collect::<Vec<_>>())
            }
            Format::Text => {
                let line = |(file, line, name)| format!("{file}:{line}: {name}\n");
                output.data(&cases.map(line).collect::<String>());
                Ok(())
            }
        }
    }

    fn print(&self, files: &[TestFile], report: &Report, output: &Output) -> Result<()> {
        let taken = self.format == Format::Json || self.report.iter().any(ReportFile::takes_stdout);
        for file in files {
            if let TestFile::Google(file) = file {
                file.write_logs(taken, output)?;
            }
        }
        if self.format == Format::Json {
            output.json(&report.to_json())?;
        } else if !files.is_empty() && !self.report.iter().any(ReportFile::takes_stdout) {
            output.data(&report.to_string());
        }
        self.report.iter().try_for_each(|file| file.write(report, output))
    }
}

fn summary(report: &Report) -> Result<()> {
    let failed = report.packages.iter().filter(|package| !package.passed);
    let failed: Vec<_> = failed.map(|package| format!("`{}`", package.name)).collect();
    let of = report.cases.len() + report.not_run;
    match (failed.as_slice(), report.failed()) {
        ([], 0) => Ok(()),
        ([], count) => Err(Failure::failed(format!("{count} of {of} scenarios failed"))),
        (names, 0) => Err(Failure::failed(format!("native tests of {} failed", names.join(", ")))),
        (names, count) => Err(Failure::failed(format!(
            "native tests of {} failed, and {count} of {of} scenarios",
            names.join(", "),
        ))),
    }
}
