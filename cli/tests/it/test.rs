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
