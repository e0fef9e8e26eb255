//! What waits for a moment. A proxy has one timer for each root context; all of these share it.

use crate::clock::Instant;
use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

/// Timers and clocks round differently: what is due within this is due. It is also the shortest
/// period that a proxy's timer has.
pub(crate) const TOLERANCE: Duration = Duration::from_millis(1);

/// The waiting futures of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// By moment, then in the order in which they began to wait.
    waiting: VecDeque<Timer>,
    last: u64,
    /// Roots whose first moment may be another now.
    changed: Vec<u32>,
}

#[derive(Debug)]
struct Timer {
    due: Instant,
    number: u64,
    root: u32,
    waker: Waker,
}

impl Timers {
    /// Wakes at this moment of the monotonic clock; answers the number by which to forget it.
    pub(crate) fn add(&mut self, root: u32, due: Instant, waker: Waker) -> u64 {
        self.last += 1;
        let timer = Timer { due, number: self.last, root, waker };
        let place = self.waiting.partition_point(|other| other.due <= due);
        self.waiting.insert(place, timer);
        self.change(root);
        self.last
    }

    /// Forgets one. The proxy's timer is left as it is: that one tick comes in vain costs less than
    /// a hostcall for each exchange whose answer came in time.
    pub(crate) fn remove(&mut self, due: Instant, number: u64) {
        if let Ok(place) =
            self.waiting.binary_search_by_key(&(due, number), |timer| (timer.due, timer.number))
        {
            self.waiting.remove(place);
        }
    }

    /// Wakes what is due of a root.
    pub(crate) fn fire(&mut self, root: u32, now: Instant) {
        let end = self.waiting.partition_point(|timer| timer.due <= now + TOLERANCE);
        let due: Vec<_> = self.waiting.drain(..end).collect();
        let mut others = Vec::new();
        for timer in due {
            if timer.root == root { timer.waker.wake() } else { others.push(timer) }
        }
        for timer in others.into_iter().rev() {
            self.waiting.push_front(timer);
        }
        self.change(root);
    }

    /// When the first of a root is due.
    pub(crate) fn first(&self, root: u32) -> Option<Instant> {
        self.waiting.iter().find(|timer| timer.root == root).map(|timer| timer.due)
    }

    /// The roots of which [`Self::first`] may have changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.changed)
    }

    fn change(&mut self, root: u32) {
        if !self.changed.contains(&root) {
            self.changed.push(root);
        }
    }
}
