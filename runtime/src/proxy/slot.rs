//! Where a waiting connection or stream can be woken by others on the same thread.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

/// A bell with memory.
#[derive(Debug, Default)]
pub(super) struct Slot {
    waker: RefCell<Option<Waker>>,
    rung: Cell<bool>,
}

impl Slot {
    /// Wakes whoever waits, now or later.
    pub(super) fn ring(&self) {
        self.rung.set(true);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Whether it has been rung since the last look; if not, the task is woken when it is.
    pub(super) fn take(&self, context: &Context<'_>) -> bool {
        if self.rung.replace(false) {
            return true;
        }
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        false
    }
}
