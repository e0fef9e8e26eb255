//! What the text format may look like, and that the YAML form says the same.

use super::{parse, play};
use mesh_filter_test::google::{self, is_test_file};
use std::path::Path;

#[test]
fn the_text_format_is_read_in_all_its_spellings() {
    let plain = "test { name: \"a\" benchmark: true num_chunks: 2 }\ntest { name: \"b\" }\n";
    for text in [
        plain,
        "# proto-file: x\ntest: { name: 'a', benchmark: t; num_chunks: 0x2, } test: < name: 'b'; >",
        "test [{ name: \"\" 'a' benchmark: True num_chunks: 02 }, < name: '\\142' >]",
        "\u{feff}test{name:\"\\x61\"benchmark:1 num_chunks:2}test{name:'\\u0062'}",
        "test\n{ # one\n  name\n  :\n  '\\U00000061' # two\n  num_chunks: 2\n  benchmark: true\n}\r\ntest:[{name:\"b\"}]",
    ] {
        let suite = parse(text);
        let names: Vec<&str> = suite.cases().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"], "{text}");
        assert_eq!(suite.benchmarks().collect::<Vec<_>>(), ["a"], "{text}");
    }
}

/// All escapes at once, as the value of a header that the expectation writes in another way.
#[test]
fn escapes_stand_for_their_bytes() {
    for (one, other) in [
        (r"\a\b\f\n\r\t\v\\\'\x22\?", r"\x07\x08\x0c\x0a\x0d\x09\x0b\x5c\x27\042\077"),
        (r"\303\251\0", r"\u00e9\x0"),
        (r"\ud83d\ude00", r"\U0001F600"),
        ("' '", "\x20"),
        (r"\X4a\1011", "JA1"),
    ] {
        let text = format!(
            "test {{ request_headers {{ input {{ header {{ key: 'x' value: '{}' }} header {{ key: ':path' value: '/' }} }} \
             result {{ has_header {{ key: 'X' value: \"{other}\" }} }} }} }}",
            one.replace("' '", " ")
        );
        let report = play(&text);
        assert_eq!(report.failed(), 0, "{report}");
    }
}

#[test]
fn names_need_not_be_unique_or_there() {
    let suite = parse("test { name: 'a' }\ntest { name: 'a' }\ntest {}\n");
    assert_eq!(suite.cases().collect::<Vec<_>>(), [("a", 1), ("a", 2), ("test 3", 3)]);
}

#[test]
fn the_environment_names_files_beside_the_test_file() {
    let text = "env { wasm_path: 'p.wasm' config_path: '../c.json' log_path: '/dev/stdout' test_path: 'x'
      log_level: 2 time_secs: 5 num_additional_streams: 7 additional_stream_advance_rate: 2 } test {}";
    let suite = parse(text);
    assert_eq!(suite.module(), Some(Path::new("tests/p.wasm")));
    assert_eq!(suite.log_path(), Some(Path::new("/dev/stdout")));
    let error = suite.configuration().unwrap_err().to_string();
    assert!(
        error.starts_with("tests/x.textpb:1:40: env.config_path: cannot read `tests/../c.json`"),
        "{error}"
    );
    let notes: Vec<String> = suite.notes().iter().map(ToString::to_string).collect();
    let expected = "tests/x.textpb:1:87: env.test_path: `test_path` is the test file itself: what stands here has no effect";
    assert_eq!(notes, [expected]);
    assert_eq!(parse("test {}").configuration().unwrap(), b"");
}

#[test]
fn what_has_no_effect_is_noted() {
    let text = "test {
      plugin_init { body { exact: 'x' } log { exact: 'y' } }
      request_body { input { header { key: 'a' } content: 'b' } }
    }";
    let notes: Vec<String> = parse(text).notes().iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "tests/x.textpb:2:21: test.plugin_init.body: of `plugin_init` only `log` is looked at: `body` has no effect",
            "tests/x.textpb:3:30: test.request_body.input.header: a body has no headers: this has no effect in `request_body`",
        ]
    );
}

#[test]
fn test_files_are_told_from_scenario_files_by_what_they_say() {
    for (name, text, expected) in [
        ("a.textpb", "", true),
        ("a.txtpb", "version: 1", true),
        ("a.TEXTPROTO", "", true),
        ("a.yaml", "test:\n  - name: a\n", true),
        ("a.test.yaml", "env: {}\ntest: []\n", true),
        ("a.yaml", "version: 1\nscenarios: []\n", false),
        ("a.yaml", "version: 1\ntest: []\n", false),
        ("a.yaml", "test: [\n", false),
        ("a.yaml", "- test\n", false),
        ("a.json", "{\"test\": []}", true),
    ] {
        assert_eq!(is_test_file(Path::new(name), text), expected, "{name} {text}");
    }
}

#[test]
fn the_yaml_form_says_the_same() {
    let text = "
env: {log_level: DEBUG, time_secs: 3}
test:
  - name: no
    num_chunks: 2
    request_headers:
      input:
        header:
          - {key: ':path', value: /upper}
          - {key: x-number, value: 010}
      result:
        has_header: {key: x-number, value: '010'}
        no_header: [{key: x-none}]
        headers: [{regex: 'x-num.*: [0-9]+'}, {invert: true, exact: 'x: y'}]
    request_body:
      - input: {content: abc}
        result: {body: [{exact: ABC}]}
    response_headers: ~
  - {}
";
    let suite = google::parse(Path::new("x.yaml"), text).map_err(|error| error.render()).unwrap();
    let world = mesh_filter_test::World::native::<crate::probe::Probe>();
    let report = suite.run(google::Subject { world: &world, configuration: b"{}", options: "" });
    assert_eq!((report.passed(), report.failed()), (2, 0), "{report}");
    assert_eq!(suite.cases().collect::<Vec<_>>(), [("no", 4), ("test 2", 19)]);
}
