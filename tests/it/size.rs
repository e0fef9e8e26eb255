//! How large a small filter of the SDK is as it ships.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::build::{program, root};

/// What a hello filter with a typed configuration may have, as it is and under gzip.
const BYTES: u64 = 150_000;
const GZIPPED: u64 = 55_000;

#[test]
fn a_hello_filter_is_small() {
    let mut build = Command::new(program("cargo-mesh-filter"));
    build.args(["mesh-filter", "build", "--package", "hello-header", "--offline", "--format", "json"]);
    let output = build.current_dir(root()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built: Value = serde_json::from_slice(&output.stdout).unwrap();
    let size = |key: &str| built["artifacts"][0][key].as_u64().unwrap_or_else(|| panic!("{built}"));
    assert!(size("bytes") <= BYTES && size("gzip_bytes") <= GZIPPED, "{built}");
}
