//! So many hits in each window of the calendar, as rate limit services count: a second, a minute, .., a year in UTC.
//!
//! Windows begin where the wall clock says, and pass by the monotonic clock: a wall clock that is set later moves none.

use super::{Standing, State, Taken, calendar};
use std::cell::Cell;
use std::num::NonZeroU32;
use std::rc::Rc;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
/// From 1970, which began on a Thursday, to the first Monday.
const MONDAY: u64 = 4 * DAY;

/// How long a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// So many seconds.
    Seconds(u64),
    /// From Monday on.
    Week,
    Month,
    Year,
}

/// So many hits in each window.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    requests_per_unit: u32,
    unit: Unit,
    /// Nanoseconds from 1970 to where the monotonic clock counts from.
    epoch: Rc<Cell<u64>>,
}

impl Window {
    pub(crate) fn new(requests_per_unit: NonZeroU32, unit: Unit, epoch: Rc<Cell<u64>>) -> Self {
        Self { requests_per_unit: requests_per_unit.get(), unit, epoch }
    }

    /// Beginning and end of the present window: nanoseconds since 1970.
    fn bounds(&self, wall: u64) -> (u64, u64) {
        match self.unit {
            Unit::Seconds(seconds) => even(wall, seconds.max(1).saturating_mul(SECOND), 0),
            Unit::Week => even(wall, 7 * DAY, MONDAY),
            Unit::Month => days(calendar::month(wall / DAY)),
            Unit::Year => days(calendar::year(wall / DAY)),
        }
    }

    /// The end of the present window by the monotonic clock.
    fn end(&self, now: u64) -> u64 {
        self.bounds(self.epoch.get().saturating_add(now)).1.saturating_sub(self.epoch.get())
    }

    fn taken(state: State, now: u64) -> u32 {
        if state.until > now { state.part } else { 0 }
    }

    /// See [`super::Limit::take`].
    pub(super) fn take(&self, state: State, now: u64, hits: u32) -> Taken {
        let end = self.end(now);
        match Self::taken(state, now).checked_add(hits) {
            Some(part) if part <= self.requests_per_unit => {
                Taken::Fits(State { until: end, part, ..State::default() })
            }
            _ => Taken::Over((hits <= self.requests_per_unit).then_some(end - now)),
        }
    }

    /// See [`super::Limit::give_back`].
    pub(super) fn give_back(&self, present: State, (before, after): (State, State)) -> State {
        // Of another window nothing was taken.
        let same = if before.until == after.until { before.part } else { 0 };
        let taken = if present.until == after.until { after.part.saturating_sub(same) } else { 0 };
        State { part: present.part.saturating_sub(taken), ..present }
    }

    /// See [`super::Limit::standing`].
    pub(super) fn standing(&self, state: State, now: u64) -> Standing {
        let (start, end) = self.bounds(self.epoch.get().saturating_add(now));
        Standing {
            quota: self.requests_per_unit.into(),
            remaining: self.requests_per_unit.saturating_sub(Self::taken(state, now)).into(),
            reset: end.saturating_sub(self.epoch.get()).saturating_sub(now),
            window: end - start,
        }
    }
}

/// Windows of one length, of which one begins at `first`.
fn even(wall: u64, length: u64, first: u64) -> (u64, u64) {
    // Before the first one there is a part of a window.
    let start = if wall < first { 0 } else { wall - (wall - first) % length };
    let end = if wall < first { first } else { start.saturating_add(length) };
    (start, end)
}

fn days((start, end): (u64, u64)) -> (u64, u64) {
    (start.saturating_mul(DAY), end.saturating_mul(DAY))
}
