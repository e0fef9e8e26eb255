//! The file on the page about these files holds, also as a scenario file.

use super::{parse, play};
use mesh_filter_test::{World, scenario};
use std::path::Path;

#[test]
fn the_documented_tests_pass() {
    let page = include_str!("../../../../../docs/google-tests.md");
    let block = page.split("```textproto\n").nth(1).unwrap().split("```").next().unwrap();
    let report = play(block);
    assert_eq!((report.passed(), report.failed()), (2, 0), "{report}");

    let scenarios = format!("{}config: {{greeting: hi}}\n", parse(block).to_scenarios(None, None));
    let suite = scenario::parse(Path::new("x.test.yaml"), &scenarios).unwrap();
    let report = suite.run(&World::native::<crate::probe::Probe>());
    assert_eq!((report.passed(), report.failed()), (2, 0), "{report}\n{scenarios}");
}
