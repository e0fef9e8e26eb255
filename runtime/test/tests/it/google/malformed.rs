//! What is not as the format says is refused, with its place and what was expected.

use mesh_filter_test::google;
use std::path::Path;

fn refused(path: &str, text: &str) -> String {
    match google::parse(Path::new(path), text) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => {
            let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{error}{help}")
        }
    }
}

#[track_caller]
fn each_is_refused(path: &str, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let got = refused(path, text);
        let got = got.strip_prefix(&format!("{path}:")).unwrap_or(&got);
        assert_eq!(got, *expected, "{text}");
    }
}

#[test]
fn broken_text_format_is_refused_where_it_breaks() {
    each_is_refused(
        "x.textpb",
        &[
            ("", "1:1: no `test` stands here"),
            ("# nothing\n", "1:1: no `test` stands here"),
            (
                "test {",
                "1:7: expected the name of a field, or `}` for the `{` of line 1, got the end of the file",
            ),
            (
                "test {\n  name: 'a'\n",
                "3:1: expected the name of a field, or `}` for the `{` of line 1, got the end of the file",
            ),
            (
                "test <\n  name: 'a' }",
                "2:13: expected the name of a field, or `>` for the `<` of line 1, got `}`",
            ),
            ("}", "1:1: expected the name of a field, got `}`"),
            ("test { name 'a' }", "1:13: expected `:` or `{` after the field `name`, got a string"),
            ("test { name: }", "1:14: expected a value, got `}`"),
            (
                "test { name: 'a',, }",
                "1:18: expected the name of a field, or `}` for the `{` of line 1, got `,`",
            ),
            (
                "test { 1: 'a' }",
                "1:8: expected the name of a field, or `}` for the `{` of line 1, got `1` (fields are named here, not numbered)",
            ),
            (
                "test { [a.b/c] { } }",
                "1:8: expected the name of a field, or `}` for the `{` of line 1, got `[` (extensions and `Any` are not part of this format)",
            ),
            ("test [{}", "1:9: expected `,` or `]` for the `[` of line 1, got the end of the file"),
            ("test [[{}]]", "1:7: expected a value: lists do not nest, got `[`"),
            ("test { num_chunks: - }", "1:22: expected a number after `-`, got `}`"),
            (
                "test { name: \"a }\n",
                "1:14: expected `\"` before the end of the line, which ends this string (write a line break as \\n; strings one after the other are joined)",
            ),
            (
                "test { name: 'a",
                "1:14: expected `'` before the end of the line, which ends this string (write a line break as \\n; strings one after the other are joined)",
            ),
            (
                "test { name: 'a\\q' }",
                "1:16: unknown escape `\\q` (known here: \\n \\r \\t \\a \\b \\f \\v \\? \\\\ \\' \\\", octal \\101, \\x41, \\u0041, \\U00000041)",
            ),
            ("test { name: 'a\\", "1:16: expected an escape after `\\`, got the end of the line"),
            ("test { name: '\\400' }", "1:15: the octal escape `\\400` is above `\\377`"),
            ("test { name: '\\xg' }", "1:15: expected hexadecimal digits after `\\x`"),
            ("test { name: '\\u12' }", "1:15: expected 4 hexadecimal digits after `\\u`"),
            ("test { name: '\\U0001F60' }", "1:15: expected 8 hexadecimal digits after `\\U`"),
            ("test { name: '\\U00110000' }", "1:15: `110000` is no character of Unicode"),
            ("test { name: '\\ud83d!' }", "1:15: expected the second half of a pair after `\\ud83d`"),
            ("test { name: '\\udc00' }", "1:15: `dc00` is no character of Unicode"),
            ("test @ {}", "1:6: expected `:` or `{` after the field `test`, got `@`"),
        ],
    );
}

#[test]
fn what_the_schema_does_not_know_is_refused() {
    each_is_refused(
        "x.textpb",
        &[
            (
                "tests {}",
                "1:1: tests: unknown field `tests` (did you mean `test`? known here: `env`, `test`)",
            ),
            (
                "env { wasmpath: 'x' }",
                "1:7: env.wasmpath: unknown field `wasmpath` (did you mean `wasm_path`? known here: `test_path`, `wasm_path`, `config_path`, `log_level`, `log_path`, `time_secs`, `num_additional_streams`, `additional_stream_advance_rate`)",
            ),
            (
                "env {}\nenv {}\ntest {}",
                "2:1: env: `env` is set twice, first in line 1 (`env` is not repeated)",
            ),
            ("env [{}]\ntest {}", "1:5: env: expected one value, got a list (`env` is not repeated)"),
            (
                "test: 'x'",
                "1:7: test: expected a message, got the string `x` (known here: `name`, `benchmark`, `num_chunks`, `chunk_size`, `properties`, `plugin_init`, `stream_init`, `request_headers`, `request_body`, `response_headers`, `response_body`, `stream_destroy`)",
            ),
            ("test { name: {} }", "1:14: test.name: expected a string, got a message"),
            (
                "test { name: foo }",
                "1:14: test.name: expected a string in quotes, got `foo` (strings stand in quotes: \"..\" or '..')",
            ),
            (
                "test { name: 'a' name: 'b' }",
                "1:18: test.name: `name` is set twice, first in line 1 (`name` is not repeated)",
            ),
            (
                "test { name: '\\xff' }",
                "1:14: test.name: expected text in UTF-8, got a string with other bytes after 0 bytes",
            ),
            ("test { benchmark: yes }", "1:19: test.benchmark: expected `true` or `false`, got `yes`"),
            (
                "test { benchmark: 'true' }",
                "1:19: test.benchmark: expected `true` or `false`, got the string `true`",
            ),
            (
                "test { num_chunks: 2 chunk_size: 3 }",
                "1:22: test.chunk_size: `chunk_size` excludes `num_chunks`, which is set in line 1 (only one of `num_chunks`, `chunk_size` may be set)",
            ),
            (
                "test { num_chunks: 0 }",
                "1:20: test.num_chunks: expected an integer from 1 to 1000000, got `0`",
            ),
            (
                "test { chunk_size: 1.5 }",
                "1:20: test.chunk_size: expected an integer from 1 to 1000000, got `1.5`",
            ),
            (
                "test { chunk_size: '1' }",
                "1:20: test.chunk_size: expected an integer from 1 to 1000000, got the string `1`",
            ),
            (
                "test { num_chunks: 2\nrequest_body {} request_body {} }",
                "1:20: test.num_chunks: `num_chunks` cuts a single body, but there are 2 of `request_body` (leave out one of the two)",
            ),
            (
                "env { time_secs: -1 } test {}",
                "1:18: env.time_secs: expected an integer from 0 to 18446744072, got `-1`",
            ),
            (
                "env { log_level: INFOS } test {}",
                "1:18: env.log_level: unknown value `INFOS` (did you mean `INFO`? known here: `UNDEFINED` (0), `TRACE` (1), `DEBUG` (2), `INFO` (3), `WARN` (4), `ERROR` (5), `CRITICAL` (6))",
            ),
            (
                "env { log_level: 7 } test {}",
                "1:18: env.log_level: unknown value `7` (known here: `UNDEFINED` (0), `TRACE` (1), `DEBUG` (2), `INFO` (3), `WARN` (4), `ERROR` (5), `CRITICAL` (6))",
            ),
            (
                "env { log_level: 'INFO' } test {}",
                "1:18: env.log_level: expected one of `UNDEFINED` (0), `TRACE` (1), `DEBUG` (2), `INFO` (3), `WARN` (4), `ERROR` (5), `CRITICAL` (6), got the string `INFO`",
            ),
            (
                "env { wasm_path: '' } test {}",
                "1:18: env.wasm_path: expected the path of a file, got nothing",
            ),
            ("test { properties { value: 'x' } }", "1:19: test.properties: a property needs `path`"),
            (
                "test { request_headers { input { header { value: 'x' } } } }",
                "1:41: test.request_headers.input.header: a header needs `key`",
            ),
            (
                "test { request_headers { input { header { key: '' } } } }",
                "1:48: test.request_headers.input.header.key: a header has a name",
            ),
            (
                "test { request_headers { input { content: 'a' file: 'b' } } }",
                "1:47: test.request_headers.input.file: `file` excludes `content`, which is set in line 1 (only one of `content`, `file` may be set)",
            ),
            (
                "test { request_headers { input { content: 'GET' } } }",
                "1:43: test.request_headers.input.content: line 1 of this HTTP/1 text: expected `GET /path HTTP/1.1`, got `GET`",
            ),
            (
                "test { response_headers { input { content: 'HTTP/1.1 200 OK\\nx' } } }",
                "1:44: test.response_headers.input.content: line 2 of this HTTP/1 text: expected `name: value`, got `x`",
            ),
            (
                "test { request_body { input { file: 'missing' } } }",
                "1:37: test.request_body.input.file: cannot read `missing`: No such file or directory (os error 2)",
            ),
            (
                "test { request_headers {} request_headers {} }",
                "1:27: test.request_headers: `request_headers` is set twice, first in line 1 (`request_headers` is not repeated)",
            ),
            (
                "test { plugin_init { log { } } }",
                "1:26: test.plugin_init.log: a condition on text needs one of `exact`, `regex`, `file`",
            ),
            (
                "test { stream_init { log { exact: 'a' regex: 'b' } } }",
                "1:39: test.stream_init.log.regex: `regex` excludes `exact`, which is set in line 1 (only one of `exact`, `regex`, `file` may be set)",
            ),
            (
                "test { stream_destroy { log { regex: '(' } } }",
                "1:38: test.stream_destroy.log.regex: not a regular expression: unclosed group",
            ),
            (
                "test { stream_destroy { log { file: 'missing' } } }",
                "1:37: test.stream_destroy.log.file: cannot read `missing`: No such file or directory (os error 2)",
            ),
            (
                "test { request_headers { result { immediate { http_status: 4294967296 } } } }",
                "1:60: test.request_headers.result.immediate.http_status: expected an integer from -2147483648 to 2147483647, got `4294967296`",
            ),
            (
                "test { request_headers { result { has_heder {} } } }",
                "1:35: test.request_headers.result.has_heder: unknown field `has_heder` (did you mean `has_header`? known here: `has_header`, `no_header`, `headers`, `body`, `immediate`, `log`)",
            ),
        ],
    );
}

#[test]
fn broken_yaml_is_refused_in_the_same_way() {
    each_is_refused(
        "x.yaml",
        &[
            ("", "1:1: no `test` stands here"),
            ("env: {}\n", "1:1: no `test` stands here"),
            (
                "test:\n  - nme: a\n",
                "2:5: test[0].nme: unknown field `nme` (did you mean `name`? known here: `name`, `benchmark`, `num_chunks`, `chunk_size`, `properties`, `plugin_init`, `stream_init`, `request_headers`, `request_body`, `response_headers`, `response_body`, `stream_destroy`)",
            ),
            (
                "env: {log_level: LOUD}\ntest: [{}]\n",
                "1:18: env.log_level: unknown value `LOUD` (known here: `UNDEFINED` (0), `TRACE` (1), `DEBUG` (2), `INFO` (3), `WARN` (4), `ERROR` (5), `CRITICAL` (6))",
            ),
            (
                "test: [{num_chunks: many}]\n",
                "1:21: test[0].num_chunks: expected an integer from 1 to 1000000, got `many`",
            ),
            ("test: [{name: a, name: b}]\n", "1:18: test[0].name: duplicate key `name`"),
            (
                "test: [{name: [a]}]\n",
                "1:15: test[0].name: expected one value, got a list (`name` is not repeated)",
            ),
        ],
    );
}

#[test]
fn an_error_shows_the_line_and_a_caret() {
    let error = google::parse(Path::new("x.textpb"), "test {\n  nam: 'a'\n}\n").unwrap_err().render();
    let expected = "x.textpb:2:3: test.nam: unknown field `nam`\n  |\n2 |   nam: 'a'\n  |   ^\nhelp: did you mean `name`?";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn nesting_has_a_limit() {
    let deep = format!("test {}", "{ a ".repeat(5_000));
    assert!(
        refused("x.textpb", &deep).contains("nested more than 64 deep"),
        "{}",
        refused("x.textpb", &deep)
    );
}

/// A file that is cut off anywhere, or has another character anywhere, is read or refused.
#[test]
fn every_broken_file_gets_an_answer() {
    let text = "env { log_level: INFO }\ntest: < name: 'a\\x41\\u0041\\101' \"b\"; num_chunks: 0x2, # c\n \
                request_headers { input { header [{ key: 'k' value: '\\ud83d\\ude00' }] content: 'GET / HTTP/1.1\\n' } \
                result { has_header { key: 'k' } log { regex: 'a+' invert: true } immediate { grpc_status: -1 } } } >\n";
    assert_eq!(refused("x.textpb", text), "accepted");
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    for at in places {
        let (before, after) = text.split_at(at);
        refused("x.textpb", before);
        for other in ['{', '}', '<', '>', '[', ']', '"', '\'', '\\', ':', '-', '#', '\n', '0', '.', 'é'] {
            let rest: String = after.chars().skip(1).collect();
            let answer = refused("x.textpb", &format!("{before}{other}{rest}"));
            assert!(answer == "accepted" || answer.starts_with("x.textpb:"), "{answer}");
        }
    }
}
