//! Calls that are made again.

use super::*;
use crate::call::{Budget, On, Retry, Stopped};

const TIMEOUT: (&str, &str) = ("504", "upstream request timeout");
const DOWN: (&str, &str) = ("503", "no healthy upstream");

/// Plays answers to the tries of one call, each as soon as the call is made; answers how long was
/// waited before each further try, and the line in which the filter tells how it ended.
fn play<F: Filter>(answers: &[(&str, &str)]) -> (Vec<u64>, String) {
    let mut run = Run::new::<F>();
    let (mut waits, mut token) = (Vec::new(), 4);
    run.request(&GET, true);
    for (status, body) in answers {
        let done = run.done();
        assert!(done.iter().any(|verb| verb.starts_with("call bucket")), "{done:?}");
        run.answer(token, status, body);
        token += 4;
        let tick =
            run.fake.done.borrow().iter().rev().find_map(|done| done.strip_prefix("tick ")?.parse().ok());
        if let Some(wait) = tick.filter(|wait| *wait > 0) {
            run.done();
            run.fake.now_ms.set(run.fake.now_ms.get() + wait);
            waits.push(wait);
            run.plugin.tick(1);
        }
    }
    (waits, run.lines().join("\n"))
}

macro_rules! retrying {
    ($name:ident, $call:expr) => {
        filter!($name, |request, next| {
            match $call.send().await {
                Ok(reply) => log::info!("{} {}", reply.status(), reply.tries()),
                Err(error) => {
                    log::info!("{} {:?} {}", error.tries(), error.stopped(), error.last());
                }
            }
            next.run(request).await
        });
    };
}

fn ask() -> call::Call {
    call::get(&bucket(), "/").timeout(secs(1))
}

#[test]
fn a_call_is_made_again_until_it_is_answered_and_waits_longer_each_time() {
    retrying!(Three, ask().retry(Retry::times(3).backoff(millis(100)..millis(300))));
    let (waits, line) = play::<Three>(&[DOWN, TIMEOUT, ("502", ""), ("200", "")]);
    assert_eq!(line, "Info: 200 4");
    for (wait, allowed) in waits.iter().zip([50..=101, 100..=201, 150..=301]) {
        assert!(allowed.contains(wait), "{waits:?}");
    }
    let (waits, line) = play::<Three>(&[DOWN, DOWN, DOWN, TIMEOUT]);
    assert_eq!(waits.len(), 3);
    assert_eq!(line, "Info: 4 Tries cluster `bucket` did not reply within 1s");
    let (_, line) = play::<Three>(&[DOWN, DOWN, DOWN, ("503", "of its own")]);
    assert_eq!(line, "Info: 503 4", "the last reply is a reply");
}

#[test]
fn only_chosen_outcomes_and_methods_are_tried_again() {
    retrying!(Chosen, ask().retry(Retry::times(3).on([On::Timeout, On::Status(429)])));
    assert_eq!(play::<Chosen>(&[DOWN]).1.split(" cluster").next(), Some("Info: 1 Outcome"));
    assert_eq!(play::<Chosen>(&[("503", "")]).1, "Info: 503 1");
    assert_eq!(play::<Chosen>(&[("429", ""), TIMEOUT, ("200", "")]).1, "Info: 200 3");
    retrying!(Post, call::post(&bucket(), "/").retry(Retry::times(3)));
    assert_eq!(play::<Post>(&[DOWN]).1.split(" cluster").next(), Some("Info: 1 Method"));
    retrying!(AnyMethod, call::post(&bucket(), "/").retry(Retry::times(3).any_method()));
    assert_eq!(play::<AnyMethod>(&[DOWN, ("200", "")]).1, "Info: 200 2");
    retrying!(Unmade, call::get(&bucket(), "bad").retry(Retry::times(3)));
    assert!(play::<Unmade>(&[]).1.starts_with("Info: 1 Outcome the call to cluster `bucket` cannot be made"));
}

#[test]
fn all_tries_together_take_no_longer_than_they_may() {
    retrying!(Hurried, ask().retry(Retry::times(9).backoff(millis(80)..millis(80)).within(millis(100))));
    let mut run = Run::new::<Hurried>();
    run.request(&GET, true);
    assert_eq!(run.done(), ["call bucket GET / bucket 100"]);
    run.answer(4, "503", "no healthy upstream");
    run.done();
    run.fake.now_ms.set(90);
    run.plugin.tick(1);
    assert_eq!(run.done()[..2], ["effective 2", "call bucket GET / bucket 10"]);
    run.fake.now_ms.set(100);
    run.answer(8, TIMEOUT.0, TIMEOUT.1);
    assert_eq!(run.lines(), ["Info: 2 Deadline cluster `bucket` did not reply within 10ms"]);
}

#[test]
fn retries_end_where_they_are_too_many_among_the_calls_of_a_cluster() {
    filter!(Many, |request, next| {
        let retry = Retry::times(1).backoff(millis(1)..millis(1)).budget(Budget::percent(50).at_least(2));
        let mut tries = Vec::new();
        for _ in 0..8 {
            let error = ask().retry(retry.clone()).send().await.unwrap_err();
            assert_eq!(error.stopped() == Stopped::Budget, error.tries() == 1);
            tries.push(error.tries());
        }
        log::info!("{tries:?}");
        next.run(request).await
    });
    let mut run = Run::new::<Many>();
    run.request(&GET, true);
    let mut token = 4;
    while run.fake.lines.borrow().is_empty() {
        run.answer(token, DOWN.0, DOWN.1);
        run.fake.now_ms.set(run.fake.now_ms.get() + 1);
        run.plugin.tick(1);
        token += 4;
        assert!(token < 100);
    }
    assert_eq!(run.lines(), ["Info: [2, 2, 1, 1, 1, 2, 1, 2]"]);
}
