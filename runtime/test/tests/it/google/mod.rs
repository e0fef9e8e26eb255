//! Google's test files: what is read, what is refused, and how tests are played.

mod documented;
mod importing;
mod malformed;
mod playing;
mod values;

use crate::probe::Probe;
use mesh_filter_test::World;
use mesh_filter_test::google::{self, Subject, Suite};
use mesh_filter_test::report::Report;
use std::path::Path;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn parse(text: &str) -> Suite {
    google::parse(Path::new("tests/x.textpb"), text).map_err(|error| error.render()).unwrap()
}

/// Plays a file in text format on the probe.
fn play(text: &str) -> Report {
    let world = World::native::<Probe>();
    parse(text).run(Subject {
        world: &world,
        configuration: b"{\"greeting\": \"hi\"}",
        options: "--plugin p.wasm",
    })
}

/// The problems of all tests, each with its place.
fn problems(text: &str) -> Vec<String> {
    let report = play(text);
    let failures = report.cases.iter().filter_map(|case| case.failure.as_ref());
    let problem = |problem: &mesh_filter_test::report::Problem| match &problem.place {
        Some(place) => format!("{}:{}: {}", place.line(), place.column(), problem.text),
        None => problem.text.clone(),
    };
    failures.flat_map(|failure| &failure.problems).map(problem).collect()
}
