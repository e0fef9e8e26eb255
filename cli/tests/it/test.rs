//! `test`: what passes, what fails, and how that is told.

use crate::folder::Folder;
use crate::module::PASSING;

const MODULE: &str = "target/mesh-filter/filter.wasm";

/// A scenario about a module that exists already: nothing has to be compiled here.
fn scenario(folder: &Folder, name: &str, expected: &str) {
    folder.write(MODULE, PASSING).write(
        name,
        format!(
            "version: 1\nfilter: {MODULE}\nscenarios:\n  - name: it passes\n    steps:\n      \
             - request: {{path: /}}\n        expect: {{response: {{status: {expected}}}}}\n"
        ),
    );
}

#[test]
fn a_scenario_passes_or_fails_by_the_exit_code() {
    let folder = Folder::new("scenarios");
    scenario(&folder, "good.test.yaml", "200");
    scenario(&folder, "bad.test.yaml", "500");
    let run = |arguments: &[&str]| folder.command("").arg("test").args(arguments).output().unwrap();

    let good = run(&["good.test.yaml"]);
    let text = String::from_utf8_lossy(&good.stdout);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    assert!(text.contains("1 passed, 0 failed"), "{text}");

    let both = run(&[".", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&both.stdout).unwrap();
    assert_eq!(both.status.code(), Some(1));
    assert_eq!((&report["scenarios"]["passed"], &report["scenarios"]["failed"]), (&1.into(), &1.into()));
    assert!(String::from_utf8_lossy(&both.stderr).contains("1 of 2 scenarios failed"));

    let none = run(&["good.test.yaml", "--filter", "another"]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
}

#[test]
fn a_sweep_of_seeds_plays_a_case_with_each() {
    let folder = Folder::new("sweep");
    folder.write(MODULE, PASSING).write(
        "a.test.yaml",
        format!(
            "version: 1\nfilter: {MODULE}\nscenarios:\n  - name: a\n    chunking: {{random: {{runs: 1, max: 9}}}}\n    \
             steps: [{{request: {{body: 0123456789}}, expect: {{calls: [{{on: request_body}}]}}}}]\n"
        ),
    );
    let run = |arguments: &[&str]| {
        let output = folder.command("").args(["test", "a.test.yaml"]).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // Ten bytes are two chunks or more, by the seed.
    let (alone, swept) = (run(&[]), run(&["--seed-sweep", "50"]));
    assert!(alone.contains("0 passed, 1 failed"), "{alone}");
    assert_eq!(alone, swept, "the first seed fails, so no other is played");
    folder.write(
        "a.test.yaml",
        format!(
            "version: 1\nfilter: {MODULE}\nscenarios:\n  - name: a\n    chunking: {{random: {{runs: 1, max: 9}}}}\n    \
             steps: [{{request: {{body: 0123456789}}, upstream: {{body: abcdefghij}}, expect: {{upstream: {{body: present}}}}}}]\n"
        ),
    );
    assert!(run(&["--seed-sweep", "50"]).contains("1 passed, 0 failed"));
}

#[test]
fn the_schema_is_printed_as_json() {
    let output = Folder::new("schema").command("").args(["test", "--schema"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["title"], "Scenario file of mesh-filter");
}

#[test]
fn golden_files_are_written_by_bless_and_compared_with_after_it() {
    let folder = Folder::new("golden");
    let text = |body: &str| {
        format!(
            "version: 1\nfilter: {MODULE}\nscenarios:\n  - name: a page\n    upstream: {{body: {body}}}\n    \
             steps: [{{request: {{}}, expect: {{response: {{body: {{golden: page.txt}}}}}}}}]\n"
        )
    };
    folder.write(MODULE, PASSING).write("a.test.yaml", text("old"));
    let run = |arguments: &[&str]| {
        let output = folder.command("").args(["test", "a.test.yaml"]).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, missing) = run(&[]);
    assert_eq!(code, Some(1), "{missing}");
    let problem = "a.test.yaml:6:53: response body: the golden file `page.txt` is not there, got `old`; if this is \
                   right, `cargo mesh-filter test --bless` writes it\n";
    assert!(missing.contains(problem), "{missing}");
    assert_eq!(run(&["--bless"]).0, Some(0));
    assert_eq!(std::fs::read(folder.path().join("page.txt")).unwrap(), b"old");
    assert_eq!(run(&[]).0, Some(0));
    folder.write("a.test.yaml", text("new"));
    let (code, different) = run(&[]);
    assert_eq!(code, Some(1), "{different}");
    assert!(different.contains("golden file `page.txt`, `old`, got `new`; if this is right"), "{different}");
}

#[test]
fn settings_that_a_profile_cannot_make_fail_the_case() {
    let folder = Folder::new("scenarios-in-profiles");
    let text = format!(
        "version: 1\nfilter: {MODULE}\nscenarios:\n  \
         - {{name: held, hold_headers: true, steps: [{{request: {{}}}}]}}\n  \
         - {{name: reloaded, failure_policy: reload, steps: [{{request: {{}}}}]}}\n"
    );
    folder.write(MODULE, PASSING).write("a.test.yaml", text);
    for (profile, problems) in [
        ("tolerant", [None, None]),
        ("envoy", [None, None]),
        ("istio", [Some("`hold_headers` cannot be had under the profile `istio`"), None]),
        (
            "envoy-gateway",
            [
                Some("`hold_headers` cannot be had under the profile `envoy-gateway`"),
                Some("`failure_policy: reload` cannot be had under the profile `envoy-gateway`"),
            ],
        ),
    ] {
        let output = folder.command("").args(["test", "a.test.yaml", "--profile", profile]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let failed = problems.iter().flatten().count();
        assert_eq!(output.status.code(), Some(i32::from(failed > 0)), "{text}");
        assert!(text.contains(&format!("{} passed, {failed} failed", 2 - failed)), "{text}");
        for problem in problems.into_iter().flatten() {
            assert!(text.contains(problem), "{text}");
            assert!(text.contains(&format!("--profile {profile}\n")), "{text}");
        }
    }
}

#[test]
fn reports_for_other_tools_say_what_failed_and_where() {
    let folder = Folder::new("reports");
    scenario(&folder, "good.test.yaml", "200");
    scenario(&folder, "bad.test.yaml", "500");
    let run = |arguments: &[&str]| folder.command("").args(["test", "."]).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();

    let junit = run(&["--report", "junit=out/junit.xml", "--report", "github"]);
    let shown = text(&junit.stdout);
    assert_eq!(junit.status.code(), Some(1), "{junit:?}");
    assert!(shown.contains("1 passed, 1 failed"), "{shown}");
    let annotation = "::error file=bad.test.yaml,line=7,col=37,title=it passes failed (wasm)::\
                      response status: expected `500`, got `200`%0Arerun: cargo mesh-filter test";
    assert!(shown.contains(annotation), "{shown}");
    let xml = std::fs::read_to_string(folder.path().join("out/junit.xml")).unwrap();
    for part in [
        "<testsuites tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "<testcase name=\"it passes\" classname=\"./bad.test.yaml\" file=\"./bad.test.yaml\" line=\"4\">",
        "<failure message=\"response status: expected `500`, got `200`\" type=\"failed\">",
        "<testcase name=\"it passes\" classname=\"./good.test.yaml\" file=\"./good.test.yaml\" line=\"4\"/>",
    ] {
        assert!(xml.contains(part), "{xml}");
    }

    let tap = text(&run(&["--report", "tap"]).stdout);
    assert!(
        tap.starts_with("TAP version 14\n1..2\nnot ok 1 - ./bad.test.yaml: it passes (wasm)\n  ---\n"),
        "{tap}"
    );
    assert!(tap.ends_with("  ...\nok 2 - ./good.test.yaml: it passes (wasm)\n"), "{tap}");

    let json = run(&["--report", "json"]).stdout;
    assert_eq!(text(&json), text(&run(&["--format", "json"]).stdout));
    let twice = run(&["--report", "json", "--report", "tap"]);
    assert_eq!(twice.status.code(), Some(2), "{twice:?}");
}

#[test]
fn the_report_does_not_depend_on_how_many_cases_play_at_once() {
    let folder = Folder::new("jobs");
    let steps =
        |status: usize| format!("steps: [{{request: {{}}, expect: {{response: {{status: {status}}}}}}}]");
    let cases: String =
        (0..40).map(|i| format!("  - {{name: case {i}, {}}}\n", steps(200 + usize::from(i == 11)))).collect();
    folder
        .write(MODULE, PASSING)
        .write("a.test.yaml", format!("version: 1\nfilter: {MODULE}\nscenarios:\n{cases}"));
    let run = |arguments: &[&str]| {
        let output = folder.command("").args(["test", "a.test.yaml"]).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };

    let one = run(&["--jobs", "1", "--format", "json"]);
    assert!(one.contains("\"passed\": 39"), "{one}");
    assert_eq!(one, run(&["--jobs", "7", "--format", "json"]));
    let first = run(&["--jobs", "7", "--fail-fast"]);
    assert!(first.ends_with("11 passed, 1 failed, 28 not run\n"), "{first}");
    assert_eq!(first, run(&["--jobs", "1", "--fail-fast"]));
    assert_eq!(run(&["--list", "--filter", "case 3"]).lines().count(), 11);
    assert!(run(&["--list"]).starts_with("a.test.yaml:4: case 0\na.test.yaml:5: case 1\n"));
}
