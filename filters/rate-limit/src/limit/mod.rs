//! How often something may happen: a bucket that fills evenly, or windows of the calendar. Pure: time and state come in.

mod calendar;
mod gcra;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use gcra::Bucket;
pub(crate) use window::{Unit, Window};

/// What is kept of one client. Nothing is owed after `until`: then it is as a client that was never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct State {
    /// Nanoseconds of the monotonic clock: when the bucket is full again, or when the window ends.
    pub(crate) until: u64,
    /// Of a bucket: so many parts of a nanosecond later, of which `tokens_per_fill` are one. Of a window: what was taken in it.
    pub(crate) part: u32,
    /// Of a bucket: nanoseconds that were ever given back, for those who want to give back as well.
    pub(crate) returned: u64,
}

impl State {
    /// Whether it is as good as none.
    pub(crate) fn is_over(self, now: u64) -> bool {
        (self.until, self.part) <= (now, 0)
    }
}

/// How often something may happen.
#[derive(Debug, Clone)]
pub(crate) enum Limit {
    Bucket(Bucket),
    Window(Window),
}

/// What came of taking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It fits, and this is the state then.
    Fits(State),
    /// It does not fit before so many nanoseconds have passed; `None`: it never does.
    Over(Option<u64>),
}

/// What a client is told of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What it may take at once, or in the window.
    pub(crate) quota: u64,
    /// What is left of that.
    pub(crate) remaining: u64,
    /// Nanoseconds until all of it is there again.
    pub(crate) reset: u64,
    /// Nanoseconds in which all of it comes.
    pub(crate) window: u64,
}

impl Limit {
    /// Takes so many hits.
    pub(crate) fn take(&self, state: State, now: u64, hits: u32) -> Taken {
        match self {
            Self::Bucket(bucket) => bucket.take(state, now, hits),
            Self::Window(window) => window.take(state, now, hits),
        }
    }

    /// Gives back what was taken between two states, as far as that lets nobody have more than without both. `now` has to be
    /// read after the present state was.
    pub(crate) fn give_back(&self, present: State, (before, after): (State, State), now: u64) -> State {
        match self {
            Self::Bucket(bucket) => bucket.give_back(present, (before, after), now),
            Self::Window(window) => window.give_back(present, (before, after)),
        }
    }

    /// What a client with this state is told.
    pub(crate) fn standing(&self, state: State, now: u64) -> Standing {
        match self {
            Self::Bucket(bucket) => bucket.standing(state, now),
            Self::Window(window) => window.standing(state, now),
        }
    }

    /// A number that tells the kinds apart: their states say different things.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::Bucket(_) => 1,
            Self::Window(_) => 2,
        }
    }
}
