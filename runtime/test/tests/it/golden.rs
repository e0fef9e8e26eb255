//! Golden files: compared with, and written where one says so.

use crate::probe::Probe;
use mesh_filter_test::scenario::{self, Reading};
use mesh_filter_test::{World, report::Report};
use std::path::{Path, PathBuf};

/// An empty folder of this test's own.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn play(folder: &Path, top: &str, steps: &str, bless: bool) -> Report {
    let text = format!("version: 1\n{top}\nscenarios:\n  - name: a case\n    steps:\n{steps}");
    let file = folder.join("x.test.yaml");
    let suite = scenario::parse_with(&file, &text, Reading::blessing(bless)).unwrap();
    suite.run(&World::native::<Probe>())
}

/// The only problem, without the folder.
fn problem(folder: &Path, report: &Report) -> String {
    let problems = report.cases.iter().filter_map(|case| case.failure.as_ref()).flat_map(|f| &f.problems);
    let text: Vec<String> = problems.map(|problem| problem.text.clone()).collect();
    text.join("\n").replace(&folder.display().to_string(), "DIR")
}

const HOW: &str = "if this is right, `cargo mesh-filter test --bless` writes it";

#[test]
fn a_golden_file_is_compared_with_and_written_by_bless() {
    let folder = folder("bless");
    let file = folder.join("out/upper.txt");
    let step = |body: &str| {
        format!(
            "      - request: {{path: /upper, body: {body}}}\n        \
             expect: {{upstream: {{body: {{golden: out/upper.txt, len: {{gt: 2}}}}}}}}\n"
        )
    };
    let missing = play(&folder, "", &step("words"), false);
    let expected =
        format!("upstream body: the golden file `DIR/out/upper.txt` is not there, got `WORDS`; {HOW}");
    assert_eq!(problem(&folder, &missing), expected);
    assert!(!file.exists());

    assert_eq!(play(&folder, "", &step("words"), true).failed(), 0);
    assert_eq!(std::fs::read(&file).unwrap(), b"WORDS");
    assert_eq!(play(&folder, "", &step("words"), false).failed(), 0);

    let other = play(&folder, "", &step("swords"), false);
    let expected = format!(
        "upstream body: expected the content of the golden file `DIR/out/upper.txt`, `WORDS`, got `SWORDS`; {HOW}"
    );
    assert_eq!(problem(&folder, &other), expected);
    assert_eq!(std::fs::read(&file).unwrap(), b"WORDS");

    // What else is expected is not blessed away.
    let short = play(&folder, "", &step("aa"), true);
    assert_eq!(
        problem(&folder, &short),
        "upstream body: number of bytes: expected a number above 2, got `2`"
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"WORDS");
}

#[test]
fn of_a_long_golden_file_the_lines_that_differ_are_shown() {
    let folder = folder("lines");
    std::fs::write(folder.join("page.html"), "<p>\nold\n</p>\n").unwrap();
    let step = "      - request: {}\n        upstream: {body: \"<p>\\nnew\\n</p>\\n\"}\n        \
                expect: {response: {body: {golden: page.html}}}\n";
    let report = play(&folder, "", step, false);
    let expected = format!(
        "response body: expected the content of the golden file `DIR/page.html`\n    \
         differs from line 2:\n    - old\n    + new\n    {HOW}"
    );
    assert_eq!(problem(&folder, &report), expected);
    let place = report.cases[0].failure.as_ref().unwrap().problems[0].place.clone().unwrap();
    assert_eq!((place.line(), place.column()), (8, 35));
}

#[test]
fn one_run_blesses_one_value() {
    let folder = folder("twice");
    let step = "      - repeat: 2\n        request: {body: \"{{i}}\"}\n        \
                expect: {upstream: {body: {golden: i.txt}}}\n";
    let report = play(&folder, "", step, true);
    let text = problem(&folder, &report);
    assert!(text.contains("another value has just been blessed as `DIR/i.txt`, `0`, got `1`"), "{text}");
}

#[test]
fn every_way_of_cutting_a_body_is_held_to_the_value_that_was_blessed() {
    let folder = folder("split");
    // The path that a part of the body has been held in does not matter here.
    let step = "      - request: {path: /upper, body: some words}\n        \
                expect: {upstream: {body: {golden: words.txt}}}\n";
    assert_eq!(play(&folder, "chunking: every_split", step, true).failed(), 0);
    assert_eq!(std::fs::read(folder.join("words.txt")).unwrap(), b"SOME WORDS");
}
