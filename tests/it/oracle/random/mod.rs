//! Random programs over random exchanges, played in both hosts; what differs is made as small as it can be.
//!
//! `$ORACLE_RANDOM` says how many, `$ORACLE_SEED` where to begin; the same numbers give the same exchanges.

mod generate;

use std::env;
use std::path::Path;

use serde_json::json;

use super::case::{Case, Exchange, case};
use super::log::Tail;
use super::play::play_exchange;
use crate::support::build::program;
use crate::support::compare::differing_lines;
use crate::support::host::envoy;
use crate::support::world::World;

use generate::{Numbers, Trial};

/// Enough for a look at each kind of step, in a few seconds.
const COUNT: u64 = 400;

/// How often a trial that differs is looked at, so that a race of a busy machine is not taken for a difference.
const TRIES: usize = 3;

/// The roots' part: they let the newest stream go on when its callout has landed.
const ROOT: &str = "
    http_call_response:
      set_effective_context $stream
      continue_stream $side
    request_headers:
      from PROGRAM
    ";

/// The listeners: as Envoy is by default, and with headers that can be held.
fn cases() -> [Case; 2] {
    let chain =
        |name| case(name, &ROOT.replace("PROGRAM", "x-first")).then(&ROOT.replace("PROGRAM", "x-second"));
    let holding = json!({"allow_on_headers_stop_iteration": true});
    let mut held = chain("random/held");
    held.plugins.iter_mut().for_each(|plugin| plugin.options = holding.clone());
    [chain("random/plain"), held]
}

/// One host and its log.
struct Side {
    world: World,
    log: Tail,
}

impl Side {
    fn start(host: &Path, name: &str) -> Self {
        let listeners: Vec<_> = cases().iter().map(Case::listener).collect();
        let world = World::start(host, "oracle-random", name, &listeners);
        let mut log = Tail::new(&world.host);
        for case in cases() {
            log.wait(&case.name, 0, |lines| {
                lines.iter().filter(|line| line.text.contains(" configure ")).count() == 2
            });
        }
        log.forget();
        Self { world, log }
    }

    fn play(&mut self, case: &Case, exchange: &Exchange) -> String {
        let (mut seen, lines) = play_exchange(&self.world, &mut self.log, case, exchange, 0);
        self.log.forget();
        seen["log"] = lines.into_iter().map(|line| line.text).collect();
        serde_json::to_string_pretty(&seen).unwrap()
    }
}

/// How the hosts differ on a trial, if they do every time.
fn difference(envoy: &mut Side, ours: &mut Side, trial: &Trial) -> Option<String> {
    let cases = cases();
    let case = &cases[usize::from(trial.held)];
    let exchange = trial.exchange();
    let mut found = None;
    for _ in 0..TRIES {
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(|| envoy.play(case, &exchange));
            let other = ours.play(case, &exchange);
            (one.join().expect("Envoy plays"), other)
        });
        if one == other {
            return None;
        }
        found = Some(differing_lines(["envoy", "ours"], &one, &other));
    }
    found
}

/// Leaves out one step after the other, as long as the hosts still differ.
fn shrink(envoy: &mut Side, ours: &mut Side, trial: Trial) -> Trial {
    let mut smallest = trial;
    loop {
        let smaller = smallest.smaller().into_iter().find(|trial| difference(envoy, ours, trial).is_some());
        match smaller {
            Some(trial) => smallest = trial,
            None => return smallest,
        }
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn random_programs_do_what_they_do_in_envoy() {
    let Some(program_of_envoy) = envoy().filter(|_| env::var_os("ORACLE_RECORD").is_none()) else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let (count, seed) = (number("ORACLE_RANDOM", COUNT), number("ORACLE_SEED", 1));
    let mut envoy = Side::start(&program_of_envoy, "envoy");
    let mut ours = Side::start(&program("mesh-filter-proxy"), "ours");
    for seed in seed..seed + count {
        let trial = Trial::new(&mut Numbers::new(seed));
        let Some(difference_found) = difference(&mut envoy, &mut ours, &trial) else { continue };
        let smallest = shrink(&mut envoy, &mut ours, trial);
        let told = difference(&mut envoy, &mut ours, &smallest).unwrap_or(difference_found);
        panic!("seed {seed} differs (`cargo xtask oracle --random 1 --seed {seed}`):\n{smallest}\n{told}");
    }
}
