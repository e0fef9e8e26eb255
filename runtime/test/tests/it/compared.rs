//! Expectations about many exchanges and about callbacks that do not hold.

use crate::probe::Probe;
use mesh_filter_test::report::Problem;
use mesh_filter_test::{World, scenario};
use std::path::Path;

/// The problems of a case with these steps, each with its place.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn problems(steps: &[&str]) -> Vec<String> {
    let steps: String = steps.iter().map(|step| format!("      - {step}\n")).collect();
    let text = format!("version: 1\nscenarios:\n  - name: a case\n    steps:\n{steps}");
    let suite = scenario::parse(Path::new("tests/x.test.yaml"), &text).unwrap();
    suite.run(&World::native::<Probe>()).problems().map(Problem::brief).collect()
}

#[test]
fn shares_that_chance_does_not_explain_fail() {
    let step = |percent: u32, count: u32, rest: &str| {
        format!(
            "{{repeat: {count}, request: {{path: \"/variant/{percent}/{{{{i}}}}\"}}, \
             expect: {{distribution: {{of: upstream.headers.x-variant, {rest}}}}}}}"
        )
    };
    let fair = "shares: {a: 0.9, b: 0.1}";
    // The filter gives exactly so many of a hundred: chance would be further away.
    assert_eq!(problems(&[&step(10, 1000, fair)]), Vec::<String>::new());
    assert_eq!(problems(&[&step(12, 1000, fair)]), Vec::<String>::new());
    let expected = "5:85: `upstream.headers.x-variant` in 1000 exchanges: expected `a` 0.9, `b` 0.1, got `a` 0.8600 \
                    (860), `b` 0.1400 (140): chi-squared 17.78, p 2.48e-5 is below 0.001";
    assert_eq!(problems(&[&step(14, 1000, fair)]), [expected]);
    let near = "shares: {a: 0.9, b: 0.1}, test: {tolerance: 0.019}";
    let expected = "got `a` 0.8800 (880), `b` 0.1200 (120): more than 0.019 apart";
    assert!(problems(&[&step(12, 1000, near)])[0].ends_with(expected));
    let expected = "`upstream.headers.x-variant`: `b` (100 times) has no share";
    assert!(problems(&[&step(10, 1000, "shares: {a: 1}")])[0].ends_with(expected));
    let expected = "of 40 exchanges 4.0 are expected to have the rarest value: `chi_squared` needs 5, so repeat more often";
    assert!(problems(&[&step(10, 40, fair)])[0].ends_with(expected));
}

#[test]
fn values_that_differ_from_those_of_an_earlier_step_fail() {
    let first = "{repeat: 200, as: first, request: {path: \"/variant/10/{{i}}\"}}";
    let again = |percent: u32, expect: &str| {
        format!("{{repeat: 200, request: {{path: \"/variant/{percent}/{{{{i}}}}\"}}, expect: {{{expect}}}}}")
    };
    let same = "same_as: first, field: upstream.headers.x-variant";
    assert_eq!(problems(&[first, &again(10, same)]), Vec::<String>::new());
    let expected = "6:79: `upstream.headers.x-variant` was `a` in step `first` and is `b` in 2 of 200 exchanges, first where `i` is 30";
    assert_eq!(problems(&[first, &again(11, same)]), [expected]);
    let only = |allowed: &str| {
        format!("transitions: {{from: first, field: upstream.headers.x-variant, allowed: [{allowed}]}}")
    };
    assert_eq!(problems(&[first, &again(20, &only("a->a, a->b, b->b"))]), Vec::<String>::new());
    let back = problems(&[first, &again(5, &only("a->a, a->b, b->b"))]);
    assert_eq!(back.len(), 1, "{back:?}");
    assert!(back[0].contains("was `b` in step `first` and is `a` in 10 of 200 exchanges"), "{back:?}");
    let absent = problems(&[first, &again(5, "same_as: first, field: upstream.headers.x-varaint")]);
    assert_eq!(absent, ["6:78: `upstream.headers.x-varaint` is absent in all exchanges of both steps"]);
}

#[test]
fn callbacks_that_are_not_as_expected_fail() {
    let step = |calls: &str| {
        format!("{{request: {{path: /upper, body: {{chunks: [ab, c]}}}}, expect: {{calls: [{calls}]}}}}")
    };
    for (calls, expected) in [
        (
            "{on: request_body, out: ab}, {on: request_body, out: CD}",
            [
                "5:101: `request_body` out: expected `ab`, got `AB`",
                "5:130: `request_body` out: expected `CD`, got `C`",
            ]
            .as_slice(),
        ),
        ("{on: request_body, in: AB}, {on: request_body}", &["`request_body` in: expected `AB`, got `ab`"]),
        (
            "{on: request_body, end: true}, {on: request_body}",
            &["`request_body` end: expected true, got false"],
        ),
        (
            "{on: request_headers, action: pause}",
            &["`request_headers` action: expected `pause`, got `continue`"],
        ),
        ("{on: request_body}", &["5:76: calls: expected 1, got 2: request_body, request_body"]),
        ("{on: request_trailers}", &["calls: expected 1, got 0"]),
        (
            "{on: request_body}, {on: request_headers}, {on: request_body}",
            &["5:77: expected a call of `request_body`, got one of `request_headers`"],
        ),
    ] {
        let problems = problems(&[&step(calls)]);
        assert_eq!(problems.len(), expected.len(), "{calls}: {problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.contains(expected), "{calls}\n  expected: {expected}\n  got:      {problem}");
        }
    }
}

#[test]
fn what_costs_is_not_portable_to_native_runs() {
    let text = "version: 1\nscenarios: [{name: a, steps: [{request: {}, expect: {budget: {hostcalls: 1}}}]}]";
    let report = scenario::parse(Path::new("x.test.yaml"), text).unwrap().run(&World::native::<Probe>());
    let reason = "`budget` needs the engine of `wasm`";
    assert_eq!(report.cases[0].not_portable.as_deref(), Some(reason));
    assert!(report.cases[0].failure.is_none());
}

#[test]
fn callbacks_in_a_chain_are_those_of_the_filter_that_is_named() {
    let play = |calls: &str| {
        let text = format!(
            "version: 1\nchain: [{{filter: ../first, name: one}}, self, ../last]\nscenarios:\n  - name: a case\n    \
             steps:\n      - {{request: {{path: /}}, expect: {{calls: {calls}}}}}\n"
        );
        let suite = scenario::parse(Path::new("tests/x.test.yaml"), &text).unwrap();
        let other = || World::native::<Probe>();
        let world = other().with_filter("../first", other()).with_filter("../last", other());
        suite.run(&world).to_string()
    };
    for holds in [
        "[{on: request_headers, filter: one}]",
        "[{on: request_headers, filter: filter}, {on: request_headers, filter: last}]",
        "[{on: response_headers, filter: last}, {on: response_headers, filter: one}]",
        "[{on: request_headers, filter: one}, {on: request_headers}, {on: request_headers, filter: last}]",
    ] {
        assert!(play(holds).contains("1 passed"), "{holds}\n{}", play(holds));
    }
    for (fails, expected) in [
        (
            "[{on: request_headers, filter: last}, {on: request_headers, filter: one}]",
            "6:47: expected a call of `request_headers` of `last`, got one of `request_headers` of `one`\n",
        ),
        ("[{on: request_headers, filter: other}]", "6:46: calls: expected 1, got 0\n"),
        (
            "[{on: request_headers}]",
            "6:46: calls: expected 1, got 3: request_headers, request_headers, request_headers\n",
        ),
    ] {
        assert!(play(fails).contains(expected), "{expected}\n{}", play(fails));
    }
}
