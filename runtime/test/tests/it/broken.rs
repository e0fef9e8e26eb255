//! Scenario files that are broken are refused with the place and the way out.

use mesh_filter_test::scenario;
use std::path::Path;

/// What is put where `STEP` and `TOP` stand in a file that is right otherwise.
fn refusal(top: &str, step: &str) -> String {
    let text = format!("version: 1\n{top}\nscenarios:\n  - name: a\n    steps:\n      - {step}\n");
    refusal_of(&text)
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn refusal_of(text: &str) -> String {
    let error = scenario::parse(Path::new("tests/x.test.yaml"), text).unwrap_err();
    let help = error.help().map(|help| format!(" | {help}")).unwrap_or_default();
    format!("{error}{help}").trim_start_matches("tests/x.test.yaml:").to_owned()
}

#[test]
fn a_wrong_step_is_refused_where_it_is_wrong() {
    let known_in_expect = "known here: `upstream`, `response`, `count`, `set_properties`, `distribution`";
    let cases = [
        (
            "{}",
            "6:9: scenarios[0].steps[0]: a step needs one of `request`, `parallel`, `reload`, `restart`, `advance`, `mock`, `fault`",
        ),
        ("request", "6:9: scenarios[0].steps[0]: expected a mapping, got `request`"),
        (
            "{requst: {}}",
            "6:10: scenarios[0].steps[0].requst: unknown field `requst` | did you mean `request`?",
        ),
        (
            "{request: {}, expects: {}}",
            "scenarios[0].steps[0].expects: unknown field `expects` | did you mean `expect`?",
        ),
        (
            "{request: {pth: /}}",
            "6:20: scenarios[0].steps[0].request.pth: unknown field `pth` | did you mean `path`?",
        ),
        ("{request: {path: [/]}}", "request.path: expected a string, got a list"),
        ("{request: {headers: {':path': /}}}", "pseudo headers are not written here"),
        ("{request: {headers: {'a b': 1}}}", "`a b` is not a header name"),
        ("{request: {headers: {a: {b: c}}}}", "request.headers.a: expected a string, got a mapping"),
        ("{request: {body: {file: nowhere.txt}}}", "request.body.file: cannot read `tests/nowhere.txt`"),
        ("{request: {body: {base64: a}}}", "expected base64 (standard alphabet), got `a`"),
        (
            "{request: {body: {text: a, json: b}}}",
            "only one of `text`, `json`, `file`, `base64`, `hex`, `chunks`, `jwks` may be set",
        ),
        ("{request: {body: {}}}", "missing one of `text`, `json`, `file`, `base64`, `hex`, `chunks`, `jwks`"),
        (
            "{request: {properties: {a..b: 1}}}",
            "6:33: scenarios[0].steps[0].request.properties[\"a..b\"]: `a..b` is not the path of a property | names with dots",
        ),
        (
            "{request: {properties: {a: {uint: -1}}}}",
            "a.uint: expected an integer from 0 to 18446744073709551615",
        ),
        (
            "{request: {properties: {a: {int: 1, bool: true}}}}",
            "only one of `text`, `json`, `file`, `base64`, `hex`, `int`",
        ),
        (
            "{request: {properties: {a: {integer: 1}}}}",
            "unknown field `integer` | known here: `text`, `json`",
        ),
        (
            "{request: {}, expect: {set_properties: {a: {int: 1, contains: x}}}}",
            "set_properties.a.contains: a typed value stands alone",
        ),
        (
            "{request: {}, worker: 1}",
            "6:31: scenarios[0].steps[0].worker: there is one worker, number 0 | `workers: 2` makes it two",
        ),
        (
            "{request: {}, interleave: {}}",
            "interleave: two or more workers can be interleaved, each once | `workers: 2`",
        ),
        (
            "{request: {}, interleave: {workers: [0, 1]}}",
            "interleave.workers[1]: there is one worker, number 0",
        ),
        ("{restart: proxy}", "6:19: scenarios[0].steps[0].restart: unknown value `proxy`"),
        ("{restart: vm, refused: present}", "refused: `refused` is for `reload`"),
        ("{reload: soon}", "reload: expected a mapping, which becomes JSON, got `soon`"),
        ("{parallel: {request: {}}}", "parallel: missing field `count`"),
        ("{parallel: {count: 2}}", "parallel: missing field `request`"),
        (
            "{parallel: {count: 2, request: {}, expect: {log: []}}}",
            "parallel.expect.log: unknown field `log` | known here: `upstream`",
        ),
        (
            "{parallel: {count: 200000, request: {}}}",
            "count: expected at most 100000 exchanges at once, got `200000`",
        ),
        ("{request: {}, repeat: many}", "repeat: expected an integer from 0 to 10000000, got `many`"),
        ("{request: {path: \"/{{user}}\"}}", "unknown variable `user` | known here: `i`"),
        ("{request: {path: \"/{{i\"}}", "`{{` without `}}`"),
        (
            "{fault: {hostcall: proxy_get_propert, return: 1}}",
            "6:28: scenarios[0].steps[0].fault.hostcall: proxy_get_propert is not a function of the host | did you mean `proxy_get_property`?",
        ),
        ("{fault: {hostcall: proxy_log}}", "fault: missing field `return`"),
        ("{fault: {hostcall: proxy_log, return: Ko}}", "fault.return: unknown value `Ko`"),
        ("{fault: {hostcall: fd_write, return: NotFound}}", "fault.return: expected an integer"),
        ("{fault: {hostcall: proxy_log, return: 1, nth: 0}}", "fault.nth: expected an integer"),
        (
            "{fault: {callout: a, return: 1}}",
            "`return` is not for `callout` | a callout ends: `fail: timeout`",
        ),
        ("{fault: {nth: 1}}", "missing one of `hostcall`, `callout`, `trap_at`, `memory_limit`"),
        ("{fault: {trap_at: on_tick}}", "6:27: scenarios[0].steps[0].fault.trap_at: expected a mapping"),
        (
            "{fault: {trap_at: {callback: on_reqest_headers}}}",
            "6:38: scenarios[0].steps[0].fault.trap_at.callback: unknown value `on_reqest_headers` | did you mean `on_request_headers`",
        ),
        ("{fault: {trap_at: {nth: 1}}}", "trap_at: missing field `callback`"),
        (
            "{fault: {trap_at: {callback: on_tick}, nth: 1}}",
            "`nth` is not for `trap_at` | which call it is stands beside the callback: `{callback: on_tick, nth: 2}`",
        ),
        ("{fault: {memory_limit: much}}", "memory_limit: expected a number such as `100` or `16KiB`"),
        (
            "{fault: {memory_limit: 1, nth: 1}}",
            "`nth` is not for `memory_limit` | the limit holds from now on",
        ),
        ("{fault: {hostcall: proxy_log, memory_limit: 1}}", "only one of `hostcall`, `callout`, `trap_at`"),
        (
            "{advance: 5}",
            "6:19: scenarios[0].steps[0].advance: expected a duration such as `250ms`, `15s` or `1m30s`, got `5`",
        ),
        ("{advance: 5s, request: {}}", "unknown field `request`"),
        ("{advance: 5s, expect: {response: {}}}", "unknown field `response` | known here: `log`, `metrics`"),
        ("{mock: {a: {}}}", "missing one of `reply`, `fail`"),
        ("{mock: {a: {grpc: {}}}}", "missing one of `reply`, `fail`"),
        ("{mock: {a: {grpc: {}, when: {}, reply: {}}}}", "`when` is for HTTP"),
        ("{mock: {a: {grpc: {}, fail: no_cluster}}}", "leave `grpc` out: `{fail: no_cluster}`"),
        ("{mock: {a: {grpc: {at: end, message: a}, reply: {}}}}", "there is no `message` at this moment"),
        ("{mock: {a: {grpc: {}, reply: {status: 17}}}}", "expected a status of gRPC"),
        ("{mock: {a: {grpc: {}, reply: {status_message: a}}}}", "`status_message` goes with a `status`"),
        (
            "{mock: {a: {grpc: {}, reply: {message: {hex: 0a0}}}}}",
            "expected bytes as pairs of hexadecimal digits",
        ),
        ("{mock: {a: {grpc: {}, reply: {message: a, messages: [a]}}}}", "only one of `message`, `messages`"),
        ("{mock: {a: none}}", "unknown value `none`"),
        (
            "{mock: {a: {fail: slow}}}",
            "unknown value `slow` | known here: `timeout`, `reset`, `refused`, `no_cluster`",
        ),
        ("{mock: {a: {fail: timeot}}}", "did you mean `timeout`?"),
        ("{mock: {a: {reply: {status: 99}}}}", "expected an integer from 200 to 599, got `99`"),
        ("{mock: {a: {reply: {fail: reset}}}}", "unknown field `fail`"),
        ("{request: {}, upstream: {fail: reset, status: 200}}", "`status` does not go together with `fail`"),
        ("{request: {}, expect: {upstrem: {}}}", "unknown field `upstrem` | did you mean `upstream`?"),
        ("{request: {}, expect: {bogus: {}}}", known_in_expect),
        ("{request: {}, expect: {upstream: {status: 200}}}", "unknown field `status`"),
        (
            "{request: {}, expect: {upstream: notcalled}}",
            "unknown value `notcalled` | did you mean `not_called`?",
        ),
        ("{request: {}, expect: {response: 200}}", "unknown value `200`"),
        (
            "{request: {}, expect: {response: {status: {equal: 200}}}}",
            "unknown field `equal` | did you mean `equals`?",
        ),
        ("{request: {}, expect: {response: {body: {}}}}", "an empty condition"),
        (
            "{request: {}, expect: {response: {body: [a]}}}",
            "expected a value, `absent`, `present` or a mapping of conditions, got a list",
        ),
        ("{request: {}, expect: {response: {body: {regex: (}}}}", "not a regular expression: unclosed group"),
        ("{request: {}, expect: {response: {body: {between: [1]}}}}", "expected a list of two numbers"),
        ("{request: {}, expect: {response: {body: {lt: few}}}}", "expected a number, got `few`"),
        (
            "{request: {}, expect: {response: {headers: {a: {golden: a.txt}}}}}",
            "6:65: scenarios[0].steps[0].expect.response.headers.a.golden: `golden` is for the bodies that a step expects, beside other conditions | elsewhere write `{file: PATH}`",
        ),
        (
            "{request: {}, expect: {response: {body: {golden: [a]}}}}",
            "body.golden: expected a string, got a list",
        ),
        ("{request: {}, expect: {response: {body: {not: {golden: a}}}}}", "`golden` is for the bodies"),
        ("{request: {}, expect: {log: [{}]}}", "a log line needs `level` or `message`"),
        ("{request: {}, expect: {log: {level: warn}}}", "expected a list, got a mapping"),
        ("{request: {}, expect: {log: [{level: warning}]}}", "unknown value `warning`"),
        ("{request: {}, expect: {count: {status: {ok: 1}}}}", "`ok` is not an HTTP status"),
        ("{request: {}, repeat: 2, soak: 20}", "soak: only one of `repeat`, `soak` may be set"),
        (
            "{request: {}, soak: 10}",
            "the first 10 exchanges warm up, so there must be more | for fewer exchanges",
        ),
        ("{request: {}, soak: {exchanges: 5, warm_up: 5}}", "the first 5 exchanges warm up"),
        ("{request: {}, soak: {exchange: 5}}", "did you mean `exchanges`?"),
        ("{request: {}, expect: {budget: {}}}", "expected what the budget is of, such as `fuel`"),
        (
            "{request: {}, expect: {budget: {fuel: lots}}}",
            "expected a number such as `100` or `16KiB`, got `lots`",
        ),
        ("{request: {}, expect: {budget: {fuel: {min: 1}}}}", "unknown field `min` | known here: `max`"),
        ("{request: {}, expect: {budget: {cpu: 1}}}", "unknown field `cpu`"),
        ("{request: {}, expect: {calls: [{}]}}", "missing field `on`"),
        (
            "{request: {}, expect: {calls: [{on: request_heders}]}}",
            "unknown value `request_heders` | did you mean `request_headers`?",
        ),
        ("{request: {}, expect: {calls: [{on: log, action: pause}]}}", "`log` has no `action`"),
        ("{request: {}, expect: {calls: [{on: request_headers, in: a}]}}", "`request_headers` has no `in`"),
        (
            "{request: {}, expect: {calls: [{on: request_trailers, end: true}]}}",
            "`request_trailers` has no `end`",
        ),
        ("{request: {}, expect: {calls: [{on: request_headers, action: stop}]}}", "unknown value `stop`"),
        (
            "{request: {}, expect: {distribution: {of: status, shares: {a: 1}}}}",
            "distribution.of: expected a field of an exchange, got `status` | such as `upstream.headers.x-variant`",
        ),
        (
            "{request: {}, expect: {distribution: {of: response.path, shares: {a: 1}}}}",
            "expected a field of an exchange",
        ),
        (
            "{request: {}, expect: {distribution: {of: upstream.headers.a b, shares: {a: 1}}}}",
            "`a b` is not a header name",
        ),
        (
            "{request: {}, expect: {distribution: {of: upstream.path, shares: {a: 0.9, b: 0.2}}}}",
            "the shares are 1.1000 together, not 1 | write fractions",
        ),
        (
            "{request: {}, expect: {distribution: {of: upstream.path, shares: {}}}}",
            "expected 1 to 1000 shares, got 0",
        ),
        (
            "{request: {}, expect: {distribution: {of: upstream.path, shares: {a: -1, b: 2}}}}",
            "expected a share, got `-1`",
        ),
        (
            "{request: {}, expect: {distribution: {of: upstream.path, shares: {a: 1}, test: {chi_squared: {p: 1}}}}}",
            "expected a number between 0 and 1, got `1`",
        ),
        (
            "{request: {}, expect: {distribution: {of: upstream.path, shares: {a: 1}, test: {}}}}",
            "missing one of `chi_squared`, `tolerance`",
        ),
        ("{request: {}, expect: {same_as: a}}", "`same_as` needs a `field`"),
        ("{request: {}, expect: {field: upstream.path}}", "`field` goes with `same_as`"),
        (
            "{request: {}, expect: {same_as: a, field: upstream.path}}",
            "same_as: no earlier step is named `a` | an earlier step gets its name by `as: NAME`",
        ),
        (
            "{request: {}, expect: {transitions: {from: a, field: upstream.path, allowed: [a-b]}}}",
            "allowed[0]: expected a transition such as `a->b`, got `a-b`",
        ),
        ("{request: {path: \"{{i % 0}}\"}}", "`i % 0`: there is no such result of 0 and 0"),
        ("{request: {path: \"{{i % x}}\"}}", "unknown variable `x`"),
        ("{request: {}, expect: {trap: maybe}}", "unknown value `maybe`"),
    ];
    for (step, expected) in cases {
        let refusal = refusal("", step);
        assert!(refusal.contains(expected), "{step}\n  expected: {expected}\n  got:      {refusal}");
    }
}

#[test]
fn tokens_that_cannot_be_minted_are_refused() {
    let cases = [
        ("{claims: {}}", "2:17: vars.t.jwt: a token needs a `key`, a `secret`, or `alg: none`"),
        ("{alg: none}", "missing field `claims`"),
        ("{alg: none, claims: []}", "2:37: vars.t.jwt.claims: expected a mapping, got a list"),
        ("{alg: none, secret: a, claims: {}}", "with `alg: none` nothing is signed, so there is no key"),
        ("{alg: HS257, secret: a, claims: {}}", "unknown value `HS257` | did you mean `HS25"),
        ("{alg: RS256, secret: a, claims: {}}", "vars.t.jwt: the key does not sign by RS256"),
        ("{alg: RS256, claims: {}}", "vars.t.jwt: RS256 needs a key"),
        ("{secret: a, key: b, claims: {}}", "only one of `key`, `secret` may be set"),
        ("{key: none.pem, claims: {}}", "vars.t.jwt.key: cannot read `tests/none.pem`"),
        ("{key: scenarios/keys/p256.pem, alg: ES384, claims: {}}", "the key does not sign by ES384"),
        ("{key: scenarios/keys/rsa-public.pem, claims: {}}", "the key is public, or too small"),
        ("{key: scenarios/keys/p256-public.pem, claims: {}}", "the key is public"),
        ("{secret: a, header: [a], claims: {}}", "vars.t.jwt.header: expected a mapping"),
        ("{secret: a, claim: {}}", "did you mean `claims`?"),
    ];
    for (token, expected) in cases {
        let refusal = refusal(&format!("vars: {{t: {{jwt: {token}}}}}"), "{request: {path: \"/{{t}}\"}}");
        assert!(refusal.contains(expected), "{token}\n  expected: {expected}\n  got:      {refusal}");
    }
    let set = |set: &str| refusal("", &format!("{{request: {{body: {{jwks: {set}}}}}}}"));
    assert!(set("[{kid: a}]").contains("jwks[0]: missing field `key`"), "{}", set("[{kid: a}]"));
    let secret = set("[scenarios/hello.txt]");
    assert!(secret.contains("jwks[0]: a secret has no public part"), "{secret}");
    let broken = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.pem");
    std::fs::write(&folder, broken).unwrap();
    let broken = set(&format!("[{}]", folder.display()));
    let expected = "not a key file: the PEM block `PRIVATE KEY` is not a sound key of RSA, P-256";
    assert!(broken.contains(expected), "{broken}");
}

#[test]
fn steps_that_cannot_be_compared_are_refused() {
    let same = "expect: {same_as: a, field: upstream.path}";
    let cases = [
        (
            format!("{{request: {{}}, as: b}}\n      - {{request: {{}}, {same}}}"),
            "7:41: scenarios[0].steps[1].expect.same_as: no earlier step is named `a` | known here: `b`",
        ),
        (
            format!("{{request: {{}}, as: a, repeat: 2}}\n      - {{request: {{}}, {same}}}"),
            "step `a` has 2 exchanges and this one 1: there must be as many",
        ),
        (
            "{request: {}, as: a}\n      - {request: {}, as: a}".to_owned(),
            "7:27: scenarios[0].steps[1].as: a second step is named `a`",
        ),
        (format!("{{request: {{}}, as: a, {same}}}"), "no earlier step is named `a`"),
    ];
    for (steps, expected) in cases {
        let refusal = refusal("", &steps);
        assert!(refusal.contains(expected), "{steps}\n  expected: {expected}\n  got:      {refusal}");
    }
}

#[test]
fn wrong_settings_are_refused_where_they_are_wrong() {
    let cases = [
        ("scenario: []", "2:1: scenario: unknown field `scenario` | did you mean `scenarios`?"),
        ("config: yes please", "2:9: config: expected a mapping, which becomes JSON, got `yes please`"),
        ("config: {file: none.json}", "cannot read `tests/none.json`"),
        ("clock: 2026-01-01", "expected a moment such as `2026-01-01T00:00:00Z`, got `2026-01-01`"),
        ("seed: -1", "expected an integer from 0 to 4294967295, got `-1`"),
        ("fail_open: maybe", "expected `true` or `false`, got `maybe`"),
        ("hold_headers: 1", "expected `true` or `false`, got `1`"),
        ("plugin: {nme: a}", "did you mean `name`?"),
        ("chunking: random", "unknown value `random` | known here: `every_split`"),
        ("chunking: {size: 0}", "expected a number of bytes from 1, such as `100` or `16KiB`, got `0`"),
        ("chunking: {random: {runs: 1}}", "chunking.random: missing field `max`"),
        ("chunking: {random: {runs: 0, max: 1}}", "runs: expected an integer from 1 to 10000"),
        ("shared_data: {a: {x: 1}}", "unknown field `x`"),
        ("mocks: {a: {when: {pth: /}, reply: {}}}", "unknown field `pth`"),
        ("upstream: {status: ok}", "expected an integer from 200 to 599, got `ok`"),
        ("upstream: {delay: soon}", "expected a duration"),
        ("vars: {i: 1}", "`i` cannot be the name of a variable"),
        ("vars: {a-b: 1}", "`a-b` cannot be the name of a variable"),
        ("vars: {a: \"{{b}}\"}", "unknown variable `b` | no variable is set here"),
        ("vars: {a: {b: 1}, c: \"{{a.d}}\"}", "`a.d`: there is no `d`"),
        ("version: 1", "2:1: version: duplicate key `version`"),
    ];
    for (top, expected) in cases {
        let refusal = refusal(top, "{request: {}}");
        assert!(refusal.contains(expected), "{top}\n  expected: {expected}\n  got:      {refusal}");
    }
}

#[test]
fn a_wrong_file_is_refused() {
    let cases = [
        ("", "1:1: expected a mapping, got nothing"),
        ("scenarios: []", "1:1: missing field `version`"),
        ("version: 2\nscenarios: []", "1:10: version: expected `1`, the only version of the format, got `2`"),
        ("version: 1", "missing field `scenarios`"),
        ("version: 1\nscenarios: []", "2:12: scenarios: no scenario stands here"),
        ("version: 1\nscenarios: [{name: a}]", "2:13: scenarios[0]: a scenario needs `steps`, or `refused`"),
        ("version: 1\nscenarios: [{steps: [{request: {}}]}]", "missing field `name`"),
        (
            "version: 1\nscenarios: [{name: a, refused: present, steps: [{request: {}}]}]",
            "a filter that is refused can have no `steps`",
        ),
        ("version: 1\nscenarios: [{name: a, each: [], steps: [{request: {}}]}]", "expected at least one row"),
        (
            "version: 1\nscenarios:\n- {name: a, each: [{b: 1}, {b: 2}], steps: [{request: {}}]}",
            "3:10: scenarios[0].name: a second case is named `a`, the first is in line 3 | put a variable of `each`",
        ),
        ("version: 1\nscenarios: [{name: a, steps: [{request: {}]}", "not well-formed YAML"),
        (
            "version: 1\ninclude: none.yaml\nscenarios: []",
            "2:10: include: there is no file `tests/none.yaml`",
        ),
        ("version: 1\ninclude: [{}]\nscenarios: []", "2:11: include[0]: expected a string, got a mapping"),
    ];
    for (text, expected) in cases {
        let refusal = refusal_of(text);
        assert!(refusal.contains(expected), "{text}\n  expected: {expected}\n  got:      {refusal}");
    }
}
