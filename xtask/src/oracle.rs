//! `cargo xtask oracle`: compares the proxy with what Envoy does, records Envoy anew, plays random programs in both.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::cargo;

/// Compare with Envoy, case by case
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write `tests/oracle/envoy-VERSION.json` anew instead of comparing with it
    #[arg(long)]
    record: bool,
    /// The release of Envoy to record
    #[arg(long, requires = "record", default_value = tools::ENVOY_VERSION)]
    version: String,
    /// The program to run instead of the release that is brought
    #[arg(long)]
    envoy: Option<PathBuf>,
}

pub(crate) fn exec(arguments: &Arguments) -> Result<ExitCode> {
    let envoy = match &arguments.envoy {
        Some(program) => {
            program.canonicalize().with_context(|| format!("finding `{}`", program.display()))?
        }
        None if arguments.record => tools::envoy_of(&arguments.version)?,
        None => tools::envoy()?,
    };
    let mut tests = cargo(["test", "--package", "mesh-filter-acceptance", "--test", "it", "oracle::"]);
    tests.env("ENVOY", envoy);
    if arguments.record {
        tests.env("ORACLE_RECORD", &arguments.version);
    }
    let status = tests.status().context("starting cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
