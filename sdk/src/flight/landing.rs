//! One result for which many wait.

use super::FlightError;
use std::cell::{OnceCell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What shared work ended with.
pub(crate) type Outcome<V> = Result<Rc<V>, FlightError>;

/// Where the result of shared work arrives.
pub(crate) struct Landing<V> {
    outcome: OnceCell<Outcome<V>>,
    /// One place for each who waits; empty when they have left.
    waiting: RefCell<Vec<Option<Waker>>>,
}

impl<V: 'static> Landing<V> {
    /// Starts work as a task of the root context.
    ///
    /// `landed` runs once, when there is a result or the work was given up, before anybody is woken.
    pub(crate) fn start(
        work: impl Future<Output = Outcome<V>> + 'static,
        landed: impl FnOnce(&Outcome<V>) + 'static,
    ) -> Rc<Self> {
        let landing = Rc::new(Self { outcome: OnceCell::new(), waiting: RefCell::default() });
        let leader = Leader { landing: Rc::clone(&landing), landed: Some(landed) };
        crate::task::spawn(async move {
            let mut leader = leader;
            leader.land(work.await);
        });
        landing
    }

    /// Whether the work is over.
    pub(crate) fn has_landed(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// The result, when it is there.
    pub(crate) fn wait(self: Rc<Self>) -> Waiting<V> {
        Waiting { landing: self, place: None }
    }
}

/// Lands in any case: with the result, or without one when the task is dropped.
struct Leader<V, F: FnOnce(&Outcome<V>)> {
    landing: Rc<Landing<V>>,
    landed: Option<F>,
}

impl<V, F: FnOnce(&Outcome<V>)> Leader<V, F> {
    fn land(&mut self, outcome: Outcome<V>) {
        let Some(landed) = self.landed.take() else { return };
        landed(&outcome);
        // Nobody else sets it.
        let _ = self.landing.outcome.set(outcome);
        let waiting = self.landing.waiting.take();
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

impl<V, F: FnOnce(&Outcome<V>)> Drop for Leader<V, F> {
    fn drop(&mut self) {
        self.land(Err(FlightError::Abandoned));
    }
}

/// Waits for the result of shared work.
pub(crate) struct Waiting<V> {
    landing: Rc<Landing<V>>,
    place: Option<usize>,
}

impl<V> Future for Waiting<V> {
    type Output = Outcome<V>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<V>> {
        if let Some(outcome) = self.landing.outcome.get() {
            return Poll::Ready(outcome.clone());
        }
        let waker = Some(context.waker().clone());
        let place = {
            let mut waiting = self.landing.waiting.borrow_mut();
            match self.place.and_then(|place| waiting.get_mut(place)) {
                Some(old) => {
                    *old = waker;
                    self.place
                }
                None => {
                    waiting.push(waker);
                    Some(waiting.len() - 1)
                }
            }
        };
        self.place = place;
        Poll::Pending
    }
}

impl<V> Drop for Waiting<V> {
    fn drop(&mut self) {
        let mut waiting = self.landing.waiting.borrow_mut();
        if let Some(place) = self.place.and_then(|place| waiting.get_mut(place)) {
            *place = None;
        }
    }
}
