//! Scenario files inside `cargo test`: what [`scenarios!`](crate::scenarios) expands to.

use crate::api::fail;
use crate::report::{Report, records_wanted};
use crate::scenario::{self, BLESS_VARIABLE, Reading, Suite};
use crate::world::{FILTER_VARIABLE, World};
use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Plays scenario files natively.
///
/// The pattern names files relative to the crate's folder; its last part may have one `*`.
///
/// In a test target without harness each case is a test of its own, for `cargo test`, nextest and
/// editors. Then this line is all of `tests/scenarios.rs`, and `Cargo.toml` says
/// `[[test]]`, `name = "scenarios"`, `harness = false`:
///
/// ```no_run
/// # struct Hello;
/// # impl mesh_filter::Filter for Hello {
/// #     type Config = ();
/// #     fn new((): (), _: &mut mesh_filter::Setup) -> mesh_filter::Result<Self> { Ok(Self) }
/// #     async fn handle(&self, request: mesh_filter::Request, next: mesh_filter::Next)
/// #         -> mesh_filter::Result<mesh_filter::Response> { next.run(request).await }
/// # }
/// mesh_filter_test::scenarios!("tests/*.test.yaml", Hello);
/// ```
///
/// A plugin of the crate `proxy-wasm` plays by `proxy_wasm = my_plugin` in place of a filter (see
/// `proxy_wasm!`, with the feature `proxy-wasm-native`).
///
/// Elsewhere, as in the tests of a library, all of them are one test named `scenarios`; to play
/// only some cases, set `MESH_FILTER_SCENARIO` to a part of their names.
///
/// Other filters of a `chain` are named as the files name them: `scenarios!("tests/*.test.yaml", Hello,
/// "../../other" => Other)`.
///
/// With `MESH_FILTER_BLESS=1` golden files are written, not compared with.
#[macro_export]
macro_rules! scenarios {
    ($pattern:literal, proxy_wasm = $plugin:ident) => {
        $crate::scenarios!(@of $pattern, || $crate::proxy_wasm!($plugin));
    };
    ($pattern:literal, $filter:ty $(, $name:literal => $other:ty)* $(,)?) => {
        $crate::scenarios!(@of $pattern, || {
            $crate::World::native::<$filter>()
                $(.with_filter($name, $crate::World::native::<$other>()))*
        });
    };
    (@of $pattern:literal, $world:expr) => {
        #[test]
        fn scenarios() {
            $crate::private::play_files(&($world)(), ::core::env!("CARGO_MANIFEST_DIR"), $pattern);
        }

        // A target without harness has no tests, and begins here.
        #[allow(dead_code)]
        fn main() -> ::std::process::ExitCode {
            $crate::private::main(
                $world,
                ::core::env!("CARGO_PKG_NAME"),
                ::core::env!("CARGO_MANIFEST_DIR"),
                $pattern,
            )
        }
    };
}

/// Plays all files of the pattern and fails with the report.
#[track_caller]
pub fn play(world: &World, folder: &str, pattern: &str) {
    let wanted = std::env::var(FILTER_VARIABLE).unwrap_or_default();
    let mut report = Report::default();
    let files = match files(Path::new(folder), pattern) {
        Ok(files) => files,
        Err(problem) => fail(&problem),
    };
    let reading = reading();
    for file in files {
        match scenario::load_with(&file, reading) {
            Ok(suite) => report.extend(suite.run_where(world, |name| name.contains(&wanted))),
            Err(error) => fail(&error.render()),
        }
    }
    if report.failed() > 0 {
        fail(&format!("\n{report}"));
    }
    if report.cases.is_empty() {
        fail(&format!("no case of `{pattern}` is named `{wanted}`"));
    }
}

/// Plays the cases as a test program does: each is a test, chosen by the program's arguments.
pub fn main(world: fn() -> World, package: &'static str, folder: &str, pattern: &str) -> ExitCode {
    let arguments = Arguments::from_args();
    let broken = |name: &str, problem: String| Trial::test(name, move || Err(problem.into()));
    let mut trials = Vec::new();
    let reading = reading();
    match files(Path::new(folder), pattern) {
        Ok(files) => {
            for file in files {
                let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
                let stem = name.strip_suffix(".test.yaml").unwrap_or(&name);
                match scenario::load_with(&file, reading) {
                    Ok(suite) => trials.extend(cases(suite, stem, package, world)),
                    Err(error) => trials.push(broken(stem, error.render())),
                }
            }
        }
        Err(problem) => trials.push(broken(pattern, problem)),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// As the environment says.
fn reading() -> Reading {
    Reading::blessing(std::env::var_os(BLESS_VARIABLE).is_some_and(|value| value == "1"))
}

/// The cases of a file as tests named `file::case`.
fn cases(suite: Suite, stem: &str, package: &'static str, world: fn() -> World) -> Vec<Trial> {
    let suite = Arc::new(suite);
    let trial = |case: &str| {
        let name = format!("{stem}::{}", case.replace(['\n', '\r'], " "));
        let (suite, case, test) = (Arc::clone(&suite), case.to_owned(), name.clone());
        // Ignored tests are what test programs have for cases that cannot be played here.
        let ignored = suite.not_portable(&case, &world()).is_some();
        if ignored && records_wanted().is_some() {
            // Nobody plays it, but it is known why.
            let _reported = suite.run_where(&world(), |name| name == case);
        }
        let trial = Trial::test(name, move || {
            let mut report = suite.run_where(&world(), |name| name == case);
            let Some(case) = report.cases.first_mut() else { return Ok(()) };
            let Some(failure) = &mut case.failure else { return Ok(()) };
            let quoted = test.replace('\'', "'\\''");
            failure.rerun = format!("cargo test -p {package} -- --exact '{quoted}'");
            Err(case.to_string().into())
        });
        trial.with_ignored_flag(ignored)
    };
    suite.names().map(trial).collect()
}

/// The files of a pattern, by name; at least one.
fn files(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let shown = folder.display();
    match matching(folder, pattern) {
        Ok(files) if files.is_empty() => Err(format!("no file matches `{pattern}` in `{shown}`")),
        Ok(files) => Ok(files),
        Err(error) => Err(format!("cannot list `{pattern}` in `{shown}`: {error}")),
    }
}

fn matching(folder: &Path, pattern: &str) -> std::io::Result<Vec<PathBuf>> {
    // Cargo runs tests in the crate's folder; then messages name files as one would type them.
    let here = std::env::current_dir().is_ok_and(|current| current == folder);
    let base = if here { Path::new("") } else { folder };
    let path = base.join(pattern);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((start, end)) = name.split_once('*') else { return Ok(vec![path]) };
    let parent = path.parent().unwrap_or(Path::new("")).to_owned();
    let listed = if parent.as_os_str().is_empty() { Path::new(".") } else { parent.as_path() };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(listed)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let long_enough = name.len() >= start.len() + end.len();
        if long_enough && name.starts_with(start) && name.ends_with(end) {
            files.push(parent.join(name));
        }
    }
    files.sort();
    Ok(files)
}
