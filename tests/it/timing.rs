//! What an Envoy needs for scenarios, by way of the CLI.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::build::{guest, program, root};
use crate::support::host::envoy;

/// Cases of which the last two cannot be measured there.
const CASES: &str = "version: 1
filter: p.wasm
scenarios:
  - {name: plain, steps: [{request: {path: /}}, {request: {path: /, body: abc}}]}
  - {name: delayed, upstream: {body: abc, delay: 1s}, steps: [{request: {path: /}}, {advance: 1m}]}
  - {name: late, upstream: {fail: timeout}, steps: [{request: {path: /}}]}
  - {name: faulty, steps: [{fault: {hostcall: proxy_log, return: Ok}}, {request: {path: /}}]}
";

#[test]
fn envoys_cpu_time_is_measured_through_the_filter_and_past_it() {
    let Some(envoy) = envoy() else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let folder = root().join("target/acceptance/timing");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(guest("program"), folder.join("p.wasm")).unwrap();
    std::fs::write(folder.join("p.test.yaml"), CASES).unwrap();
    let mut command = Command::new(program("cargo-mesh-filter"));
    command.args(["mesh-filter", "bench", "--engine", "envoy", "--exchanges", "60", "--format", "json"]);
    command.arg("p.test.yaml").current_dir(&folder).env("ENVOY", envoy);
    command.env("XDG_CACHE_HOME", root().join("target/acceptance/cache"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let cases = report["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4, "{report:#}");
    for case in &cases[..2] {
        let envoy = &case["envoys"][0];
        assert_eq!((&envoy["engine"], &envoy["exchanges"]), (&"envoy".into(), &60.into()), "{case:#}");
        for numbers in ["with_ns", "without_ns"] {
            let number = |which: &str| envoy[numbers][which].as_u64().unwrap();
            // An exchange over sockets takes longer than a microsecond, and no second.
            assert!((1_000..1_000_000_000).contains(&number("p50")), "{case:#}");
            assert!(number("p50") <= number("p99"), "{case:#}");
        }
        assert!(envoy["own_ns"]["p50"].is_i64(), "{case:#}");
    }
    let reason = |case: &Value| case["envoys"][0]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason(&cases[2]).starts_with("it waits for a timeout"), "{report:#}");
    assert_eq!(reason(&cases[3]), "`fault` needs the simulator");
}
