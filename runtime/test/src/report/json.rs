//! The report as JSON, for scripts: `docs/scenarios.md` describes its members.

use super::{CaseReport, Comparison, PackageReport, Problem, Report};
use mesh_filter_runtime::document::Place;
use serde_json::{Value, json};

impl Report {
    /// The outcomes as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let packages = self.packages.iter();
        let package =
            |PackageReport { name, passed }: &PackageReport| json!({"package": name, "passed": passed});
        json!({
            "native": packages.map(package).collect::<Vec<_>>(),
            "scenarios": {
                "passed": self.passed(),
                "failed": self.failed(),
                "not_portable": self.not_portable(),
                "not_run": self.not_run,
                "cases": self.cases.iter().map(case).collect::<Vec<_>>(),
            },
            "worlds": self.tally().map(|tally| json!({
                "same": tally.same,
                "differ": tally.differ,
                "not_portable": tally.not_portable,
                "cases": self.compared().iter().map(Comparison::to_json).collect::<Vec<_>>(),
            })),
        })
    }
}

fn case(case: &CaseReport) -> Value {
    let failure = case.failure.as_ref().map(|failure| {
        json!({
            "problems": failure.problems.iter().map(problem).collect::<Vec<_>>(),
            "seen": failure.seen,
            "rerun": failure.rerun,
        })
    });
    json!({
        "file": case.file,
        "line": case.line,
        "name": case.name,
        "world": case.world,
        "outcome": match (&failure, &case.not_portable) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "not_portable",
            (None, None) => "passed",
        },
        "failure": failure,
        "reason": case.not_portable,
    })
}

fn problem(problem: &Problem) -> Value {
    let place = problem.place.as_ref();
    json!({
        "line": place.map(Place::line),
        "column": place.map(Place::column),
        "text": problem.text,
    })
}
