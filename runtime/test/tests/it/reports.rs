//! Reports for other tools hold whatever a name or a value may be.

use crate::probe::Probe;
use mesh_filter_test::report::{PackageReport, Report};
use mesh_filter_test::{World, scenario};
use std::path::Path;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn report() -> Report {
    let text = "version: 1
scenarios:
  - name: \"a <b> & \\\"c\\\" # d, 50%: \\x01\"
    steps: [{request: {headers: {x: \"1\"}}, expect: {upstream: {headers: {x: '<&\">'}}}}]
  - {name: second, steps: [{request: {}}]}
  - {name: third, requires: wasm, steps: [{request: {headers: {x-ask: never}}}]}
";
    let suite = scenario::parse(Path::new("tests/x.test.yaml"), text).unwrap();
    let mut report = suite.run(&World::native::<Probe>());
    report.packages.push(PackageReport { name: "my-filter".to_owned(), passed: false });
    report
}

#[test]
fn junit_is_well_formed_whatever_stands_in_names_and_values() {
    let xml = report().to_junit();
    let name = "name=\"a &lt;b&gt; &amp; &quot;c&quot; # d, 50%: \u{fffd}\"";
    assert!(xml.contains(name), "{xml}");
    assert!(xml.contains("<testsuites tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\">"), "{xml}");
    assert!(
        xml.contains("message=\"upstream header `x`: expected `&lt;&amp;&quot;&gt;`, got `1`\""),
        "{xml}"
    );
    assert!(xml.contains("<testsuite name=\"my-filter (cargo test)\" tests=\"1\" failures=\"1\""), "{xml}");
    // Every element is closed, and nothing but elements begins with `<`.
    let mut open = Vec::new();
    for tag in xml.split('<').skip(2).map(|rest| rest.split_once('>').map_or(rest, |(tag, _)| tag)) {
        match tag.strip_prefix('/') {
            Some(end) => assert_eq!(open.pop(), Some(end), "{xml}"),
            None if tag.ends_with('/') => {}
            None => open.extend(tag.split(' ').next()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn tap_escapes_what_would_be_a_directive() {
    let tap = report().to_tap();
    assert!(tap.starts_with("TAP version 14\n1..4\nnot ok 1 - native tests of my-filter\n"), "{tap}");
    assert!(
        tap.contains("\nnot ok 2 - tests/x.test.yaml: a <b> & \"c\" \\# d, 50%:   (native)\n  ---\n"),
        "{tap}"
    );
    assert!(tap.contains("\n  at: {file: \"tests/x.test.yaml\", line: 4, column: 77}\n"), "{tap}");
    let end = "\n  ...\nok 3 - tests/x.test.yaml: second (native)\n\
         ok 4 - tests/x.test.yaml: third (native) # SKIP not portable: `requires: wasm` needs the engine of `wasm`\n";
    assert!(tap.ends_with(end), "{tap}");
}

#[test]
fn annotations_stand_at_the_expectation() {
    let github = report().to_github();
    let lines: Vec<&str> = github.lines().collect();
    assert_eq!(lines[0], "::error title=my-filter failed::native tests failed: see what cargo says");
    let start = "::error file=tests/x.test.yaml,line=4,col=77,title=a <b> & \"c\" # d%2C 50%25%3A \u{1} failed (native)::upstream header `x`";
    assert!(lines[1].starts_with(start), "{github}");
    assert!(lines[1].contains("%0Arerun: MESH_FILTER_SCENARIO="), "{github}");
    let notice =
        "::notice file=tests/x.test.yaml,line=6,title=third is not portable (native)::`requires: wasm` needs";
    assert!(lines[2].starts_with(notice), "{github}");
    assert_eq!(lines.len(), 3, "{github}");
}

#[test]
fn what_a_world_lacks_is_neither_passed_nor_failed() {
    let report = report();
    assert_eq!((report.passed(), report.failed(), report.not_portable()), (1, 1, 1));
    let text = report.to_string();
    let line = "skip   third (tests/x.test.yaml:6, native): not portable: `requires: wasm` needs the engine of `wasm`\n";
    assert!(text.contains(line), "{text}");
    assert!(text.ends_with("\n1 passed, 1 failed, 1 not portable\n"), "{text}");
    let json = report.to_json();
    let case = &json["scenarios"]["cases"][2];
    assert_eq!(case["outcome"], "not_portable", "{json}");
    assert_eq!(case["reason"], "`requires: wasm` needs the engine of `wasm`", "{json}");
    assert_eq!(json["scenarios"]["not_portable"], 1, "{json}");
    let xml = report.to_junit();
    assert!(
        xml.contains("<skipped message=\"not portable: `requires: wasm` needs the engine of `wasm`\"/>"),
        "{xml}"
    );
}

/// Cases that fail in many ways, some at once.
const FAILING: &str = "version: 1
seed: 5
mocks: {who: {reply: {body: alice, delay: 20ms}}}
vars: {token: {jwt: {secret: a, claims: {exp: +5m}}}}
scenarios:
  - name: chunks
    chunking: {random: {runs: 5, max: 3}}
    steps: [{request: {path: /upper, body: abcdefgh}, expect: {upstream: {body: abc}}}]
  - name: \"values {{value}}\"
    each: [{value: a}, {value: b}, {value: c}]
    steps: [{request: {headers: {x: \"{{token}}\"}}, expect: {upstream: {headers: {x: \"{{value}}\"}}}}]
  - name: shares
    steps:
      - repeat: 100
        request: {path: \"/variant/30/{{i}}\"}
        expect: {distribution: {of: upstream.headers.x-variant, shares: {a: 1, b: 1}}, metrics: {probe.requests: 1}}
  - name: random bytes and callouts
    steps: [{request: {path: /random}}, {request: {path: /ask/who}, expect: {callouts: {who: 2}}}]
";

#[test]
fn a_hundred_runs_report_the_same_bytes_however_many_cases_play_at_once() {
    let suite = scenario::parse(Path::new("tests/x.test.yaml"), FAILING).unwrap();
    let world = World::native::<Probe>();
    let mut batch = scenario::Batch::default();
    batch.add(&suite, &world, |_| true);
    let mut first = None;
    for run in 0..100 {
        let jobs = std::num::NonZeroUsize::new(1 + run % 4).unwrap();
        let report = batch.play(scenario::Options { jobs, ..Default::default() }, &|_, _| {});
        assert_eq!((report.passed(), report.failed()), (0, 6), "{report}");
        let bytes = report.to_json().to_string();
        assert_eq!(first.get_or_insert_with(|| bytes.clone()), &bytes, "run {run}");
    }
}
