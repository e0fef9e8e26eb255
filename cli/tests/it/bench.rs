//! `bench`: what is counted, what is kept, and what has grown.

use crate::folder::Folder;
use crate::module;
use serde_json::Value;
use std::process::Output;

fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    let file = "version: 1\nfilter: p.wasm\nscenarios:\n  - {name: one, steps: [{request: {path: /}}]}\n";
    folder.write("p.wasm", module::counting(10)).write("p.test.yaml", file);
    folder
}

fn bench(folder: &Folder, arguments: &[&str]) -> Output {
    folder.command("").arg("bench").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let output = bench(folder, &[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn an_exchange_is_measured_as_a_whole_and_by_callback() {
    let folder = folder("bench");
    let report = json(&folder, &["p.test.yaml", "--exchanges", "50"]);
    let case = &report["cases"][0];
    let expected = serde_json::json!({
        "file": "p.test.yaml", "name": "one", "exchanges": 50, "memory": 13 * 65536, "heap_growth": 10 * 65536,
    });
    for (key, expected) in expected.as_object().unwrap() {
        assert_eq!(&case[key], expected, "{key}");
    }
    assert_eq!(case["hostcalls"], serde_json::json!({"least": 2, "median": 2, "most": 2}));
    assert_eq!(case["bytes_copied"], serde_json::json!({"least": 10, "median": 10, "most": 10}));
    let fuel = |spread: &Value| spread["median"].as_u64().unwrap();
    assert!((60..200).contains(&fuel(&case["fuel"])), "{case}");
    let callbacks = case["callbacks"].as_array().unwrap();
    let headers = callbacks.iter().find(|one| one["name"] == "proxy_on_request_headers").unwrap();
    assert_eq!(headers["calls"], 50);
    assert_eq!(headers["bytes_copied"]["most"], 10);
    assert_eq!(fuel(&headers["fuel"]), fuel(&case["fuel"]));
    assert!(headers["cpu_ns"]["p99"].as_u64() >= headers["cpu_ns"]["p50"].as_u64());

    let shown = text(&bench(&folder, &["p.test.yaml", "--exchanges", "50"]).stdout);
    let fuel = fuel(&case["fuel"]);
    let expected = format!("p.test.yaml: one\n  50 exchanges: fuel {fuel} ({fuel} to ");
    assert!(shown.starts_with(&expected), "{shown}");
    assert!(shown.contains(", hostcalls 2, bytes copied 10\n  cpu p50 "), "{shown}");
    assert!(shown.contains("; memory 832.0 KiB, grown by 640.0 KiB\n"), "{shown}");
    assert!(shown.contains("\n  on_request_headers                     50 "), "{shown}");
}

#[test]
fn what_has_grown_since_the_baseline_fails() {
    let folder = folder("bench-baseline");
    let saved = bench(&folder, &["p.test.yaml", "--exchanges", "20", "--save-baseline", "base/b.json"]);
    assert!(text(&saved.stderr).contains("Saved base/b.json"), "{saved:?}");
    let kept: Value = serde_json::from_slice(&folder.read("base/b.json")).unwrap();
    assert_eq!(kept["cases"]["p.test.yaml: one"]["bytes copied"], 10);

    let compare = ["p.test.yaml", "--exchanges", "20", "--baseline", "base/b.json"];
    let same = bench(&folder, &compare);
    assert_eq!((same.status.code(), text(&same.stderr)), (Some(0), String::new()));

    folder.write("p.wasm", module::counting(12));
    let grown = bench(&folder, &compare);
    assert_eq!(grown.status.code(), Some(1), "{grown:?}");
    let message = text(&grown.stderr);
    assert!(message.contains("numbers have grown by more than 5%\n  p.test.yaml: one: fuel: "), "{message}");
    assert!(message.contains("\n  p.test.yaml: one: fuel of proxy_on_request_headers: "), "{message}");
    assert!(message.ends_with("help: if that is meant, keep the new numbers: --save-baseline NAME\n"));
    assert_eq!(json(&folder, &compare)["grown"][0]["what"], "fuel");
    let patient = bench(&folder, &[&compare[..], &["--threshold", "100%"]].concat());
    assert_eq!(patient.status.code(), Some(0), "{patient:?}");

    let fewer = bench(&folder, &["p.test.yaml", "--exchanges", "15", "--baseline", "base/b.json"]);
    assert!(text(&fewer.stderr).contains("the baseline is of 20 exchanges, and this is of 15"), "{fewer:?}");
}

#[test]
fn what_cannot_be_measured_or_kept_is_explained() {
    let folder = folder("bench-wrong");
    folder
        .write("n.test.yaml", "version: 1\nfilter: p.wasm\nscenarios: [{name: n, steps: [{advance: 1s}]}]\n");
    folder.write("old.json", "{}").write("q.textpb", "test { name: 'q' }");
    for (arguments, code, expected) in [
        (
            &["p.test.yaml", "--save-baseline", "main"][..],
            2,
            "help: outside of a crate baselines are files: name one by a path such as `main.json`\n",
        ),
        (&["p.test.yaml", "--baseline", "a/b"], 2, "error: `a/b` is no name for a baseline\n"),
        (&["p.test.yaml", "--baseline", "no.json"], 2, "error: cannot read the baseline `no.json`\n"),
        (&["p.test.yaml", "--baseline", "old.json"], 2, "error: `old.json` is no baseline of this version\n"),
        (&["n.test.yaml"], 2, "error: there is nothing to measure\n"),
        (&["q.textpb", "--plugin", "p.wasm"], 2, "error: there is nothing to measure\n"),
        (&["p.test.yaml", "--engine", "native"], 2, "error: nobody counts what a native filter costs\n"),
        (&["p.test.yaml", "--engine", "envoy@1.40"], 2, "`1.40` is not a release of Envoy, such as `1.40.0`"),
        (&["p.test.yaml", "--plugin", "p.wasm"], 2, "is a scenario file, which names its filter itself\n"),
    ] {
        let output = bench(&folder, arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(text(&output.stderr).contains(expected), "{expected}\n{}", text(&output.stderr));
    }
    folder.write("p.wasm", wat::parse_str(TRAPPING).unwrap());
    let output = bench(&folder, &["p.test.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let expected = "error: cannot measure `p.test.yaml`: one: ";
    assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
}

/// A plugin that does not take its configuration.
const TRAPPING: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 8))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0)))"#;

#[test]
fn chains_and_new_configurations_are_measured_too() {
    let folder = folder("bench-chain");
    let file = "version: 1\nfilter: p.wasm\nscenarios:
  - {name: chain, chain: [q.wasm, self], steps: [{request: {}}]}
  - {name: reload, steps: [{request: {}}, {reload: {a: 1}}, {request: {}}]}
  - {name: restart, steps: [{request: {}}, {restart: vm}, {request: {}}]}
";
    folder.write("p.test.yaml", file).write("q.wasm", module::counting(10));
    let report = json(&folder, &["p.test.yaml", "--exchanges", "40"]);
    let cases = report["cases"].as_array().unwrap();
    let told = |key: &str| cases.iter().map(|case| case[key].clone()).collect::<Vec<_>>();
    assert_eq!(told("name"), ["chain", "reload", "restart"]);
    let copied = cases.iter().map(|case| case["bytes_copied"]["median"].as_u64());
    assert_eq!(copied.collect::<Vec<_>>(), [Some(20), Some(10), Some(10)]);
    // In a new VM the requests begin to count anew: none is the fifth.
    assert_eq!(told("heap_growth"), [2 * 8 * 65536, 8 * 65536, 0]);
    let configured = |case: &Value| {
        let callbacks = case["callbacks"].as_array().unwrap().iter();
        callbacks.filter(|one| one["name"] == "proxy_on_configure").map(|one| one["calls"].as_u64()).next()?
    };
    // From the second round on each begins with the first configuration again.
    assert_eq!(cases.iter().map(configured).collect::<Vec<_>>(), [None, Some(39), Some(20)]);
}

#[test]
fn benchmarks_of_google_are_streams_of_which_nothing_is_expected() {
    let folder = folder("bench-google");
    let file = "env { log_level: TRACE num_additional_streams: 4 additional_stream_advance_rate: 2 }
test { name: 'timed' benchmark: true request_headers { input { header { key: 'a' value: 'b' } } } }
test { name: 'tested' request_headers {} }
test { name: 'other' benchmark: true request_headers {} response_headers {} }
";
    folder.write("t.textpb", file);
    let report = json(&folder, &["t.textpb", "--plugin", "p.wasm", "--exchanges", "20"]);
    let cases = report["cases"].as_array().unwrap();
    let names: Vec<_> = cases.iter().map(|case| &case["name"]).collect();
    assert_eq!(names, ["timed", "other"]);
    // Streams beside the measured one are not counted, but cost memory.
    assert_eq!(cases[0]["hostcalls"]["most"], 2);
    assert_eq!(cases[0]["exchanges"], 20);
    assert!(cases[0]["heap_growth"].as_u64() > Some(4 * 65536), "{report}");
    let one = json(&folder, &["t.textpb", "--plugin", "p.wasm", "--exchanges", "5", "--filter", "oth"]);
    assert_eq!(one["cases"].as_array().unwrap().len(), 1);
}
