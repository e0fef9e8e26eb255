//! Futures that wait for messages of shared queues.

use super::reactor::{Reactor, current};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The waits of one plugin.
#[derive(Default)]
pub(crate) struct Queues {
    waits: RefCell<Vec<Wait>>,
    last: Cell<u64>,
}

struct Wait {
    number: u64,
    queue: u32,
    waker: Waker,
}

impl Queues {
    /// Wakes all who wait for messages of this queue: each looks, and one gets what there is.
    pub(crate) fn wake(&self, queue: u32) {
        for wait in self.waits.borrow().iter().filter(|wait| wait.queue == queue) {
            wait.waker.wake_by_ref();
        }
    }
}

/// Looks now, and whenever a message was put into the queue, until there is something to see.
///
/// `None` where nobody would be woken, outside a filter.
pub(crate) async fn look<T>(queue: u32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let (reactor, _) = current()?;
    let number = reactor.queues.last.get() + 1;
    reactor.queues.last.set(number);
    let waiting = Waiting { number, reactor };
    poll_fn(|context| match look() {
        Some(seen) => Poll::Ready(Some(seen)),
        None => {
            waiting.leave();
            let wait = Wait { number, queue, waker: context.waker().clone() };
            waiting.reactor.queues.waits.borrow_mut().push(wait);
            Poll::Pending
        }
    })
    .await
}

/// Leaves the list with the future.
struct Waiting {
    number: u64,
    reactor: Rc<Reactor>,
}

impl Waiting {
    fn leave(&self) {
        self.reactor.queues.waits.borrow_mut().retain(|wait| wait.number != self.number);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.leave();
    }
}
