//! The Rust toolchain: the Wasm target, and the facts about it that builds need.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::output::Output;

/// What filters are compiled for: the WASI functions that every Proxy-Wasm host has.
pub(crate) const TARGET: &str = "wasm32-wasip1";

/// The cargo that started this process, else the one in PATH.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The compiler.
pub(crate) fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

/// Sees to it that [`TARGET`] is installed for the toolchain of `folder`.
pub(crate) fn ensure_target(folder: &Path, output: &Output) -> Result<()> {
    let libraries = PathBuf::from(ask_rustc(folder, &["--print", "target-libdir", "--target", TARGET])?);
    if libraries.is_dir() {
        return Ok(());
    }
    output.progress("Installing", &format!("the Rust target `{TARGET}` (rustup target add {TARGET})"));
    let status = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::missing_tool(format!("`rustup target add {TARGET}` ended with {status}"))
            .help("its message is above; without a network the target has to be installed beforehand")),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::missing_tool(format!(
            "the Rust target `{TARGET}` is not installed, and there is no `rustup` to add it"
        ))
        .help(format!(
            "install Rust through rustup, or your system's package of the standard library for {TARGET}; expected in `{}`",
            libraries.display()
        ))),
        Err(error) => Err(Failure::missing_tool("`rustup` cannot be run").because(&error)),
    }
}

/// The folder of the standard library's sources and the name under which its paths are known.
///
/// Without the component `rust-src` its paths read `/rustc/<commit>/...` already; with it, rustc
/// puts this machine's paths into generic code of the standard library.
pub(crate) fn library_sources(folder: &Path) -> Result<Option<(PathBuf, String)>> {
    let sysroot = ask_rustc(folder, &["--print", "sysroot"])?;
    let sources = PathBuf::from(sysroot).join("lib/rustlib/src/rust");
    let version = ask_rustc(folder, &["--version", "--verbose"])?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    Ok(commit.map(|commit| (sources, format!("/rustc/{commit}"))))
}

fn ask_rustc(folder: &Path, question: &[&str]) -> Result<String> {
    let answer = Command::new(rustc()).args(question).current_dir(folder).output().map_err(|error| {
        Failure::missing_tool("`rustc` cannot be run")
            .because(&error)
            .help("install the Rust toolchain, and see that `rustc` is in PATH")
    })?;
    if !answer.status.success() {
        let reason = String::from_utf8_lossy(&answer.stderr);
        return Err(Failure::missing_tool(format!(
            "`rustc {}` failed: {}",
            question.join(" "),
            reason.trim()
        ))
        .help("the toolchain is incomplete, or too old for this target; Rust 1.95 or newer is needed"));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}
