//! `cargo xtask test`: every check of this project, in the order in which a mistake shows soonest.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, ensure};

use crate::report::Report;
use crate::tools;
use crate::workspace::{cargo, program, root};

const WASM_TARGET: &str = "wasm32-wasip1";

/// Parts of jwt-auth's features: each kind of key alone, with and without the long hashes. What compiles with these does with others.
const PARTS: [&str; 6] = ["rsa", "es256", "eddsa", "hmac", "rsa,es256,hmac", "es384,es512,hmac"];

/// Run everything: formatting, clippy, unit, doc, scenario, CLI, proxy and parity tests, house rules, cargo-deny
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Fail where something is missing, instead of skipping what needs it
    #[arg(long)]
    require_all: bool,
}

pub(crate) fn exec(arguments: &Arguments) -> Result<ExitCode> {
    let mut report = Report::new(arguments.require_all);

    report.run("formatting", &mut cargo(["fmt", "--all", "--check"]))?;
    match tools::cargo_deny() {
        Ok(program) => {
            let mut deny = Command::new(program);
            deny.current_dir(root()).args(["--workspace", "check", "bans", "licenses", "sources"]);
            report.run("cargo-deny", &mut deny)?;
        }
        Err(error) => report.skip("cargo-deny", &format!("{error:#}")),
    }
    report.run("clippy", &mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;

    if let Err(error) = wasm_target() {
        report.skip("modules for Wasm", &format!("{error:#}"));
    }
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    match tools::envoy() {
        Ok(program) => {
            tests.env("ENVOY", program);
        }
        Err(error) => report.skip("parity with Envoy", &format!("{error:#}")),
    }
    // Releases of Envoy that match those of Istio which `manifest --rendered` knows.
    match tools::envoys() {
        Ok(folder) => {
            tests.env("ENVOYS", folder);
        }
        Err(error) => report.skip("rendered configurations in older Envoys", &format!("{error:#}")),
    }
    match tools::assemblyscript() {
        Ok(folder) => {
            tests.env("ASSEMBLYSCRIPT", folder);
        }
        Err(error) => report.skip("a plugin in AssemblyScript", &format!("{error:#}")),
    }
    for (variable, clients, what) in [
        ("PYTHON_CLIENTS", tools::python_clients(), "clients of the filters in Python"),
        ("NODE_CLIENTS", tools::node_clients(), "clients of the filters in Node"),
    ] {
        match clients {
            Ok(folder) => {
                tests.env(variable, folder);
            }
            Err(error) => report.skip(what, &format!("{error:#}")),
        }
    }
    let curl = Command::new("curl").arg("--version").stdin(Stdio::null()).output();
    if !curl.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("HTTP2")) {
        report.skip("exchanges over HTTP/2", "there is no curl that speaks HTTP/2");
    }
    for (tool, what) in [
        ("docker-registry", "images in a registry"),
        ("skopeo", "images as others take them"),
        ("openssl", "certificates and signatures"),
        ("kubectl", "deploying to a cluster"),
    ] {
        let answer = Command::new(tool).arg("--version").stdin(Stdio::null()).output();
        if answer.is_err() {
            report.skip(what, &format!("`{tool}` is not installed"));
        }
    }
    report.run("unit, doc, CLI, proxy and parity tests, house rules", &mut tests)?;
    // In `target/debug`, which the step before has built.
    let mut scenarios = Command::new(program("cargo-mesh-filter")?);
    scenarios.current_dir(root()).args(["mesh-filter", "test", "--engine", "wasm"]);
    report.run("scenarios of examples and filters", &mut scenarios)?;
    let features = ["test", "--package", "mesh-filter", "--lib", "--features", "kv,tracing,prost"];
    report.run("the SDK with its optional features", &mut cargo(features))?;
    for features in PARTS {
        let mut parts = cargo(["clippy", "--package", "jwt-auth", "--lib", "--target", WASM_TARGET]);
        parts.args(["--no-default-features", "--features", features, "--", "-D", "warnings"]);
        report.run(&format!("clippy of jwt-auth with `{features}` alone"), &mut parts)?;
    }
    let on_wasm = ["clippy", "--package", "mesh-filter", "--target", "wasm32-wasip1", "--", "-D", "warnings"];
    report.run("clippy of the SDK on Wasm", &mut cargo(on_wasm))?;

    Ok(if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes sure that filters can be built, and says so if that changes the toolchain.
fn wasm_target() -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc
        .current_dir(root())
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .stderr(Stdio::null());
    let folder = String::from_utf8(rustc.output()?.stdout)?;
    if std::path::Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    println!("\nadding target `{WASM_TARGET}`: rustup target add {WASM_TARGET}");
    let added = Command::new("rustup").current_dir(root()).args(["target", "add", WASM_TARGET]).status();
    ensure!(
        added.is_ok_and(|status| status.success()),
        "target `{WASM_TARGET}` is missing and rustup could not add it"
    );
    Ok(())
}
