//! How tests are played: phase by phase, in a plugin of their own, and what fails.

use super::{play, problems};

const PATH: &str = "header { key: ':path' value: '/' }";

#[test]
fn headers_and_bodies_pass_or_fail_by_what_the_plugin_makes_of_them() {
    let text = "test {
      name: 'all phases'
      num_chunks: 3
      request_headers { input { content: 'GET /upper HTTP/1.1\\r\\nHost: h\\r\\nX-A: 1\\r\\nx-a: 2\\r\\n\\r\\n' }
        result { has_header { key: ':authority' value: 'h' } has_header { key: 'x-a' value: '1, 2' }
                 no_header { key: 'host' } headers { regex: 'X-A: [[:digit:]], .' } } }
      request_body { input { content: 'abcd' } result { body { exact: 'ABCD' } } }
      response_headers { input { content: 'HTTP/1.1 200 OK\\n' } result { has_header { key: 'X-Greeting' value: 'hi' } } }
      response_body { input { content: 'abcd' } result { body { regex: 'a.*' } body { invert: true exact: 'abc' } } }
    }";
    let report = play(text);
    assert_eq!((report.passed(), report.failed()), (1, 0), "{report}");
}

#[test]
fn each_expectation_that_does_not_hold_is_named_with_its_place() {
    let text = "test {
      request_headers {
        input { header { key: ':path' value: '/upper' } header { key: 'x-a' value: '1' } }
        result {
          has_header { key: 'x-a' value: '2' }
          has_header { key: 'x-b' value: '2' }
          no_header { key: 'X-A' }
          headers { exact: 'x-a' }
          headers { regex: 'x-b.*' }
          headers { invert: true regex: 'x-.*' }
          log { exact: 'never' }
          immediate { http_status: 403 }
        }
      }
      request_body {
        input { content: 'a' }
        result { body { exact: 'a' } body { regex: '[a-z]' } body { invert: true regex: '[[:upper:]]' } }
      }
    }";
    assert_eq!(
        problems(text),
        [
            "5:42: request_headers header `x-a`: expected `2`, got `1`",
            "6:42: request_headers header `x-b`: expected `2`, got no such header",
            "7:28: request_headers header `X-A`: expected none, got `1`",
            "8:28: request_headers headers: expected a line `x-a`, got 2 others\n    `:path: /upper`\n    `x-a: 1`",
            "9:28: request_headers headers: expected a line that `x-b.*` matches as a whole, got 2 others\n    `:path: /upper`\n    `x-a: 1`",
            "10:41: request_headers headers: expected no line that `x-.*` matches as a whole, got `x-a: 1`",
            "12:21: request_headers: expected an immediate response, but the plugin sent none (it answered continue)",
            "11:24: request_headers log: expected a line `never`, got none",
            "17:32: request_body body: expected `a`, got `A`",
            "17:52: request_body body: expected something that `[a-z]` matches as a whole, got `A`",
            "17:89: request_body body: expected nothing that `[[:upper:]]` matches as a whole, got `A`",
        ]
    );
}

#[test]
fn an_immediate_response_stands_in_place_of_the_message() {
    let phase = "input { header { key: ':path' value: '/deny' } }";
    let body = r#"{"error": "denied", "code": 7, "tags": ["a", "b"]}"#;
    let good = format!(
        "test {{ request_headers {{ {phase} result {{
           immediate {{ http_status: 403 grpc_status: -1 details: 'mesh_filter_reply' }}
           has_header {{ key: 'Content-Type' value: 'application/json' }} no_header {{ key: ':path' }}
           body {{ exact: '{body}' }} }} }} }}"
    );
    let report = play(&good);
    assert_eq!(report.failed(), 0, "{report}");

    let bad = format!(
        "test {{ request_headers {{ {phase} result {{
           immediate {{ http_status: 401 grpc_status: 7 details: 'because' }} }} }} }}"
    );
    assert_eq!(
        problems(&bad),
        [
            "2:37: request_headers immediate http_status: expected 401, got 403",
            "2:54: request_headers immediate grpc_status: expected 7, got -1",
            "2:65: request_headers immediate details: expected `because`, got `mesh_filter_reply`",
        ]
    );
    let unexpected = problems(&format!("test {{ request_headers {{ {phase} }} }}"));
    let expected =
        "1:24: request_headers: the plugin sent an immediate response (403), and no `immediate` expects it";
    assert_eq!(unexpected, [expected]);
}

#[test]
fn a_pause_without_an_immediate_response_fails() {
    let text = "test { request_headers { input { header { key: ':path' value: '/hang' } } } }";
    let expected = "1:24: request_headers: the plugin paused without an immediate response, and this tester has nothing that resumes it";
    assert_eq!(problems(text), [expected]);
}

#[test]
fn a_trap_fails_its_phase_and_shows_the_log() {
    let text = "test {\n  request_headers { input { header { key: ':path' value: '/panic' } } }\n}";
    let report = play(text).to_string();
    assert!(
        report.contains(
            "x.textpb:2:19: request_headers: in `proxy_on_request_headers` the plugin trapped: panicked at "
        ),
        "{report}"
    );
    assert!(report.contains(": on request"), "{report}");
    assert!(
        report.contains("  rerun: cargo mesh-filter test tests/x.textpb --filter 'test 1' --plugin p.wasm\n"),
        "{report}"
    );
}

#[test]
fn logs_belong_to_their_phase_and_have_a_least_level() {
    let phase = |expected: &str| {
        format!(
            "request_headers {{ input {{ header {{ key: ':path' value: '/error' }} }} result {{ {expected} }} }}"
        )
    };
    let found = "log { exact: 'something is wrong with /error' }";
    let none = "log { invert: true regex: '.*wrong.*' }";
    for (env, expected, other, failed) in [
        ("", found, none, 0),
        ("log_level: ERROR", found, none, 0),
        ("log_level: CRITICAL", none, none, 0),
        ("log_level: CRITICAL", found, none, 1),
        ("", none, none, 1),
        ("", found, found, 1),
    ] {
        let text = format!("env {{ {env} }} test {{ {} stream_destroy {{ {other} }} }}", phase(expected));
        let report = play(&text);
        assert_eq!(report.failed(), failed, "{text}\n{report}");
    }
}

#[test]
fn the_clock_stands_where_the_environment_says() {
    for (env, now) in
        [("", "1"), ("env { time_secs: 0 }", "1"), ("env { time_secs: 1700000000 }", "1700000000000")]
    {
        let text = format!(
            "{env} test {{ request_headers {{ input {{ header {{ key: ':path' value: '/time' }} }}
             result {{ has_header {{ key: 'x-time' value: '{now}' }} }} }} }}"
        );
        assert_eq!(problems(&text), Vec::<String>::new(), "{env}");
    }
}

#[test]
fn a_test_may_begin_at_the_response_and_each_has_a_plugin_of_its_own() {
    let text = format!(
        "test {{ name: 'a' response_headers {{ input {{ header {{ key: ':status' value: '200' }} }} }} }}
         test {{ name: 'a' request_headers {{ input {{ {PATH} }} }} }}"
    );
    let report = play(&text);
    assert_eq!((report.passed(), report.failed()), (2, 0), "{report}");
}

#[test]
fn a_plugin_that_does_not_start_fails_the_test() {
    let suite = super::parse("test {\n name: 'a' }");
    let world = mesh_filter_test::World::native::<crate::probe::Probe>();
    for (configuration, expected) in [
        (
            &b"{\"greeting\": 1}"[..],
            "plugin_init: the plugin refused to start (`proxy_on_configure` returned false)",
        ),
        (
            b"{\"greeting\": \"panic\"}",
            "plugin_init: in `proxy_on_configure` the plugin trapped: panicked at ",
        ),
    ] {
        let subject = mesh_filter_test::google::Subject { world: &world, configuration, options: "" };
        let report = suite.run(subject).to_string();
        assert!(report.contains(expected), "{report}");
    }
}

#[test]
fn a_test_is_repeated_in_one_plugin_beside_other_streams() {
    let suite = super::parse(&format!(
        "env {{ num_additional_streams: 4 additional_stream_advance_rate: 2 }}
         test {{ benchmark: true request_headers {{ input {{ {PATH} }} }} request_body {{}} }}"
    ));
    let world = mesh_filter_test::World::native::<crate::probe::Probe>();
    let subject = mesh_filter_test::google::Subject { world: &world, configuration: b"", options: "" };
    let mut repeat = suite.repeat(0, subject).unwrap().unwrap();
    for _ in 0..20 {
        repeat.once().unwrap();
    }
    assert!(suite.repeat(1, subject).is_none());
}
