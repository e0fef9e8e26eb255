//! The scenarios of examples and filters on a real Envoy, by way of the CLI, and deliberate breakages found there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::build::{guest, program, root};
use crate::support::host::envoy;

/// What the CLI says about scenario files, as JSON; `None` where there is no Envoy.
fn play(folder: &Path, arguments: &[&str]) -> Option<Value> {
    let Some(envoy) = envoy() else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return None;
    };
    let mut command = cli(folder, arguments);
    command.env("ENVOY", envoy).env("XDG_CACHE_HOME", root().join("target/acceptance/cache"));
    Some(report(command))
}

fn cli(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("cargo-mesh-filter"));
    command.args(["mesh-filter", "test", "--format", "json"]).args(arguments).current_dir(folder);
    command
}

fn report(mut command: Command) -> Value {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text);
    report.unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The problems of the failed cases, each after the name of its case.
fn problems(report: &Value) -> Vec<String> {
    let cases = report["scenarios"]["cases"].as_array().unwrap().iter();
    let of_case = |case: &Value| {
        let name = case["name"].as_str().unwrap().to_owned();
        let problems = case["failure"]["problems"].as_array().cloned().unwrap_or_default();
        problems
            .into_iter()
            .map(move |problem| format!("{name}: {}: {}", problem["line"], problem["text"].as_str().unwrap()))
    };
    cases.flat_map(of_case).collect()
}

#[test]
fn scenarios_of_examples_and_filters_hold_on_envoy_too() {
    let inside = |folder: &str| std::fs::read_dir(root().join(folder)).unwrap();
    let entries = inside("examples").chain(inside("filters"));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("tests").is_dir());
    folders.sort();
    assert!(folders.len() >= 4, "{folders:?}");
    let names: Vec<&str> = folders.iter().map(|folder| folder.to_str().unwrap()).collect();
    let mut arguments = vec!["--engine", "wasm,envoy", "--offline"];
    arguments.extend(names);
    let Some(report) = play(&root(), &arguments) else { return };
    let problems = problems(&report);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let cases = report["scenarios"]["cases"].as_array().unwrap();
    let on_envoy = |case: &&Value| case["world"] == "envoy";
    for case in cases.iter().filter(on_envoy) {
        if let Some(reason) = case["reason"].as_str() {
            assert!(NOT_ON_ENVOY.iter().any(|need| reason.starts_with(need)), "{case:#}");
        }
    }
    for folder in &folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let of_example = |case: &&Value| case["file"].as_str().unwrap().contains(&format!("{name}/"));
        let passed =
            cases.iter().filter(on_envoy).filter(of_example).filter(|case| case["outcome"] == "passed");
        assert!(passed.count() > 0, "no case of {name} was played on Envoy");
    }
    let mut other = differing(&report);
    other.retain(|name| !MAY_DIFFER.iter().any(|(begin, _)| name.starts_with(begin)));
    assert!(other.is_empty(), "{other:?} differ: {:#}", report["worlds"]);
}

/// Why two worlds may see something else.
const NAMES: &str = "names, nonces and ids are made up at random, and on Envoy no seed makes them the same";
const EARLIER: &str = "keys are fetched again a little earlier or later, at random";
const SHARE: &str = "which requests are among a share is drawn at random";
const OWN_HEADERS: &str = "Envoy has one more header of its own that matches";
const REFUSED: &str = "the mock beside Envoy refuses the stream, and not the connection";

/// The cases that may differ, by how their names begin.
const MAY_DIFFER: &[(&str, &str)] = &[
    ("a user without a cookie gets one", NAMES),
    ("who comes for the first time gets an id", NAMES),
    ("with a secret only ids count that the filter has made", NAMES),
    ("operators of the connection and of the start", NAMES),
    ("nonces are random", NAMES),
    ("where heads wait for their bodies those are signed, too", NAMES),
    ("keys that are there are used while ", EARLIER),
    ("a share of requests is looked at: 25", SHARE),
    ("of a share of requests what is too much is refused", SHARE),
    ("what is removed by its name's look leaves what may not be changed", OWN_HEADERS),
    ("a service that ends in refused: requests ", REFUSED),
];

/// The cases in which the worlds saw something else.
fn differing(report: &Value) -> Vec<&str> {
    let compared = report["worlds"]["cases"].as_array().unwrap().iter();
    compared.filter(|case| case["verdict"] == "differs").map(|case| case["name"].as_str().unwrap()).collect()
}

/// What the examples need that Envoy cannot be told or asked.
const NOT_ON_ENVOY: &[&str] =
    &["`interleave`", "`faults`", "`budget`", "`calls`", "`set_properties`", "`requires: "];

/// Cases about guests, which hold in the simulator and on Envoy.
const IN_BOTH: &[(&str, &str)] = &[
    ("changes", include_str!("worlds/changes.test.yaml")),
    ("grpc", include_str!("harness/grpc.test.yaml")),
    ("properties", include_str!("worlds/properties.test.yaml")),
    ("workers", include_str!("worlds/workers.test.yaml")),
];

#[test]
fn cases_hold_in_the_simulator_and_on_envoy() {
    let folder = root().join("target/acceptance/both-worlds");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, file) in [("program", "program.wasm"), ("program_0_1_0", "first.wasm")] {
        std::fs::copy(guest(name), folder.join(file)).unwrap();
    }
    for (name, text) in IN_BOTH {
        let file = format!("{name}.test.yaml");
        std::fs::write(folder.join(&file), text).unwrap();
        let Some(report) = play(&folder, &["--engine", "wasm,envoy", &file]) else { return };
        let problems = problems(&report);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
        let left_out = text.matches("requires: sim").count();
        assert_eq!(report["scenarios"]["not_portable"], left_out, "{report:#}");
    }
}

/// The scenarios of `tests/sdk-suite`, which `cargo test` plays natively.
const SUITE: [&str; 2] = ["--offline", "tests/sdk-suite"];

/// There a cluster that refuses, and one that shall not be known, reset the stream; callouts of the start come from the main
/// thread, too, sooner or later; and random bytes are random.
const DIFFERING: &[&str] = &[
    "a cached value is loaded in the background, and stays while loading fails",
    "a call that ends in a refusal is a typed error",
    "a call that ends in an unknown cluster is a typed error",
    "random values have their form",
];

/// How many cases passed in a world.
fn passed(report: &Value, world: &str) -> usize {
    let cases = report["scenarios"]["cases"].as_array().unwrap().iter();
    cases.filter(|case| case["world"] == world && case["outcome"] == "passed").count()
}

#[test]
fn the_suite_of_the_sdk_holds_in_the_engine() {
    let report = report(cli(&root(), &[&["--engine", "wasm"], &SUITE[..]].concat()));
    assert_eq!(problems(&report), Vec::<String>::new());
    assert!(passed(&report, "wasm") >= 50, "only {} cases were played", passed(&report, "wasm"));
}

#[test]
fn the_suite_of_the_sdk_holds_on_envoy() {
    let Some(report) = play(&root(), &[&["--engine", "wasm,envoy"], &SUITE[..]].concat()) else { return };
    assert_eq!(problems(&report), Vec::<String>::new());
    let differing = differing(&report);
    assert!(differing.iter().all(|case| DIFFERING.contains(case)), "{differing:?}: {:#}", report["worlds"]);
    assert!(passed(&report, "envoy") >= 50, "only {} cases were played on Envoy", passed(&report, "envoy"));
}

/// A program for the guest that runs programs, and what is wrong about it: (case, problem).
const BROKEN: &[(&str, &str)] = &[
    (
        "{name: a wrong header, config: {text: \"\"}, steps: [{request: {headers: {x: a}}, expect: {upstream: {headers: {x: b}}}}]}",
        "upstream header `x`: expected `b`, got `a`",
    ),
    (
        "{name: a wrong status, config: {text: \"\"}, upstream: {status: 503}, steps: [{request: {}, expect: {response: {status: 200}}}]}",
        "response status: expected `200`, got `503`",
    ),
    (
        "{name: a missing log line, config: {text: \"\"}, steps: [{request: {}, expect: {log: [{message: never}]}}]}",
        "expected such a log line, got none",
    ),
    (
        "{name: an unknown cluster, config: {text: \"request_headers:\\n  http_call 'nowhere' {':method'='GET', ':path'='/', ':authority'='a'} '' '' 100 &number\\n\"}, \
         steps: [{request: {}}]}",
        "the plugin called out to a cluster for which there is no mock (no cluster is mocked)",
    ),
    (
        "{name: a trap, config: {text: \"request_headers:\\n  trap\\n\"}, steps: [{request: {}}]}",
        "in `proxy_on_request_headers` the plugin trapped: Uncaught RuntimeError: unreachable",
    ),
    (
        "{name: an unmocked gRPC call, config: {text: \"request_headers:\\n  grpc_call 'authz' 'a.Auth' 'Check' '' 'abc' 100 &number\\n\"}, \
         mocks: {authz: {grpc: {message: other}, reply: {}}}, steps: [{request: {}}]}",
        "the plugin called out to cluster `authz` by gRPC (`a.Auth/Check`, message `abc`), and no mock of it is for this call",
    ),
    (
        "{name: an unmocked gRPC message, config: {text: \"request_headers:\\n  grpc_stream 'authz' 'a.Auth' 'Watch' '' &number=call\\n  grpc_send $call 'abc' 0\\n\"}, \
         mocks: {authz: {grpc: {message: other}, reply: {}}}, steps: [{request: {}}]}",
        "the plugin sent the message `abc` to cluster `authz` on the gRPC stream `a.Auth/Watch`, and no mock of it is for this message",
    ),
    (
        "{name: an unmocked gRPC cluster, config: {text: \"request_headers:\\n  grpc_call 'nowhere' 'a.Auth' 'Check' '' 'abc' 100 &number\\n\"}, \
         steps: [{request: {}}]}",
        "the plugin called out to a cluster for which there is no mock (no cluster is mocked)",
    ),
    (
        "{name: a hang, config: {text: \"request_headers:\\n  return 1\\n\"}, steps: [{request: {}}]}",
        "the request hangs: the filter holds it, and nothing is under way that could resume it",
    ),
    (
        "{name: an early tick, config: {text: \"configure:\\n  set_tick_period_milliseconds 100\\ntick:\\n  log 2 'now'\\n\"}, \
         steps: [{advance: 99ms, expect: {log: [{message: {contains: now}}]}}]}",
        "expected such a log line, got none",
    ),
    (
        "{name: a refusal, config: {text: \"configure:\\n  return 0\\n\"}, steps: [{request: {}}]}",
        "Envoy refuses the filter",
    ),
];

/// As those, but what is right about it.
const SOUND: &str = "  - {name: a tick in time, config: {text: \"configure:\\n  set_tick_period_milliseconds 100\\ntick:\\n  log 2 'now'\\n\"}, \
     steps: [{advance: 99ms, expect: {log: [{message: {contains: now}, count: 0}]}}, {advance: 1ms, expect: {log: [{message: {contains: now}, count: 1}]}}, \
     {advance: 1m, expect: {log: [{message: {contains: now}, count: 600}]}}]}
  - {name: a metric, config: {text: \"configure:\\n  define_metric 0 'worlds.count' &number=m\\nrequest_headers:\\n  increment_metric $m 2\\n\"}, \
     steps: [{repeat: 3, request: {}, expect: {metrics: {worlds.count: 6}}}]}
  - {name: trailers, config: {text: \"\"}, upstream: {body: abc, trailers: {x-sum: \"9\"}}, \
     steps: [{request: {body: {chunks: [a, b]}, trailers: {x-t: \"1\"}}, expect: {upstream: {body: ab, trailers: {x-t: \"1\"}}, response: {body: abc, trailers: {x-sum: \"9\"}}}}]}
  - {name: a late upstream, config: {text: \"\"}, upstream: {delay: 15s}, steps: [{request: {}, expect: {response: {status: 504}}}]}
  - {name: a slow upstream, config: {text: \"\"}, upstream: {delay: 14999ms}, steps: [{request: {}, expect: {response: {status: 200}}}]}
  - {name: an upstream that refuses, config: {text: \"\"}, upstream: {fail: refused}, steps: [{request: {}, expect: {response: {status: 503}}}]}
  - {name: a refused configuration, config: {text: \"configure:\\n  log 2 'because'\\n  return 0\\n\"}, refused: {contains: because}}
  - {name: only in the simulator, requires: sim, steps: [{request: {}}]}
";

/// An Envoy that its plugin ends, by a target that Envoy cannot bear, in several moments of its life.
const DEADLY: &str = "version: 1
filter: program.wasm
vars: {call: \"  grpc_call 'users' 'a' 'b' '' '' 100 &number\"}
scenarios:
  - {name: dies in a request, config: {text: \"request_headers:\\n{{call}}\"}, steps: [{request: {}}]}
  - {name: dies at the start, config: {text: \"configure:\\n{{call}}\"}, steps: [{request: {}}]}
  - {name: dies in time, config: {text: \"configure:\\n  set_tick_period_milliseconds 10\\ntick:\\n{{call}}\"}, steps: [{advance: 10ms}]}
  - {name: dies at a reload, steps: [{reload: {text: \"configure:\\n{{call}}\"}}]}
  - {name: lives, steps: [{request: {}, expect: {response: {status: 200}}}]}
";

/// One that its plugin does not let go on.
const ENDLESS: &str = "version: 1
filter: spin.wasm
scenarios:
  - {name: is stuck, steps: [{request: {headers: {x-in: request_headers}}}]}
  - {name: goes on, steps: [{request: {}, expect: {response: {status: 200}}}]}
";

#[test]
fn an_envoy_that_dies_or_is_stuck_fails_its_case_and_no_other() {
    let folder = root().join("target/acceptance/ends-of-envoy");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["program", "spin"] {
        std::fs::copy(guest(name), folder.join(name).with_extension("wasm")).unwrap();
    }
    std::fs::write(folder.join("deadly.test.yaml"), DEADLY).unwrap();
    std::fs::write(folder.join("endless.test.yaml"), ENDLESS).unwrap();
    let files = ["--engine", "envoy", "deadly.test.yaml", "endless.test.yaml"];
    let Some(report) = play(&folder, &files) else { return };
    let found = problems(&report);
    for (case, line, problem) in [
        ("dies in a request", "5", "Envoy has ended (signal: 6 (SIGABRT)"),
        ("dies at the start", "6", "Envoy has ended (signal: 6 (SIGABRT)"),
        ("dies in time", "", "Envoy has ended (signal: 6 (SIGABRT)"),
        ("dies at a reload", "8", "Envoy has ended (signal: 6 (SIGABRT)"),
        ("is stuck", "4", "Envoy's worker is stuck: a callback has computed for 5 seconds"),
    ] {
        let of_case: Vec<_> = found.iter().filter(|told| told.starts_with(&format!("{case}: "))).collect();
        assert_eq!(of_case.len(), 1, "{case}: {found:#?}");
        assert!(of_case[0].contains(problem) && of_case[0].contains(line), "{case}: {}", of_case[0]);
    }
    let why = "[assert][critical] panic: unset oneof";
    assert!(
        found.iter().any(|told| told.starts_with("dies in a request: 5: ") && told.contains(why)),
        "{found:#?}"
    );
    assert_eq!(report["scenarios"]["passed"], 2, "{found:#?}");
}

#[test]
fn what_is_broken_is_found_on_envoy_and_what_is_sound_passes() {
    let folder = root().join("target/acceptance/worlds");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(guest("program"), folder.join("program.wasm")).unwrap();
    let broken: String = BROKEN.iter().map(|(case, _)| format!("  - {case}\n")).collect();
    let text = format!("version: 1\nfilter: program.wasm\nscenarios:\n{SOUND}{broken}");
    std::fs::write(folder.join("a.test.yaml"), text).unwrap();
    let Some(report) = play(&folder, &["--engine", "envoy", "a.test.yaml"]) else { return };
    let found = problems(&report);
    for (index, (case, problem)) in BROKEN.iter().enumerate() {
        let name = case.trim_start_matches("{name: ").split(',').next().unwrap();
        let line = 4 + SOUND.lines().count() + index;
        let of_case = |told: &&String| told.starts_with(&format!("{name}: "));
        assert!(
            found.iter().filter(of_case).any(|told| told.contains(problem)),
            "{name} (line {line}): {found:#?}"
        );
    }
    let sound = SOUND.lines().filter(|line| line.contains("- {name")).count() - 1;
    assert_eq!(report["scenarios"]["passed"], sound, "{found:#?}");
    assert_eq!(report["scenarios"]["not_portable"], 1);
}
