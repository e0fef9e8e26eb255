//! The limits against exact references, over random arrivals.

use super::*;
use mesh_filter_test::proptest::prelude::*;
use std::cell::Cell;
use std::num::NonZeroU32;
use std::rc::Rc;

const SECOND: u64 = 1_000_000_000;

fn bucket(max_tokens: u32, per_interval: u32, interval: u64) -> Bucket {
    let number = |value| NonZeroU32::new(value).unwrap();
    Bucket::new(number(max_tokens), number(per_interval), interval).unwrap()
}

/// A bucket as it is described: tokens come all the time, in fractions of a token that are exact.
struct Reference {
    /// Tokens, times `interval`.
    level: u128,
    last: u64,
    max_tokens: u32,
    per_interval: u32,
    interval: u64,
}

impl Reference {
    fn new(max_tokens: u32, per_interval: u32, interval: u64) -> Self {
        let level = u128::from(max_tokens) * u128::from(interval);
        Self { level, last: 0, max_tokens, per_interval, interval }
    }

    fn take(&mut self, now: u64, hits: u32) -> bool {
        let come = u128::from(now - self.last) * u128::from(self.per_interval);
        let most = u128::from(self.max_tokens) * u128::from(self.interval);
        self.level = (self.level + come).min(most);
        self.last = now;
        let cost = u128::from(hits) * u128::from(self.interval);
        let fits = cost <= self.level;
        self.level -= if fits { cost } else { 0 };
        fits
    }

    fn tokens(&self) -> u64 {
        u64::try_from(self.level / u128::from(self.interval)).unwrap()
    }
}

/// Steps of time and hits, in bursts and with pauses.
fn arrivals() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let step = prop_oneof![Just(0_u64), 0..50_u64, 0..5_000_u64, 0..3_000_000_u64];
    prop::collection::vec((step, prop_oneof![8 => Just(1_u32), 1 => 2..5_u32]), 1..200)
}

proptest! {
    #[test]
    fn the_bucket_decides_as_the_exact_reference(
        (max_tokens, per_interval, interval) in (1..40_u32, 1..40_u32, 40..10_000_u64),
        arrivals in arrivals(),
    ) {
        let bucket = bucket(max_tokens, per_interval, interval);
        let mut reference = Reference::new(max_tokens, per_interval, interval);
        let (mut state, mut now) = (State::default(), 0);
        for (step, hits) in arrivals {
            now += step;
            let fits = match bucket.take(state, now, hits) {
                Taken::Fits(after) => { state = after; true }
                Taken::Over(None) => { prop_assert!(hits > max_tokens); false }
                Taken::Over(Some(wait)) => {
                    // Not a nanosecond earlier, and surely then.
                    prop_assert!(matches!(bucket.take(state, now + wait, hits), Taken::Fits(_)));
                    prop_assert!(matches!(bucket.take(state, now + wait - 1, hits), Taken::Over(_)));
                    false
                }
            };
            prop_assert_eq!(fits, reference.take(now, hits), "at {}", now);
            let standing = bucket.standing(state, now);
            prop_assert_eq!(standing.remaining, reference.tokens());
            prop_assert_eq!(bucket.standing(state, now + standing.reset).remaining, u64::from(max_tokens));
        }
    }

    #[test]
    fn no_time_sees_more_than_the_burst_and_what_comes_in_it(
        (max_tokens, per_interval, interval) in (1..20_u32, 1..20_u32, 20..5_000_u64),
        arrivals in arrivals(),
    ) {
        let bucket = bucket(max_tokens, per_interval, interval);
        let (mut state, mut now, mut admitted) = (State::default(), 0_u64, Vec::new());
        for (step, _) in arrivals {
            now += step;
            if let Taken::Fits(after) = bucket.take(state, now, 1) {
                state = after;
                admitted.push(now);
            }
        }
        for (first, from) in admitted.iter().enumerate() {
            for (last, to) in admitted.iter().enumerate().skip(first) {
                let come = u128::from(to - from) * u128::from(per_interval) / u128::from(interval);
                prop_assert!(((last - first) as u128) < u128::from(max_tokens) + come);
            }
        }
    }

    /// What is given back lets nobody have more than if it had never been taken.
    #[test]
    fn what_is_given_back_is_never_more_than_what_was_taken(
        (max_tokens, per_interval, interval) in (1..12_u32, 1..12_u32, 12..2_000_u64),
        steps in prop::collection::vec((0..4_u8, 0..3_000_u64, 1..4_u32, any::<prop::sample::Index>()), 1..120),
    ) {
        let bucket = bucket(max_tokens, per_interval, interval);
        let (mut state, mut now) = (State::default(), 0_u64);
        // What was taken and may be given back: as it is now, and when.
        let mut open: Vec<((State, State), usize)> = Vec::new();
        let mut history: Vec<Option<(u64, u32)>> = Vec::new();
        for (kind, step, hits, index) in steps {
            now += if kind == 3 { step } else { step / 100 };
            if kind == 0 && !open.is_empty() {
                let (taken, number) = open.swap_remove(index.index(open.len()));
                state = bucket.give_back(state, taken, now);
                history[number] = None;
            } else if let Taken::Fits(after) = bucket.take(state, now, hits) {
                open.push(((state, after), history.len()));
                history.push(Some((now, hits)));
                state = after;
            }
            // The bucket in which only what was kept was ever taken.
            let mut only_kept = State::default();
            for (moment, hits) in history.iter().flatten() {
                match bucket.take(only_kept, *moment, *hits) {
                    Taken::Fits(after) => only_kept = after,
                    Taken::Over(_) => prop_assert!(false, "more was kept than there was"),
                }
            }
            let full = |state: State| (state.until, state.part).max((now, 0));
            prop_assert!(full(state) >= full(only_kept), "{state:?} {only_kept:?}");
        }
    }

    #[test]
    fn windows_count_as_a_list_of_hits_does(
        limit in 1..20_u32,
        seconds in 1..100_u64,
        epoch in 0..10_000_000_000_000_000_000_u64,
        arrivals in prop::collection::vec((0..20 * SECOND, 1..4_u32), 1..100),
    ) {
        let window = Window::new(NonZeroU32::new(limit).unwrap(), Unit::Seconds(seconds), Rc::new(Cell::new(epoch)));
        let number = |now: u64| (epoch + now) / (seconds * SECOND);
        let (mut state, mut now, mut admitted) = (State::default(), 0, Vec::new());
        for (step, hits) in arrivals {
            now += step;
            let present: u32 = admitted.iter().filter(|(at, _)| number(*at) == number(now)).map(|(_, hits)| hits).sum();
            match window.take(state, now, hits) {
                Taken::Fits(after) => {
                    prop_assert!(present + hits <= limit);
                    admitted.push((now, hits));
                    let before = state;
                    state = window.give_back(after, (before, after));
                    prop_assert_eq!(window.standing(state, now).remaining, u64::from(limit - present));
                    state = after;
                }
                Taken::Over(wait) => {
                    prop_assert!(present + hits > limit);
                    if let Some(wait) = wait {
                        prop_assert_eq!(number(now + wait), number(now) + 1);
                        prop_assert_eq!(number(now + wait - 1), number(now));
                    }
                }
            }
        }
    }
}

#[test]
fn a_bucket_that_cannot_be_counted_is_none() {
    let one = NonZeroU32::MIN;
    assert!(Bucket::new(one, one, 0).is_none());
    assert!(
        Bucket::new(one, NonZeroU32::new(11).unwrap(), 10).is_none(),
        "less than a nanosecond for a token"
    );
    assert!(Bucket::new(NonZeroU32::MAX, one, u64::MAX).is_none());
}

#[test]
fn thirds_of_a_second_do_not_add_up_to_less() {
    let bucket = bucket(3, 3, SECOND);
    let mut state = State::default();
    for second in 1..1000 {
        for _ in 0..3 {
            let Taken::Fits(after) = bucket.take(state, second * SECOND, 1) else { panic!("at {second} s") };
            state = after;
        }
        assert!(matches!(bucket.take(state, second * SECOND, 1), Taken::Over(Some(333_333_334))));
    }
}

#[test]
fn a_smaller_limit_from_another_configuration_is_at_most_empty() {
    let large = bucket(1000, 1, SECOND);
    let mut state = State::default();
    for _ in 0..1000 {
        let Taken::Fits(after) = large.take(state, 0, 1) else { panic!() };
        state = after;
    }
    assert_eq!(bucket(2, 1, SECOND).take(state, 0, 1), Taken::Over(Some(SECOND)));
    // Parts of a nanosecond that the new limit does not have.
    let odd = State { until: 5, part: u32::MAX, returned: 0 };
    assert!(matches!(bucket(2, 1, SECOND).take(odd, 0, 1), Taken::Fits(_)));
}

#[test]
fn windows_of_the_calendar_end_when_the_wall_clock_says() {
    // 31 December 2025, 23:59:59, a Wednesday, when the monotonic clock says 5 s.
    let epoch = 1_767_225_599 * SECOND - 5 * SECOND;
    let wait = |unit| {
        let window = Window::new(NonZeroU32::MIN, unit, Rc::new(Cell::new(epoch)));
        let Taken::Fits(state) = window.take(State::default(), 5 * SECOND, 1) else { panic!() };
        let Taken::Over(Some(wait)) = window.take(state, 5 * SECOND, 1) else { panic!() };
        wait / SECOND
    };
    assert_eq!(wait(Unit::Seconds(60)), 1);
    assert_eq!(wait(Unit::Seconds(86_400)), 1);
    assert_eq!(wait(Unit::Month), 1);
    assert_eq!(wait(Unit::Year), 1);
    assert_eq!(wait(Unit::Week), 4 * 86_400 + 1);
}
