//! Images and registries: Debian's `docker-registry` and `skopeo` say whether what is pushed is what others take.

mod authority;
mod cuts;
mod faults;
mod images;
mod lint;
mod middleman;
mod referrers;
pub(crate) mod server;
mod signatures;
mod signed_in;
mod tokens;

use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::module::counting;

/// Whether programs are there; says so where one is not.
pub(crate) fn has(programs: &[&str]) -> bool {
    let is_there = |program: &&&str| {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    let missing: Vec<_> = programs.iter().filter(|program| !is_there(program)).collect();
    if !missing.is_empty() {
        eprintln!("SKIPPED: not installed: {missing:?}");
    }
    missing.is_empty()
}

/// A folder with `plugin.wasm` and its packed image `plugin.oci`.
pub(crate) fn packed(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("plugin.wasm", counting(1));
    run(&folder, &["package", "plugin.wasm"]);
    folder
}

/// Docker's file with these credentials for the registry, `ann:secret` in base64 for example.
fn sign_in(folder: &Folder, registry: &str, credentials: &str) {
    let file = format!(r#"{{"auths": {{"{registry}": {{"auth": "{credentials}"}}}}}}"#);
    folder.write("docker/config.json", file);
}

/// Runs a command that has to succeed; gives its standard output.
pub(crate) fn run(folder: &Folder, words: &[&str]) -> String {
    let (code, out, err) = end(folder, words);
    assert_eq!(code, 0, "{words:?}\n{out}{err}");
    out
}

/// Runs a command; gives its exit code, standard output and standard error.
pub(crate) fn end(folder: &Folder, words: &[&str]) -> (i32, String, String) {
    let mut command = folder.command(".");
    // Nobody's own credentials.
    for name in ["XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE"] {
        command.env_remove(name);
    }
    command.env("HOME", folder.path()).env("DOCKER_CONFIG", folder.path().join("docker"));
    let output = command.arg("mesh-filter").args(words).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A field of a command's JSON.
pub(crate) fn field(json: &str, pointer: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    json.pointer(pointer)
        .and_then(|value| value.as_str())
        .unwrap_or_else(|| panic!("{pointer}: {json}"))
        .to_owned()
}
