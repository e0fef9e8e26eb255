//! Test files as scenario files: what comes out plays, and passes where the original does.

use super::{parse, play};
use crate::probe::Probe;
use mesh_filter_test::report::Report;
use mesh_filter_test::{World, scenario};
use std::path::Path;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn imported(text: &str) -> (String, Report) {
    let out = parse(text).to_scenarios(None, None);
    let with_config = format!("{out}config: {{greeting: hi}}\n");
    let suite = scenario::parse(Path::new("tests/y.test.yaml"), &with_config);
    let suite = suite.map_err(|error| format!("{}\n{out}", error.render())).unwrap();
    (out, suite.run(&World::native::<Probe>()))
}

const TESTS: &str = r#"
env { time_secs: 1700000000 log_level: TRACE }
test {
  name: "the body is in upper case"
  chunk_size: 2
  request_headers {
    input { content: "POST /upper HTTP/1.1\nHost: h\nX-A: 1\nx-a: 2\n" }
    result { has_header { key: ":path" value: "/upper" } has_header { key: "X-A" value: "1, 2" }
             no_header { key: "x-b" } headers { regex: ":authority: [a-z]+" } headers { regex: "X.*|y" } }
  }
  request_body { input { content: "abcde" } result { body { exact: "ABCDE" } body { invert: true regex: "abc" } } }
  response_headers { input { header { key: ":status" value: "201" } header { key: "x-c" value: "\"" } }
    result { has_header { key: ":status" value: "201" } has_header { key: "x-greeting" value: "hi" } headers { exact: "x-c: \"" } } }
  response_body { input { content: "{{\377" } result { body { exact: "{{\377" } } }
}
test {
  name: "the body is in upper case"
  plugin_init { log { exact: "started" invert: true } }
  request_headers {
    input { header { key: ":path" value: "/deny" } }
    result {
      immediate { http_status: 403 details: "mesh_filter_reply" }
      has_header { key: "content-type" value: "application/json" }
      no_header { key: "content-length" }
      body { regex: ".*denied.*" }
      log { regex: "never" invert: true }
    }
  }
}
test {
  name: "{{time}}"
  properties { path: "a.b" value: "c" }
  request_headers {
    input { header { key: ":path" value: "/time" } }
    result { has_header { key: "x-time" value: "1700000000000" } }
  }
}
"#;

#[test]
fn what_is_imported_plays_and_says_what_it_leaves_out() {
    let original = play(TESTS);
    assert_eq!((original.passed(), original.failed()), (3, 0), "{original}");
    let (text, report) = imported(TESTS);
    let expected = r#"version: 1
# filter: the module; the tests name none
clock: 2023-11-14T22:13:20Z
# not converted: env.log_level: scenarios see lines of all levels

scenarios:
  - name: "the body is in upper case"
    # not converted: line 9: request_headers: scenarios compare headers by name, which this condition does not tell alone
    chunking: {size: 2}
    upstream: {status: 201, headers: {x-c: "\""}, body: {hex: "7b7bff"}}
    steps:
      - request: {method: POST, path: /upper, authority: h, headers: {X-A: "1, 2"}, body: abcde}
        expect:
          upstream: {path: /upper, authority: {regex: "\\A(?:[a-z]+)\\z"}, headers: {x-a: "1, 2", x-b: absent}, body: {all: [ABCDE, {not: {regex: "\\A(?:abc)\\z"}}]}}
          response: {status: 201, headers: {x-greeting: hi, x-c: "\""}, body: {hex: "7b7bff"}}
  - name: "the body is in upper case (2)"
    # not converted: line 18: plugin_init: scenarios look at the log of exchanges
    # not converted: line 22: request_headers: clients do not see the details of a response
    # not converted: line 24: request_headers: a proxy adds `content-length` to responses of its own
    # not converted: line 26: log: scenarios look at the log of the whole exchange, where such a line may be
    steps:
      - request: {path: /deny, body: ""}
        expect:
          upstream: not_called
          response: {status: 403, headers: {content-type: application/json}, body: {regex: "\\A(?:.*denied.*)\\z"}}
  - name: "{{\"{{\"}}time}}"
    properties: {a.b: c}
    upstream: {body: ""}
    steps:
      - request: {path: /time, body: ""}
        expect:
          upstream: {headers: {x-time: 1700000000000}}
          response: present
"#;
    let (_, from_version) = text.split_at(text.find("version").unwrap());
    assert_eq!(from_version, expected, "{text}");
    assert_eq!((report.passed(), report.failed()), (3, 0), "{report}");
}

#[test]
fn every_kind_of_phase_and_log_is_imported() {
    let text = "
      test { name: 'error' request_headers { input { header { key: ':path' value: '/error' } }
        result { log { regex: '.*wrong.*' } log { exact: 'something is wrong with /error' } } } }
      test { name: 'both sides' request_headers {} response_headers { input { content: 'HTTP/1.1 404 Not Found\\n' }
        result { has_header { key: 'x-greeting' value: 'hi' } } } }
      test { name: 'two bodies' request_headers { input { header { key: ':path' value: '/upper' } } }
        request_body { input { content: 'a' } result { body { exact: 'A' } } }
        request_body { input { content: 'b' } result { body { exact: 'B' } } } }
      test { name: 'three chunks' num_chunks: 3 request_headers { input { header { key: ':path' value: '/upper' } } }
        request_body { input { content: 'ab' } result { body { exact: 'AB' } } } }
      test { name: 'nothing' }";
    // The one line of the first test cannot serve two entries of a scenario.
    let original = play(text);
    assert_eq!((original.passed(), original.failed()), (5, 0), "{original}");
    let (out, report) = imported(text);
    assert!(out.contains("body: {chunks: [a, b]}") && out.contains("body: {chunks: [a, b, \"\"]}"), "{out}");
    assert!(out.contains("scenarios compare bodies as a whole"), "{out}");
    assert_eq!((report.passed(), report.failed()), (4, 1), "{report}\n{out}");
}

#[test]
fn files_are_named_as_seen_from_the_test_file() {
    let suite = parse("env { wasm_path: '../p.wasm' config_path: 'c.json' } test {}");
    let text = suite.to_scenarios(None, None);
    assert!(text.contains("\nfilter: \"../p.wasm\"\nconfig: {file: c.json}\n"), "{text}");
    let text = suite.to_scenarios(Some(Path::new("q.wasm")), Some(Path::new("/d.json")));
    assert!(text.contains("\nfilter: q.wasm\nconfig: {file: /d.json}\n"), "{text}");
}
