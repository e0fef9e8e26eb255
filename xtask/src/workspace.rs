//! Where things are: the root of the workspace, its target directory, cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The directory that cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// A cargo command at the root of the workspace.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Builds the programs of the workspace and returns the path of one.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let mut build = cargo(["build", "--workspace", "--bins", "--message-format", "json-render-diagnostics"]);
    let output = build.stderr(Stdio::inherit()).output().context("starting cargo")?;
    anyhow::ensure!(output.status.success(), "building the programs of this workspace failed");
    let messages = String::from_utf8(output.stdout)?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables =
        messages.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    let found = executables.find(|path| path.file_stem().is_some_and(|stem| stem == name));
    found.with_context(|| format!("this workspace has no program `{name}`"))
}

/// Builds an example as it ships.
pub(crate) fn build_example(name: &str) -> Result<()> {
    let mut build = Command::new(program("cargo-mesh-filter")?);
    build.current_dir(root()).args(["mesh-filter", "--quiet", "build", "--package", name]);
    let built = build.stdin(Stdio::null()).status().context("starting `cargo mesh-filter`")?;
    anyhow::ensure!(built.success(), "building the example `{name}` failed");
    Ok(())
}
