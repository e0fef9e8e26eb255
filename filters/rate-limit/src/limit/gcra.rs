//! A token bucket that fills evenly, kept as one moment: that at which it is full again (the generic cell rate algorithm).
//!
//! Moments are whole nanoseconds and parts of one. A nanosecond has `tokens_per_fill` parts, so that the time of a token is a
//! whole number of them: nothing is ever rounded, and the rate is exactly the one that is configured.

use super::{Standing, State, Taken};
use std::num::NonZeroU32;

/// How large a bucket is, and how fast it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    max_tokens: u32,
    /// Tokens that come in each `interval`; parts of a nanosecond.
    per_interval: NonZeroU32,
    /// Nanoseconds.
    interval: u64,
    /// The time in which one token comes.
    one: Time,
    /// The time in which an empty bucket fills.
    whole: Time,
}

/// A length of time, or a moment: nanoseconds, and parts of one.
type Time = (u64, u32);

impl Bucket {
    /// `None` where it cannot be counted with: a token needs a nanosecond at least, and the bucket has to fill within 292 years.
    pub(crate) fn new(max_tokens: NonZeroU32, per_interval: NonZeroU32, interval: u64) -> Option<Self> {
        let bare = Self { max_tokens: max_tokens.get(), per_interval, interval, one: (0, 0), whole: (0, 0) };
        let one = bare.time(1)?;
        let whole = bare.time(max_tokens.get())?;
        let countable = one.0 > 0 && i64::try_from(whole.0).is_ok();
        countable.then_some(Self { one, whole, ..bare })
    }

    /// The time in which so many tokens come.
    fn time(&self, tokens: u32) -> Option<Time> {
        let parts = u128::from(tokens) * u128::from(self.interval);
        let per = u128::from(self.per_interval.get());
        Some((u64::try_from(parts / per).ok()?, u32::try_from(parts % per).ok()?))
    }

    fn add(&self, a: Time, b: Time) -> Time {
        let parts = u64::from(a.1) + u64::from(b.1);
        let per = u64::from(self.per_interval.get());
        let (carry, parts) = if parts >= per { (1, parts - per) } else { (0, parts) };
        (a.0.saturating_add(b.0).saturating_add(carry), u32::try_from(parts).unwrap_or(u32::MAX))
    }

    /// From the earlier moment to the later one; none if it is the other way round.
    fn between(&self, earlier: Time, later: Time) -> Time {
        if later <= earlier {
            return (0, 0);
        }
        match later.1.checked_sub(earlier.1) {
            Some(parts) => (later.0 - earlier.0, parts),
            None => (
                later.0.saturating_sub(earlier.0).saturating_sub(1),
                later.1.saturating_add(self.per_interval.get()).saturating_sub(earlier.1),
            ),
        }
    }

    /// When the bucket is full. A bucket that is emptier than empty comes from another configuration, and is empty.
    fn full_at(&self, state: State, now: u64) -> Time {
        let part = state.part.min(self.per_interval.get() - 1);
        (state.until, part).clamp((now, 0), self.add((now, 0), self.whole))
    }

    /// See [`super::Limit::take`].
    pub(super) fn take(&self, state: State, now: u64, hits: u32) -> Taken {
        let cost = match hits {
            1 => self.one,
            hits if hits <= self.max_tokens => self.time(hits).unwrap_or(self.whole),
            _ => return Taken::Over(None),
        };
        let after = self.add(self.full_at(state, now), cost);
        let latest = self.add((now, 0), self.whole);
        match after <= latest {
            true => Taken::Fits(State { until: after.0, part: after.1, ..state }),
            false => Taken::Over(Some(rounded_up(self.between(latest, after)))),
        }
    }

    /// See [`super::Limit::give_back`].
    ///
    /// Where somebody took in between, the bucket may have been full at that moment, had we not taken before; then what we
    /// took would be back already, in part or wholly. It cannot have been full earlier than at the moment at which it would be
    /// full by what we left behind, less what others have given back since. What would be filled by then is not given back.
    pub(super) fn give_back(&self, present: State, (before, after): (State, State), now: u64) -> State {
        if present == after {
            return before;
        }
        let others = present.returned.wrapping_sub(after.returned);
        let taken = self.between((before.until, before.part), (after.until, after.part)).0.min(self.whole.0);
        let amount = taken.min(after.until.saturating_sub(others).saturating_sub(now));
        State {
            until: present.until.saturating_sub(amount),
            returned: present.returned.wrapping_add(amount),
            ..present
        }
    }

    /// See [`super::Limit::standing`].
    pub(super) fn standing(&self, state: State, now: u64) -> Standing {
        let full_at = self.full_at(state, now);
        let left = self.between(full_at, self.add((now, 0), self.whole));
        let parts = u128::from(left.0) * u128::from(self.per_interval.get()) + u128::from(left.1);
        Standing {
            quota: self.max_tokens.into(),
            remaining: u64::try_from(parts / u128::from(self.interval)).unwrap_or(u64::MAX),
            reset: rounded_up(self.between((now, 0), full_at)),
            window: rounded_up(self.whole),
        }
    }
}

fn rounded_up((whole, part): Time) -> u64 {
    whole.saturating_add(u64::from(part > 0))
}
