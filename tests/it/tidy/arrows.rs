//! The arrows between the crates of this workspace, as ARCHITECTURE.md draws them.

use serde_json::Value;

use super::{assert_caught, assert_kept};
use crate::support::build::metadata;

const SDK: &str = "mesh-filter";
const POLICY: &str = "mesh-filter-policy";
const RUNTIME: &str = "mesh-filter-runtime";
const TEST: &str = "mesh-filter-test";
const MACROS: &str = "mesh-filter-test-macros";
const MESH: &str = "mesh-filter-mesh";
const CLI: &str = "cargo-mesh-filter";

/// What a crate may depend on within the workspace.
struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
    for_tests: &'static [&'static str],
}

const ARROWS: &[Arrow] = &[
    Arrow { from: SDK, to: &[], for_tests: &[] },
    Arrow { from: POLICY, to: &[SDK], for_tests: &[] },
    Arrow { from: RUNTIME, to: &[], for_tests: &[] },
    Arrow { from: TEST, to: &[RUNTIME, SDK, MACROS], for_tests: &[] },
    Arrow { from: MACROS, to: &[], for_tests: &[] },
    Arrow { from: MESH, to: &[RUNTIME], for_tests: &[] },
    Arrow { from: CLI, to: &[RUNTIME, TEST, MESH], for_tests: &[] },
    Arrow { from: "xtask", to: &[], for_tests: &[] },
    Arrow { from: "mesh-filter-guests", to: &[], for_tests: &[SDK] },
    Arrow { from: "idle", to: &[SDK], for_tests: &[] },
    Arrow { from: "sdk-suite", to: &[SDK], for_tests: &[TEST] },
    Arrow { from: "mesh-filter-acceptance", to: &[], for_tests: &[SDK, RUNTIME, TEST, MESH, CLI] },
];

/// Crates in `examples/` and `filters/` are for people to read and copy: they know the SDK and its test harness.
const FILTER: Arrow = Arrow { from: "", to: &[SDK, POLICY], for_tests: &[TEST] };

/// Heavy crates, and the only members that may name them.
const OWNERS: &[(&str, &[&str])] = &[
    ("wasmtime", &[RUNTIME]),
    ("hyper", &[RUNTIME]),
    // The harness: client and servers around a real Envoy.
    ("h2", &[RUNTIME, TEST]),
    // The harness too, and the bench's load.
    ("tokio", &[RUNTIME, TEST, "xtask"]),
];

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn arrows(packages: &[Value]) -> Vec<String> {
    let ours = |wanted: &str| packages.iter().any(|package| name(package) == wanted);
    let mut found = Vec::new();
    for package in packages {
        let from = name(package);
        let place = package["manifest_path"].as_str().unwrap_or_default();
        let is_filter = place.contains("/examples/") || place.contains("/filters/");
        let known = ARROWS.iter().find(|arrow| arrow.from == from).or(is_filter.then_some(&FILTER));
        let Some(arrow) = known else {
            found.push(format!("`{from}` is not in the table of arrows"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let (to, test) = (name(dependency), dependency["kind"] == "dev");
            let allowed = arrow.to.contains(&to) || (test && arrow.for_tests.contains(&to));
            if ours(to) && !allowed {
                found.push(format!("`{from}` depends on `{to}`"));
            }
            let owned = OWNERS.iter().find(|(heavy, _)| *heavy == to);
            if let Some((_, owners)) = owned.filter(|(_, owners)| !owners.contains(&from) && !test) {
                found.push(format!("`{from}` depends on `{to}`, which belongs to `{}`", owners.join("`, `")));
            }
        }
    }
    found
}

fn packages(metadata: &str) -> Vec<Value> {
    let mut metadata: Value = serde_json::from_str(metadata).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    let packages = packages(&metadata());
    assert!(packages.len() >= ARROWS.len(), "fewer crates than arrows");
    assert_kept(&arrows(&packages));
}

#[test]
fn a_wrong_arrow_is_caught() {
    let broken = packages(
        r#"{"packages": [
            {"name": "mesh-filter", "manifest_path": "sdk/Cargo.toml", "dependencies": [
                {"name": "mesh-filter-runtime", "kind": null}, {"name": "serde", "kind": null}]},
            {"name": "mesh-filter-runtime", "manifest_path": "runtime/Cargo.toml", "dependencies": [{"name": "wasmtime", "kind": null}]},
            {"name": "mesh-filter-test", "manifest_path": "runtime/test/Cargo.toml", "dependencies": []},
            {"name": "hello", "manifest_path": "w/examples/hello/Cargo.toml", "dependencies": [
                {"name": "mesh-filter", "kind": null}, {"name": "mesh-filter-test", "kind": "dev"}, {"name": "wasmtime", "kind": null}]},
            {"name": "hasty", "manifest_path": "w/examples/hasty/Cargo.toml", "dependencies": [{"name": "mesh-filter-test", "kind": null}]},
            {"name": "stranger", "manifest_path": "stranger/Cargo.toml", "dependencies": []}
        ]}"#,
    );
    let caught = [
        "`mesh-filter` depends on `mesh-filter-runtime`",
        "`hello` depends on `wasmtime`",
        "`hasty` depends on `mesh-filter-test`",
        "`stranger` is not in the table",
    ];
    assert_caught(&arrows(&broken), &caught);
}
