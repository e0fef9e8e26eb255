//! `cargo mesh-filter` in this repository: the command as the whole workspace builds it.
//!
//! `cargo run --package` would choose other features of shared dependencies, and compile the Wasm engine once more.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::workspace;

/// Run `cargo mesh-filter` as this workspace builds it
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// Everything after the command's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn exec(arguments: &Arguments) -> Result<ExitCode> {
    let program = workspace::program("cargo-mesh-filter")?;
    let mut command = Command::new(&program);
    let status = command.arg("mesh-filter").args(&arguments.arguments).status();
    let status = status.with_context(|| format!("starting `{}`", program.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
