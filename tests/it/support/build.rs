//! Builds, once for all tests, what they run: the guest modules and this workspace's programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The root of this workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The built module of the guest with this name.
pub(crate) fn guest(name: &str) -> PathBuf {
    static GUESTS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let guests = GUESTS.get_or_init(|| {
        let arguments = ["-p", "mesh-filter-guests", "--examples", "--release", "--target", "wasm32-wasip1"];
        files(&artefacts(&arguments), "filenames")
    });
    found(guests, name, "wasm").unwrap_or_else(|| panic!("no guest `{name}` among {guests:?}"))
}

/// The packages in `examples/`, as cargo describes them.
pub(crate) fn examples() -> Vec<Value> {
    packages_in("/examples/")
}

/// Those in `filters/`.
pub(crate) fn filters() -> Vec<Value> {
    packages_in("/filters/")
}

fn packages_in(folder: &str) -> Vec<Value> {
    let mut metadata: Value = serde_json::from_str(&metadata()).unwrap();
    let is_inside =
        |package: &Value| package["manifest_path"].as_str().is_some_and(|path| path.contains(folder));
    let packages: Vec<Value> = serde_json::from_value(metadata["packages"].take()).unwrap();
    packages.into_iter().filter(is_inside).collect()
}

/// What cargo tells about the members of this workspace.
pub(crate) fn metadata() -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The built module of the example or filter with this name, as it ships.
pub(crate) fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let cli = program("cargo-mesh-filter");
        let mut build = Command::new(cli);
        build.args(["mesh-filter", "build", "--workspace", "--offline"]).current_dir(root().join("examples"));
        let output = build.stdin(Stdio::null()).output().expect("the CLI runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        root().join("target/mesh-filter")
    });
    folder.join(name).with_extension("wasm")
}

/// The program of this workspace with this name.
pub(crate) fn program(name: &str) -> PathBuf {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    // With the same selection as the tests themselves, so that cargo reuses what it built for them.
    let programs = PROGRAMS.get_or_init(|| files(&artefacts(&["--workspace", "--bins"]), "executable"));
    found(programs, name, "").unwrap_or_else(|| panic!("the workspace has a program `{name}`"))
}

/// The example program of this workspace with this name.
pub(crate) fn example_program(name: &str) -> PathBuf {
    // With the workspace's selection of features: with another one the Wasm engine would be built again.
    found(&files(&artefacts(&["--workspace", "--example", name]), "executable"), name, "")
        .unwrap_or_else(|| panic!("the workspace has an example `{name}`"))
}

fn found(files: &[PathBuf], name: &str, extension: &str) -> Option<PathBuf> {
    let fits = |path: &&PathBuf| {
        path.file_stem().is_some_and(|stem| stem == name) && path.extension().unwrap_or_default() == extension
    };
    files.iter().find(fits).cloned()
}

/// Cargo's messages about what it built.
fn artefacts(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format", "json"])
        .args(arguments)
        .current_dir(root())
        // Without the outer run's: they would force a different build.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "cargo build {arguments:?} failed:\n{text}");
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn files(messages: &[Value], field: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for message in messages {
        match &message[field] {
            Value::String(path) => files.push(path.into()),
            Value::Array(paths) => files.extend(paths.iter().filter_map(Value::as_str).map(PathBuf::from)),
            _ => {}
        }
    }
    files
}
