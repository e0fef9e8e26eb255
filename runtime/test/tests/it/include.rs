//! Files that share variables and mocks, and cases that are played with many seeds.

use crate::probe::Probe;
use mesh_filter_test::scenario::{self, Reading};
use mesh_filter_test::{World, report::Report};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// A folder of this test's own, with these files.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("include").join(name);
    for (file, text) in files {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

const STEPS: &str = "
scenarios:
  - name: a
    steps:
      - request: {path: /ask/who, headers: {x-user: \"{{user}}\", x-of: \"{{of}}\"}, body: {file: \"{{body.file}}\"}}
        expect: {upstream: {headers: {x-who: alice, x-status: 201, x-user: here, x-of: two}, body: two}}
";

#[test]
fn files_share_variables_and_mocks_and_the_last_one_counts() {
    let one = "vars: {user: there, of: one}\nmocks: {who: {reply: {status: 500}}, flags: {reply: {}}}\n";
    let two = "vars: {of: two, body: {file: body.txt}}\nmocks: {who: {reply: {status: 201, body: {file: who.txt}}}}\n";
    let text = format!("version: 1\ninclude: [one.yaml, more/two.yaml]\nvars: {{user: here}}\n{STEPS}");
    let files = [
        ("one.yaml", one),
        ("more/two.yaml", two),
        ("more/who.txt", "alice"),
        ("body.txt", "two"),
        ("a.test.yaml", &text),
    ];
    let folder = folder("shared", &files);
    let suite = scenario::load(&folder.join("a.test.yaml")).unwrap();
    let report = suite.run(&World::native::<Probe>());
    assert_eq!(report.failed(), 0, "{report}");
}

#[test]
fn what_is_wrong_in_an_included_file_is_refused_there() {
    let text = "version: 1\ninclude: wrong.yaml\nscenarios: [{name: a, steps: [{request: {}}]}]\n";
    for (wrong, expected) in [
        ("vars: {a: \"{{b}}\"}\n", "wrong.yaml:1:11: vars.a: unknown variable `b`"),
        ("mocks: {a: {reply: {status: 99}}}\n", "wrong.yaml:1:29: mocks.a.reply.status: expected an integer"),
        ("config: {}\n", "wrong.yaml:1:1: config: unknown field `config`"),
    ] {
        let folder = folder("wrong", &[("wrong.yaml", wrong), ("a.test.yaml", text)]);
        let error = scenario::load(&folder.join("a.test.yaml")).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn sweep(seeds: u32, seed: u32) -> Report {
    let text = format!(
        "version: 1\nseed: {seed}\nscenarios: [{{name: a, steps: [{{request: {{path: /random}}, \
         expect: {{upstream: {{headers: {{x-random: {{not: {{starts: a}}}}}}}}}}}}]}}]"
    );
    let reading = Reading::default().sweeping(NonZeroU32::new(seeds).unwrap());
    scenario::parse_with(Path::new("x.test.yaml"), &text, reading).unwrap().run(&World::native::<Probe>())
}

#[test]
fn a_sweep_of_seeds_finds_the_one_with_which_a_case_fails() {
    // One of sixteen values begins with `a`.
    let report = sweep(1000, 3);
    let failure = report.cases[0].failure.as_ref().unwrap();
    let (text, _) = failure.seen[0].split_once(", not").unwrap();
    let seed: u32 = text.strip_prefix("with seed ").unwrap().parse().unwrap();
    assert!(seed > 3, "{text}");
    assert!(failure.rerun.ends_with(&format!(" --seed-sweep {}", seed - 2)), "{}", failure.rerun);
    assert_eq!(sweep(seed - 3, 3).failed(), 0);
    assert_eq!(sweep(1, seed).failed(), 1);
}
