//! What the real Envoy does with plugins, recorded, and this proxy held against the record.
//!
//! A case is a listener with a plugin or several, mostly the guest `program` with what it shall do, and the exchanges that go
//! through it. `envoy-VERSION.json` in `tests/oracle` holds what clients, upstreams, the log and the metrics of Envoy showed.
//! Everybody compares with the file; where there is an Envoy, the file is compared with it too.

mod case;
mod cases;
mod log;
mod play;
mod random;
mod record;

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::support::build::{program, root};
use crate::support::host::envoy;
use crate::support::world::World;

use case::Case;

/// A case that takes longer is worth a look.
const SLOW: Duration = Duration::from_secs(1);

/// What was seen in each case, by its name.
type Seen = Map<String, Value>;

/// Plays all cases in one process of a host.
fn play(host: &std::path::Path, name: &str, cases: &[Case]) -> Seen {
    let listeners: Vec<_> = cases.iter().map(Case::listener).collect();
    let world = World::start(host, "oracle", name, &listeners);
    let mut log = log::Tail::new(&world.host);
    let timed = |case: &Case| {
        let begun = Instant::now();
        let seen = play::play(&world, &mut log, case);
        if begun.elapsed() > SLOW {
            eprintln!("{name}: {} took {:?}", case.name, begun.elapsed());
        }
        (case.name.clone(), seen)
    };
    cases.iter().map(timed).collect()
}

#[test]
fn plugins_see_and_cause_what_was_recorded_with_envoy() {
    let cases = cases::all();
    let seen = play(&program("mesh-filter-proxy"), "ours", &cases);
    record::assert_agrees(&cases, &record::committed(), &seen);
}

#[test]
fn each_known_difference_is_explained() {
    let table = std::fs::read_to_string(root().join("docs/differences.md")).unwrap();
    for case in cases::all() {
        let Some(row) = case.differs else { continue };
        assert!(table.contains(&format!("| `{row}` |")), "{}: no row `{row}`", case.name);
    }
}

#[test]
fn the_record_is_what_envoy_does() {
    let Some(envoy) = envoy() else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let seen = play(&envoy, "envoy", &cases::all());
    record::write_or_compare(&seen);
}
