//! Plays one step, for tests of what is reported.

use mesh_filter::Filter;
use mesh_filter_test::report::Problem;
use mesh_filter_test::{World, scenario};
use std::path::Path;

/// The problems of the only case, each with its place, and the report's text. `top` stands in lines 2
/// and following, `step` in the one step.
#[expect(clippy::unwrap_used, reason = "a helper of tests")]
pub(crate) fn problems<F: Filter>(top: &str, step: &str) -> (Vec<String>, String) {
    let text = format!("version: 1\n{top}\nscenarios:\n  - name: a case\n    steps:\n      - {step}\n");
    let report = scenario::parse(Path::new("tests/x.test.yaml"), &text).unwrap().run(&World::native::<F>());
    (report.problems().map(Problem::brief).collect(), report.to_string())
}
