//! Expectations that do not hold are reported so that one sees why.

use crate::probe::Probe;
use mesh_filter_test::report::{Problem, Report};
use mesh_filter_test::{World, scenario};
use std::path::Path;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn report(top: &str, steps: &str) -> Report {
    let text = format!("version: 1\n{top}\nscenarios:\n  - name: a case\n    steps:\n{steps}");
    scenario::parse(Path::new("tests/x.test.yaml"), &text).unwrap().run(&World::native::<Probe>())
}

/// The problems of the only case, each with its place.
fn problems(top: &str, step: &str) -> Vec<String> {
    report(top, &format!("      - {step}\n")).problems().map(Problem::brief).collect()
}

#[test]
fn a_failure_shows_the_line_what_was_seen_and_how_to_run_it_again() {
    let steps = "      - request: {path: /deny}\n        expect: {response: {status: 200}}\n";
    let expected = "\
FAILED a case (tests/x.test.yaml:4, native)

tests/x.test.yaml: a case failed (native)
  tests/x.test.yaml:7:37: response status: expected `200`, got `403`
  7 |         expect: {response: {status: 200}}
    |                                     ^
  upstream: not called
  client got: 403  content-type: application/json  content-length: 50  body `{\"error\": \"denied\", \"code\": 7, \"tags\": [\"a\", \"b\"]}`
  timeline:
    +0ms      on_context_create
    +0ms      on_request_headers (4 headers, end of stream)
    +0ms        increment_metric(4, 1)
    +0ms        increment_metric(5, 2)
    +0ms        get_header_map_pairs(RequestHeaders) -> 4 pairs
    +0ms        send_local_response(403, \"mesh_filter_reply\", \"{\"error\": \"denied\", \"code\": 7, \"tags\": [\"a\", \"b\"]}\", 1 pair, -1)
    +0ms        -> pause
    +0ms      on_response_headers (3 headers)
    +0ms        -> continue
    +0ms      on_response_body (50 bytes, end of stream)
    +0ms        -> continue
    +0ms      on_log
    +0ms      on_done
    +0ms      on_delete
  rerun: MESH_FILTER_SCENARIO='a case' cargo test scenarios

0 passed, 1 failed
";
    assert_eq!(report("", steps).to_string(), expected);
}

#[test]
fn each_expectation_that_does_not_hold_is_named_with_its_place() {
    let mocks = "mocks: {who: {reply: {body: alice}}}";
    let cases: [(&str, &[&str]); 33] = [
        ("{request: {}, expect: {upstream: not_called}}", &["6:42: expected no upstream request, got GET /"]),
        (
            "{request: {path: /deny}, expect: {upstream: {path: /}}}",
            &["6:53: expected an upstream request, but the upstream was not called"],
        ),
        (
            "{request: {headers: {a: [b, c]}}, expect: {upstream: {headers: {a: b}}}}",
            &[
                "6:76: upstream header `a`: expected one value, got 2: `b`, `c` (write a list to expect several)",
            ],
        ),
        (
            "{request: {headers: {a: b}}, expect: {upstream: {headers: {a: [b, c], x: present}}}}",
            &[
                "upstream header `a`: expected 2 values, got 1: `b`",
                "upstream header `x`: expected any value, but it is absent",
            ],
        ),
        (
            "{request: {headers: {a: [b, c]}}, expect: {upstream: {headers: {a: {count: 3}}}}}",
            &["6:76: upstream header `a`: number of values: expected `3`, got `2`: `b`, `c`"],
        ),
        (
            "{request: {headers: {a: [b, c]}}, expect: {upstream: {headers: {a: {count: 2, not: c}}}}}",
            &["upstream header `a`: expected not `c`, got `c`"],
        ),
        (
            "{request: {headers: {a: b}}, expect: {upstream: {headers: {a: absent}}}}",
            &["upstream header `a`: expected none, got `b`"],
        ),
        (
            "{request: {body: abc}, expect: {upstream: {body: {contains: x}}}}",
            &["upstream body: expected something that contains `x`, got `abc`"],
        ),
        (
            "{request: {path: /deny}, expect: {response: {body: {json: {error: {starts: x}, code: 8}}}}}",
            &["response body: $.error: expected something that starts with `x`, got `denied`"],
        ),
        (
            "{request: {path: /deny}, expect: {response: {body: {json: {code: 8}}}}}",
            &["6:74: response body: $.code: expected `8`, got `7`"],
        ),
        (
            "{request: {path: /deny}, expect: {response: {body: {json: {tags: [a], more: {}}}}}}",
            &["response body: $.tags: expected an array of 1, got `[\"a\",\"b\"]`"],
        ),
        (
            "{request: {}, expect: {response: {body: {json: {}}}}}",
            &["response body: expected JSON, got nothing"],
        ),
        (
            "{request: {}, expect: {response: {trailers: {a: b}}}}",
            &["response trailer `a`: expected `b`, but it is absent"],
        ),
        ("{request: {}, expect: {response: reset}}", &["6:42: expected a reset, got status 200"]),
        (
            "{request: {}, expect: {metrics: {probe.requests: 2}}}",
            &["6:58: metric `probe.requests`: expected `2`, got `1`"],
        ),
        (
            "{request: {}, expect: {metrics: {probe.nothing: 1}}}",
            &[
                "metric `probe.nothing`: expected `1`, got `0` (not defined; defined: mesh_filter.errors, probe.level, probe.requests)",
            ],
        ),
        (
            "{request: {}, expect: {log: [{level: warn}, {message: x, count: 2}]}}",
            &["6:38: expected such a log line, got none", "expected 2 such log lines, got 0"],
        ),
        (
            "{request: {}, expect: {shared_data: {a: b, c: absent}}}",
            &["shared value `a`: expected `b`, got nothing"],
        ),
        ("{request: {}, expect: {callouts: {who: 1}}}", &["6:48: callouts to `who`: expected `1`, got `0`"]),
        (
            "{request: {path: /ask/who}, expect: {callouts: {who: [{path: /x}]}}}",
            &["6:70: callout to `who` path: expected `/x`, got `/who`"],
        ),
        (
            "{request: {path: /ask/who}, expect: {callouts: {who: []}}}",
            &["callouts to `who`: expected 0, got 1"],
        ),
        (
            "{request: {}, repeat: 2, expect: {count: {status: {200: 1, 503: 1}}}}",
            &["statuses: expected {200: 1, 503: 1}, got {200: 2}"],
        ),
        ("{request: {}, expect: {trap: present}}", &["6:38: expected a trap, got none"]),
        (
            "{request: {path: /panic}}",
            &["in `proxy_on_request_headers` the plugin trapped: panicked at runtime/test/tests/it/probe.rs"],
        ),
        (
            "{request: {path: /panic}, expect: {trap: {message: {contains: nothing}}}}",
            &["trap: expected something that contains `nothing`, got `panicked at"],
        ),
        (
            "{request: {path: /error}}",
            &["a line at level error that the step does not expect: something is wrong with /error"],
        ),
        (
            "{request: {path: /ask/whom}}",
            &["the plugin called out to cluster `whom`, for which there is no mock (mocked: `who`)"],
        ),
        (
            "{request: {path: /hang}}",
            &[
                "6:9: the request hangs: the filter holds the request headers, and nothing is under way that could resume it",
            ],
        ),
        (
            "{request: {path: /set/note/a}, expect: {set_properties: {note: b, other: c}}}",
            &["6:72: property `note`: expected `b`, got `a`", "property `other`: expected `c`, got nothing"],
        ),
        (
            "{request: {path: /set/note/a}, expect: {set_properties: {note: {int: 1}}}}",
            &["6:72: property `note`: expected"],
        ),
        (
            "{parallel: {count: 3, request: {path: \"/{{i}}\"}, expect: {upstream: {path: {one_of: [/0, /2]}}}}}",
            &[
                "in exchange 1 of 3 (`i` counts from 0)",
                "6:84: upstream path: expected `/0` or `/2`, got `/1`",
            ],
        ),
        (
            "{parallel: {count: 3, request: {path: /ask/who}}, expect: {callouts: {who: 1}}}",
            &["6:84: callouts to `who`: expected `1`, got `3`"],
        ),
        (
            "{advance: 1s, expect: {metrics: {probe.requests: 1}}}",
            &["metric `probe.requests`: expected `1`, got `0`"],
        ),
    ];
    for (step, expected) in cases {
        let problems = problems(mocks, step);
        assert_eq!(problems.len(), expected.len(), "{step}\n{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{step}\n  expected: {expected}\n  got:      {problem}");
        }
    }
}

#[test]
fn a_callout_for_which_no_rule_is_fails_the_case() {
    let mocks = "mocks: {who: {when: {path: /else}, reply: {}}}";
    let problems = problems(mocks, "{request: {path: /ask/who}}");
    let expected =
        "the plugin called out to cluster `who` (POST /who), and no mock of it is for this request";
    assert_eq!(problems, [expected]);
}

#[test]
fn a_request_that_only_a_timer_could_resume_says_so() {
    let top = "config: {tick_ms: 1000}\nmocks: {flags: {reply: {}}}";
    let problems = problems(top, "{request: {path: /hang}}");
    assert!(problems[0].contains("a timer of the filter is set, but only advancing"), "{problems:?}");
}

#[test]
fn a_filter_that_keeps_itself_busy_is_stopped() {
    let top = "config: {tick_ms: 1}\nmocks: {flags: {reply: {}}}";
    let problems = problems(top, "{advance: 9999h}");
    let expected = "more than 500000 callouts and timers ended in one passage of time";
    assert!(problems.iter().any(|problem| problem.contains(expected)), "{problems:?}");
}

#[test]
fn a_repetition_that_fails_is_named_and_ends_the_case() {
    let problems = problems(
        "",
        "{request: {path: \"/{{i}}\"}, repeat: 9, expect: {upstream: {path: {one_of: [/0, /1]}}}}",
    );
    assert_eq!(problems[0], "in repetition 2 (`i` counts from 0)");
    assert_eq!(problems[1], "6:74: upstream path: expected `/0` or `/1`, got `/2`");
    assert_eq!(problems.len(), 2);
}

#[test]
fn the_run_of_a_split_body_that_fails_is_named() {
    let steps = "      - request: {path: /first, body: abcd}\n        expect: {upstream: {body: Abcd}}\n";
    let report = report("chunking: every_split", steps);
    let failure = report.cases[0].failure.as_ref().unwrap();
    assert_eq!(failure.seen[0], "in the run with chunks of one byte");
    assert!(failure.problems[0].text.contains("upstream body: expected `Abcd`"));
}

#[test]
fn a_filter_that_does_not_start_fails_the_case_with_its_log() {
    let problems = problems("config: {greetings: x}", "{request: {}}");
    assert!(problems[0].contains("plugin `filter` refused its configuration"), "{problems:?}");
    assert!(problems[1].contains("unknown field `greetings`"), "{problems:?}");
}

#[test]
fn a_filter_that_starts_though_it_should_refuse_fails_the_case() {
    let text = "version: 1\nscenarios: [{name: a, refused: present}]";
    let suite = scenario::parse(Path::new("x.test.yaml"), text).unwrap();
    let report = suite.run(&World::native::<Probe>());
    assert!(
        report.to_string().contains("expected that the filter refuses its configuration, but it started")
    );
}

#[test]
fn two_runs_report_the_same_bytes() {
    let steps = "      - request: {path: /deny}\n        expect: {response: {status: 200}}\n";
    let (first, second) = (report("", steps), report("", steps));
    assert_eq!(first.to_string(), second.to_string());
    assert_eq!(first.to_json(), second.to_json());
    assert_eq!(first.to_json()["scenarios"]["cases"][0]["failure"]["problems"][0]["line"], 7);
}

#[test]
fn a_fault_that_nothing_meets_fails_the_case() {
    let steps =
        "      - fault: {hostcall: proxy_get_shared_data, nth: 2, return: NotFound}\n      - request: {}\n";
    let text = report("", steps).to_string();
    let problem = "tests/x.test.yaml:6:16: the fault was never met: `proxy_get_shared_data` was called 0 times since, \
                   and this is for call 2\n";
    assert!(text.contains(problem), "{text}");
}

#[test]
fn a_callback_that_was_never_called_cannot_trap() {
    let steps = "      - fault: {trap_at: {callback: on_response_body, nth: 2}}\n      - request: {}\n";
    let text = report("", steps).to_string();
    let problem =
        "the fault was never met: `on_response_body` was called 0 times since, and this is for call 2\n";
    assert!(text.contains(problem), "{text}");
}

#[test]
fn a_trap_that_a_test_orders_is_a_trap_like_any_other() {
    let steps = "      - fault: {trap_at: {callback: on_request_headers}}\n      - request: {}\n";
    let text = report("", steps).to_string();
    for line in [
        "  in `proxy_on_request_headers` the plugin trapped: the test lets this callback trap\n",
        "+0ms      on_request_headers (4 headers, end of stream)\n    +0ms        -> the plugin trapped: the test lets",
        "client got: 503",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn the_timeline_shows_what_the_test_answered() {
    let steps = "      - fault: {hostcall: proxy_replace_header_map_value, return: BadArgument}\n      \
                 - {request: {}, expect: {response: {headers: {x-greeting: hello}}}}\n";
    let text = report("config: {greeting: hello}", steps).to_string();
    for line in [
        "+0ms        the test answers `proxy_replace_header_map_value`: BadArgument (2)\n",
        "+0ms        replace_header_map_value(ResponseHeaders, \"x-greeting\", \"hello\") -> BadArgument\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}
