//! `cargo xtask oracle`: compares the proxy with what Envoy does, records Envoy anew, plays random programs in both.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::cargo;

/// Compare with Envoy, case by case
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write the record in `tests/oracle` anew instead of comparing with it
    #[arg(long)]
    record: bool,
    /// The release of Envoy to record
    #[arg(long, requires = "record", default_value = tools::ENVOY_VERSION)]
    version: String,
    /// The program to run instead of the release that is brought
    #[arg(long)]
    envoy: Option<PathBuf>,
    /// Only the cases whose names begin with one of these, separated by commas
    #[arg(long)]
    cases: Option<String>,
    /// Play so many random programs in both hosts, and nothing else
    #[arg(long, conflicts_with_all = ["record", "cases"])]
    random: Option<u64>,
    /// Where random programs begin
    #[arg(long, requires = "random", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn exec(arguments: &Arguments) -> Result<ExitCode> {
    let envoy = match &arguments.envoy {
        Some(program) => {
            program.canonicalize().with_context(|| format!("finding `{}`", program.display()))?
        }
        None if arguments.record => tools::envoy_of(&arguments.version)?,
        None => tools::envoy()?,
    };
    let filter = if arguments.random.is_some() { "oracle::random" } else { "oracle::" };
    // With the workspace's selection of features: another one would build the Wasm engine again.
    let mut tests = cargo(["test", "--workspace", "--test", "it", filter]);
    if let Some(count) = arguments.random {
        tests.env("ORACLE_RANDOM", count.to_string()).env("ORACLE_SEED", arguments.seed.to_string());
    }
    if let Some(beginning) = &arguments.cases {
        tests.env("ORACLE_CASES", beginning);
    }
    tests.env("ENVOY", envoy);
    if arguments.record {
        tests.env("ORACLE_RECORD", &arguments.version);
    }
    let status = tests.status().context("starting cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
