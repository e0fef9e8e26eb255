//! How large modules are as they ship, where no scenario file can say it: a small filter of the SDK, and a filter with a part of
//! its features.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::build::{program, root};

/// What a hello filter with a typed configuration may have, as it is and under gzip.
const BYTES: u64 = 150_000;
const GZIPPED: u64 = 55_000;

/// What jwt-auth may have with the algorithms that most issuers sign by.
const JWT_BYTES: u64 = 500_000;

#[test]
fn a_hello_filter_is_small() {
    let [bytes, gzipped] = size(&["--package", "hello-header"]);
    assert!(bytes <= BYTES && gzipped <= GZIPPED, "{bytes} bytes, {gzipped} gzipped");
}

#[test]
fn a_filter_is_smaller_without_what_is_left_out() {
    // In a folder of its own: others read the whole module meanwhile.
    let folder = root().join("target/it/parts");
    let folder = folder.to_str().unwrap();
    let parts = ["--no-default-features", "--features", "rsa,es256,hmac", "--target-dir", folder];
    let [bytes, _] = size(&[&["--package", "jwt-auth"], &parts[..]].concat());
    assert!(bytes <= JWT_BYTES, "{bytes} bytes");
}

/// Bytes of a built module, as it is and under gzip.
fn size(arguments: &[&str]) -> [u64; 2] {
    let mut build = Command::new(program("cargo-mesh-filter"));
    build.args(["mesh-filter", "build", "--offline", "--format", "json"]).args(arguments);
    let output = build.current_dir(root()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built: Value = serde_json::from_slice(&output.stdout).unwrap();
    ["bytes", "gzip_bytes"]
        .map(|key| built["artifacts"][0][key].as_u64().unwrap_or_else(|| panic!("{built}")))
}
