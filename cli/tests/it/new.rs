//! `new`: what comes out builds, passes its tests and has nothing that a linter objects to.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::folder::{Folder, succeed};

/// Compiled dependencies are shared by the crates of all templates.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("templates-target")
}

fn make(folder: &Folder, template: &str) {
    let name = format!("made-{template}");
    succeed(folder.command("").args(["mesh-filter", "new", &name, "--template", template]));
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        succeed(
            command.args(arguments).current_dir(folder.path().join(&name)).env("CARGO_TARGET_DIR", target()),
        )
    };
    // Formatting must not depend on the crate's name.
    cargo(&["fmt", "--check"]);
    cargo(&["clippy", "--offline", "--all-targets", "--", "-D", "warnings"]);
    let tests = cargo(&["test", "--offline"]);
    assert!(String::from_utf8_lossy(&tests.stdout).contains("test result: ok"));
    let graph = cargo(&["tree", "--offline", "--edges", "all", "--prefix", "none"]);
    for heavy in ["wasmtime ", "hyper "] {
        assert!(!String::from_utf8_lossy(&graph.stdout).contains(heavy), "{template} compiles {heavy}");
    }
    succeed(
        folder
            .command(&name)
            .args(["mesh-filter", "build", "--offline", "--quiet"])
            .env("CARGO_TARGET_DIR", target()),
    );
    assert!(target().join(format!("mesh-filter/{name}.wasm")).is_file());
    let mut scenarios = folder.command(&name);
    let scenarios = scenarios.args(["mesh-filter", "test", "--engine", "wasm", "--offline", "--quiet"]);
    let played = succeed(scenarios.env("CARGO_TARGET_DIR", target()));
    assert!(String::from_utf8_lossy(&played.stdout).ends_with(" passed, 0 failed\n"));
}

#[test]
fn the_header_template_builds_tests_and_lints() {
    make(&Folder::new("template-header"), "header");
}

#[test]
fn the_callout_template_builds_tests_and_lints() {
    make(&Folder::new("template-callout"), "callout");
}

#[test]
fn the_body_template_builds_tests_and_lints() {
    make(&Folder::new("template-body"), "body");
}

#[test]
fn the_plain_template_builds_tests_and_lints() {
    make(&Folder::new("template-plain"), "plain");
}

#[test]
fn inside_a_workspace_that_does_not_know_it_a_crate_stands_alone() {
    let folder = Folder::new("stranger");
    folder.write("Cargo.toml", "[workspace]\nmembers = [\"filters/*\"]\n").write("filters/.keep", "");
    let output = succeed(folder.command("").args(["new", "guest", "--template", "plain"]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("stands alone"));
    assert!(String::from_utf8_lossy(&folder.read("guest/Cargo.toml")).contains("\n[workspace]\n"));

    let output =
        succeed(folder.command("").args(["new", "member", "--template", "plain", "--path", "filters"]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a member of"));
    assert!(!String::from_utf8_lossy(&folder.read("filters/member/Cargo.toml")).contains("[workspace]"));
}

#[test]
fn quiet_means_that_success_is_silent() {
    let output =
        succeed(Folder::new("quiet").command("").args(["--quiet", "new", "hush", "--template", "plain"]));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}
