//! Google's test files: what is read, what is refused, and how tests are played.

mod documented;
mod importing;
mod malformed;
mod playing;
mod values;

use crate::probe::Probe;
use mesh_filter_test::World;
use mesh_filter_test::google::{self, Subject, Suite};
use mesh_filter_test::report::{Problem, Report};
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
    play(text).problems().map(Problem::brief).collect()
}
