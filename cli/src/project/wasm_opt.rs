//! `wasm-opt` from Binaryen, on request: smaller code, at the price of line numbers in traps.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::failure::{Failure, Result};

/// What Rust's code for `wasm32-wasip1` uses; old releases of `wasm-opt` refuse it otherwise.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    "--enable-reference-types",
];

/// Sees to it that the program is there, before minutes are spent on a build.
pub(crate) fn ensure() -> Result<()> {
    let mut command = Command::new("wasm-opt");
    check(command.arg("--version").stdout(Stdio::null()).status(), "--version")
}

/// Rewrites a module in place, for size.
pub(crate) fn optimise(module: &Path) -> Result<()> {
    let mut command = Command::new("wasm-opt");
    command.arg("-Os").args(FEATURES).arg(module).arg("--output").arg(module);
    check(command.status(), &module.display().to_string())
}

fn check(ended: io::Result<ExitStatus>, about: &str) -> Result<()> {
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::failed(format!("`wasm-opt` ended with {status} on `{about}`"))
            .help("its message is above; leave out --wasm-opt to ship the module as the compiler wrote it")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Failure::missing_tool("`--wasm-opt` needs the program `wasm-opt`, which is not in PATH")
                .help("install Binaryen, or leave out --wasm-opt"))
        }
        Err(error) => Err(Failure::missing_tool("`wasm-opt` cannot be run").because(&error)),
    }
}
