//! A crate's own tests, by `cargo test`.

use std::path::Path;
use std::process::{Command, Stdio};

use mesh_filter_test::report::RECORDS_VARIABLE;

use crate::failure::{Failure, Result};
use crate::output::Output;

use super::build::Options;
use super::toolchain;
use super::workspace::FilterCrate;

/// What the harness asks whether to write golden files.
const BLESS_VARIABLE: &str = "MESH_FILTER_BLESS";

/// Runs the tests whose names contain `wanted`; gives whether all passed. With `bless` scenarios
/// write their golden files. What their cases do is left in `records`.
///
/// Everything that cargo prints goes to standard error: standard output is for our report.
pub(crate) fn test(
    filter_crate: &FilterCrate,
    wanted: &str,
    bless: bool,
    records: &Path,
    options: &Options,
    output: &Output,
) -> Result<bool> {
    let mut cargo = Command::new(toolchain::cargo());
    cargo
        .args(["test", "--package", &filter_crate.name, "--manifest-path"])
        .arg(filter_crate.folder.join("Cargo.toml"))
        .stdout(Stdio::from(std::io::stderr()));
    for (set, flag) in
        [(output.is_quiet(), "--quiet"), (options.offline, "--offline"), (options.locked, "--locked")]
    {
        if set {
            cargo.arg(flag);
        }
    }
    cargo.env(RECORDS_VARIABLE, records);
    if bless {
        cargo.env(BLESS_VARIABLE, "1");
    }
    if !wanted.is_empty() {
        cargo.arg("--").arg(wanted);
    }
    // Tests that play on the module build it by this program.
    if let Ok(program) = std::env::current_exe() {
        cargo.env("MESH_FILTER_CLI", program);
    }
    let status = cargo.status().map_err(|error| {
        Failure::missing_tool("`cargo` cannot be run").because(&error).help("install the Rust toolchain")
    })?;
    Ok(status.success())
}
