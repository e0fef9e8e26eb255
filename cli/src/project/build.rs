//! Builds filter crates: release Wasm, the same bytes on every machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::{Message, TargetKind};

use crate::failure::{Failure, Result};
use crate::output::Output;

use super::ship::{self, NotAModule};
use super::workspace::{FilterCrate, SDK, Workspace};
use super::{rustc, toolchain, wasm_opt};

/// The cargo profile, and the folder of the outputs below the target directory.
const PROFILE: &str = "mesh-filter";

/// The profile's settings, where the workspace does not define the profile itself.
///
/// `strip` stays off and line tables on: the side file needs them, the shipped module loses them.
const SETTINGS: [&str; 7] = [
    "inherits='release'",
    "opt-level='s'",
    "lto=true",
    "codegen-units=1",
    "panic='abort'",
    "debug='line-tables-only'",
    "strip='none'",
];

/// What is optimised for speed where a filter has it.
///
/// Every exchange goes through the SDK, and little of it is code that is compiled for each filter anew: it needs a quarter less of
/// fuel and 5 KiB more. Hashes are loops that want to be unrolled: they need half of the time and 4 KiB more.
const FAST: [(&str, &str); 2] = [(SDK, "opt-level=2"), ("sha2", "opt-level=3")];

/// How to build.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Cargo's target directory, where not the workspace's own.
    pub(crate) target: Option<PathBuf>,
    /// Features beside those that the crate has by default.
    pub(crate) features: Vec<String>,
    /// Without the features that the crate has by default.
    pub(crate) no_default_features: bool,
    /// Rewrite the module by `wasm-opt`.
    pub(crate) wasm_opt: bool,
    /// Never reach for the network.
    pub(crate) offline: bool,
    /// Fail where `Cargo.lock` would change.
    pub(crate) locked: bool,
}

/// A built filter.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    /// The crate.
    pub(crate) filter_crate: FilterCrate,
    /// The module to ship.
    pub(crate) wasm: PathBuf,
    /// The same code with names and line tables; `None` after `wasm-opt`, which moves the code.
    pub(crate) symbols: Option<PathBuf>,
}

/// Builds crates of a workspace, one after the other.
///
/// One cargo call each: built together, crates would share the union of their features, and a
/// crate's bytes would depend on its neighbours.
pub(crate) fn build(
    workspace: &Workspace,
    crates: &[FilterCrate],
    options: &Options,
    output: &Output,
) -> Result<Vec<Artifact>> {
    crates.iter().map(|filter_crate| build_one(workspace, filter_crate, options, output)).collect()
}

/// Builds one crate of a workspace.
pub(crate) fn build_one(
    workspace: &Workspace,
    filter_crate: &FilterCrate,
    options: &Options,
    output: &Output,
) -> Result<Artifact> {
    if options.wasm_opt {
        wasm_opt::ensure()?;
    }
    toolchain::ensure_target(workspace.root(), output)?;
    let target = options.target.as_deref().unwrap_or_else(|| workspace.target());
    let folder = target.join(PROFILE);
    let compiled = compile(workspace, filter_crate, &folder.join("build"), options, output)?;

    let module = std::fs::read(&compiled).map_err(|error| cannot("read", &compiled, &error))?;
    let shipped = ship::without_debugging(&module).map_err(|error| not_a_module(&compiled, &error))?;
    // Lines are looked up in the side file by offset: the pair is worth nothing unless this holds.
    let same = ship::code(&module).map_err(|error| not_a_module(&compiled, &error))?
        == ship::code(&shipped).map_err(|error| not_a_module(&compiled, &error))?;
    if !same {
        return Err(Failure::failed(format!(
            "dropping sections of `{}` has changed its code",
            compiled.display()
        ))
        .help("this is a defect of cargo-mesh-filter; please report it"));
    }

    let wasm = folder.join(format!("{}.wasm", filter_crate.name));
    let symbols = folder.join(format!("{}.symbols.wasm", filter_crate.name));
    replace(&wasm, &shipped).map_err(|error| cannot("write", &wasm, &error))?;
    if options.wasm_opt {
        wasm_opt::optimise(&wasm)?;
        // A side file of an earlier build would give wrong lines.
        if symbols.exists() {
            std::fs::remove_file(&symbols).map_err(|error| cannot("remove", &symbols, &error))?;
        }
        return Ok(Artifact { filter_crate: filter_crate.clone(), wasm, symbols: None });
    }
    replace(&symbols, &module).map_err(|error| cannot("write", &symbols, &error))?;
    Ok(Artifact { filter_crate: filter_crate.clone(), wasm, symbols: Some(symbols) })
}

/// The packages that the crate's metadata wants to be fast.
fn fast(filter_crate: &FilterCrate) -> Result<&[String]> {
    let wanted = filter_crate.filter.as_ref().map_or(&[][..], |filter| &filter.fast);
    let known = |name: &&String| **name == filter_crate.name || filter_crate.dependencies.contains(name);
    match wanted.iter().find(|name| !known(name)) {
        Some(name) => Err(Failure::usage(format!(
            "`fast` in the metadata of `{}` names `{name}`, which it does not depend on",
            filter_crate.name
        ))
        .help("expected the crate itself, or packages of its `[dependencies]`")),
        None => Ok(wanted),
    }
}

/// Writes a file in one go: test programs that build the same module at once read it meanwhile.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&temporary, bytes)?;
    std::fs::rename(&temporary, path)
}

/// Runs cargo; gives the path of the module that it made.
fn compile(
    workspace: &Workspace,
    filter_crate: &FilterCrate,
    target: &Path,
    options: &Options,
    output: &Output,
) -> Result<PathBuf> {
    let mut cargo = Command::new(toolchain::cargo());
    cargo
        .args(["build", "--lib", "--target", toolchain::TARGET, "--profile", PROFILE])
        .args(["--message-format", "json-render-diagnostics", "--package", &filter_crate.name])
        .arg("--manifest-path")
        .arg(filter_crate.folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        // Incremental compilation splits code into other units.
        .env("CARGO_INCREMENTAL", "0")
        .current_dir(workspace.root())
        .stdout(Stdio::piped());
    if !defines_profile(workspace.root())? {
        for setting in SETTINGS {
            cargo.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
        }
        for (package, setting) in FAST {
            // Cargo warns about settings of packages that are not there.
            if filter_crate.dependencies.iter().any(|dependency| dependency == package) {
                cargo.arg("--config").arg(format!("profile.{PROFILE}.package.{package}.{setting}"));
            }
        }
        for package in fast(filter_crate)? {
            cargo.arg("--config").arg(format!("profile.{PROFILE}.package.{package}.opt-level=3"));
        }
    }
    for (wanted, flag) in
        [(output.is_quiet(), "--quiet"), (options.offline, "--offline"), (options.locked, "--locked")]
    {
        if wanted {
            cargo.arg(flag);
        }
    }
    for features in &options.features {
        cargo.args(["--features", features]);
    }
    if options.no_default_features {
        cargo.arg("--no-default-features");
    }
    rustc::wrap(&mut cargo, workspace.root(), toolchain::library_sources(workspace.root())?)
        .map_err(|error| Failure::failed("the path of this program is not known").because(&error))?;

    let cannot_run = |error: std::io::Error| {
        Failure::missing_tool("`cargo` cannot be run").because(&error).help("install the Rust toolchain")
    };
    let mut child = cargo.spawn().map_err(cannot_run)?;
    let mut module = None;
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(std::io::BufReader::new(stdout)) {
            if let Ok(Message::CompilerArtifact(artifact)) = message
                && artifact.target.kind.contains(&TargetKind::CDyLib)
            {
                module =
                    artifact.filenames.into_iter().find(|file| file.extension() == Some("wasm")).or(module);
            }
        }
    }
    let status = child.wait().map_err(cannot_run)?;
    if !status.success() {
        return Err(Failure::failed(format!("cargo could not build `{}`", filter_crate.name))
            .help("the compiler's messages are above"));
    }
    module.map(cargo_metadata::camino::Utf8PathBuf::into_std_path_buf).ok_or_else(|| {
        Failure::failed(format!("cargo built `{}` and named no `.wasm` file", filter_crate.name))
            .help("`crate-type` under `[lib]` needs \"cdylib\"")
    })
}

/// Whether the workspace's manifest has a `[profile.mesh-filter]` of its own.
fn defines_profile(root: &Path) -> Result<bool> {
    let manifest = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|error| cannot("read", &manifest, &error))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| Failure::usage(format!("`{}` is not TOML", manifest.display())).because(&error))?;
    Ok(table.get("profile").and_then(|profiles| profiles.get(PROFILE)).is_some())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot {what} `{}`", path.display())).because(error)
}

fn not_a_module(path: &Path, error: &NotAModule) -> Failure {
    Failure::failed(format!("`{}` is not a valid Wasm module", path.display())).because(&error.0)
}
