//! Several workers at one table, in every order in which their reads and writes can come.

use super::*;
use crate::limit::Bucket;
use std::num::NonZeroU32;

const SECOND: u64 = 1_000_000_000;

fn limit(max_tokens: u32) -> Limit {
    let number = |value| NonZeroU32::new(value).unwrap();
    Limit::Bucket(Bucket::new(number(max_tokens), number(1), SECOND).unwrap())
}

fn table(groups: u32, overflow: Overflow) -> Table {
    Table { store: Store::Model(model::Pages::default()), groups, secret: [7; 16], overflow }
}

/// A worker that handles one request after the other.
#[derive(Debug, Clone, Default)]
struct Worker {
    requests: usize,
    lost: usize,
}

/// What became of all requests in one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    admitted: usize,
    refused: usize,
    contended: usize,
}

/// Plays a schedule: which worker does its next step, by its place among those that are not done. Beyond its end the first
/// goes on. Answers how many could have gone on at each step.
fn play(workers: usize, requests: usize, max_tokens: u32, schedule: &[usize]) -> (Outcome, Vec<usize>) {
    let (table, limit) = (table(4, Overflow::Share), limit(max_tokens));
    let client = table.client(b"one", limit.kind());
    let mut all: Vec<(Worker, Option<Look>)> =
        (0..workers).map(|_| (Worker { requests, ..Worker::default() }, None)).collect();
    let (mut outcome, mut choices) = (Outcome::default(), Vec::new());
    loop {
        let mut able: Vec<&mut (Worker, Option<Look>)> =
            all.iter_mut().filter(|(worker, _)| worker.requests > 0).collect();
        if able.is_empty() {
            return (outcome, choices);
        }
        let chosen = schedule.get(choices.len()).copied().unwrap_or(0);
        choices.push(able.len());
        let (worker, look) = able.swap_remove(chosen);
        let done = match look.take() {
            None => {
                let seen = table.look(client, &limit, SECOND, 1).unwrap();
                let over = matches!(seen.verdict, Verdict::Over(_));
                outcome.refused += usize::from(over);
                *look = (!over).then_some(seen);
                over
            }
            Some(seen) if table.attempt(client, &seen).unwrap().is_some() => {
                outcome.admitted += 1;
                true
            }
            Some(_) => {
                worker.lost += 1;
                let contended = worker.lost == MAX_TRIES;
                outcome.contended += usize::from(contended);
                contended
            }
        };
        if done {
            worker.requests -= 1;
            worker.lost = 0;
        }
    }
}

/// Plays every schedule there is.
fn every_schedule(
    workers: usize,
    requests: usize,
    max_tokens: u32,
    mut check: impl FnMut(&Outcome),
) -> usize {
    let (mut schedule, mut played) = (Vec::new(), 0);
    loop {
        let (outcome, choices) = play(workers, requests, max_tokens, &schedule);
        check(&outcome);
        played += 1;
        schedule.resize(choices.len(), 0);
        // The next one: the last step at which another could have gone on.
        while let Some(last) = schedule.pop() {
            if last + 1 < choices[schedule.len()] {
                schedule.push(last + 1);
                break;
            }
        }
        if schedule.is_empty() {
            return played;
        }
    }
}

#[test]
fn in_every_order_of_reads_and_writes_exactly_the_limit_is_admitted() {
    for (workers, requests, max_tokens) in [(2, 3, 4), (3, 1, 2), (2, 2, 1), (4, 1, 2)] {
        let all = workers * requests;
        let played = every_schedule(workers, requests, max_tokens, |outcome| {
            let limit = usize::try_from(max_tokens).unwrap();
            // So few workers lose at most one race for each write of another: nobody gives up.
            let expected = Outcome { admitted: limit, refused: all - limit, contended: 0 };
            assert_eq!(*outcome, expected);
        });
        assert!(played > 5, "{played}");
    }
}

#[test]
fn who_loses_every_race_takes_nothing() {
    let (table, limit) = (table(1, Overflow::Share), limit(100));
    let client = table.client(b"one", limit.kind());
    // Somebody else writes before each of our writes.
    let mut look = table.look(client, &limit, SECOND, 1).unwrap();
    for _ in 0..MAX_TRIES {
        let rival = table.look(client, &limit, SECOND, 1).unwrap();
        assert!(table.attempt(client, &rival).unwrap().is_some());
        assert!(table.attempt(client, &look).unwrap().is_none());
        look = table.look(client, &limit, SECOND, 1).unwrap();
    }
    let left = limit.standing(table.look(client, &limit, SECOND, 1).unwrap().state, SECOND).remaining;
    assert_eq!(left, 100 - u64::try_from(MAX_TRIES).unwrap());
}

#[test]
fn what_is_given_back_can_be_taken_again() {
    let (table, limit) = (table(1, Overflow::Share), limit(2));
    let client = table.client(b"one", limit.kind());
    let take = || {
        let look = table.look(client, &limit, SECOND, 1).unwrap();
        match table.take(client, &limit, (SECOND, 1), look).unwrap() {
            Debit::Done(receipt, 0) => Some(receipt),
            _ => None,
        }
    };
    let (first, second) = (take().unwrap(), take().unwrap());
    assert!(take().is_none());
    table.give_back(client, &limit, first, || SECOND).unwrap();
    assert!(take().is_some() && take().is_none());
    table.give_back(client, &limit, second, || SECOND).unwrap();
    assert!(take().is_some() && take().is_none());
}

#[test]
fn clients_beyond_the_places_are_treated_as_configured_and_nobody_is_put_out() {
    for (overflow, admitted) in [(Overflow::Share, 5), (Overflow::Allow, 20), (Overflow::Deny, 4)] {
        let (table, limit) = (table(1, overflow), limit(1));
        let take = |name: u32, now| {
            let client = table.client(&name.to_le_bytes(), limit.kind());
            let look = table.look(client, &limit, now, 1).unwrap();
            matches!(table.take(client, &limit, (now, 1), look).unwrap(), Debit::Done(..))
        };
        let count = (0..20).filter(|name| take(*name, SECOND)).count();
        assert_eq!(count, admitted, "{overflow:?}");
        assert!((0..4).all(|name| !take(name, SECOND)), "who was there first is still limited");
        assert!((20..24).all(|name| take(name, 3 * SECOND)), "places are free when nothing is owed");
    }
}

#[test]
fn a_worker_of_its_own_counts_as_well() {
    let table = Table { store: Store::worker(4), ..table(4, Overflow::Share) };
    let limit = limit(3);
    let client = table.client(b"one", limit.kind());
    let taken = (0..5).filter(|_| {
        let look = table.look(client, &limit, SECOND, 1).unwrap();
        matches!(table.take(client, &limit, (SECOND, 1), look).unwrap(), Debit::Done(..))
    });
    assert_eq!(taken.count(), 3);
}
