//! What the real Envoy does with plugins, recorded, and this proxy held against the record.
//!
//! A case is a listener with a plugin or several, mostly the guest `program` with what it shall do, and the exchanges that go
//! through it. `tests/oracle` holds what clients, upstreams, the log and the metrics of Envoy showed, see `record`.
//! Everybody compares with the file; where there is an Envoy, the file is compared with it too.

mod case;
mod cases;
mod ends;
mod log;
mod play;
mod random;
mod record;
mod starts;

use std::env;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::support::build::{program, root};
use crate::support::host::envoy;
use crate::support::world::World;

use case::Case;

/// A case that takes longer is worth a look.
const SLOW: Duration = Duration::from_secs(1);

/// See [`between_releases`].
const BETWEEN_RELEASES: &[(&str, &str)] = &[];

/// What was seen in each case, by its name.
type Seen = Map<String, Value>;

/// Plays all cases in one process of a host.
fn play(host: &std::path::Path, name: &str, cases: &[Case]) -> Seen {
    let listeners: Vec<_> = cases.iter().map(Case::listener).collect();
    let world = World::start(host, "oracle", name, &listeners);
    if name == "envoy" {
        record::note_build(&world.host);
    }
    let mut log = log::Tail::new(&world.host);
    let timed = |case: &Case| {
        let begun = Instant::now();
        let seen = play::play(&world, &mut log, case);
        if begun.elapsed() > SLOW {
            eprintln!("{name}: {} took {:?}", case.name, begun.elapsed());
        }
        (case.name.clone(), seen)
    };
    let mut seen: Seen = cases.iter().map(timed).collect();
    seen.extend(starts::play(host, name));
    seen.extend(ends::play(host, name));
    seen
}

/// The cases, or those whose names begin with one of `$ORACLE_CASES`, which commas separate.
fn cases() -> Vec<Case> {
    cases::all().into_iter().filter(|case| is_wanted(&case.name)).collect()
}

/// Cases in which this proxy is known to do something else, each with its row of the table.
fn known_differences() -> Vec<(String, &'static str)> {
    let cases = cases().into_iter().filter_map(|case| Some((case.name, case.differs?)));
    cases.chain(starts::known_differences()).chain(ends::known_differences()).collect()
}

/// Cases in which one recorded release of Envoy does something else than the other, each with its row of the table.
fn between_releases() -> Vec<(String, &'static str)> {
    BETWEEN_RELEASES.iter().map(|(case, row)| ((*case).to_owned(), *row)).collect()
}

fn is_wanted(case: &str) -> bool {
    let Ok(beginnings) = env::var("ORACLE_CASES") else { return true };
    beginnings.split(',').any(|beginning| case.starts_with(beginning))
}

#[test]
fn plugins_see_and_cause_what_was_recorded_with_envoy() {
    let cases = cases();
    let seen = play(&program("mesh-filter-proxy"), "ours", &cases);
    record::assert_agrees(&known_differences(), &record::committed(), &seen);
}

#[test]
fn each_known_difference_is_explained() {
    let table = std::fs::read_to_string(root().join("docs/differences.md")).unwrap();
    for (case, row) in known_differences().iter().chain(&between_releases()) {
        assert!(table.contains(&format!("| `{row}` |")), "{case}: no row `{row}`");
    }
}

#[test]
fn what_releases_of_envoy_do_is_the_same_or_explained() {
    record::assert_releases_agree(&between_releases(), "1.39.3");
}

#[test]
fn the_record_is_what_envoy_does() {
    let Some(envoy) = envoy() else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let seen = play(&envoy, "envoy", &cases());
    record::write_or_compare(&seen);
}
