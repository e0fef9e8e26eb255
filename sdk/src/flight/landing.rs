//! One result for which many wait.
//!
//! It knows nothing of the result's type, else all of it would be in a module once more for each type. Those who know the
//! type ask for it by [`typed`].

use super::FlightError;
use crate::dispatch::Task;
use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What shared work ended with.
pub(crate) type Outcome = Result<Rc<dyn Any>, FlightError>;

/// The result as what it is.
pub(crate) fn typed<V: 'static>(outcome: Outcome) -> Result<Rc<V>, FlightError> {
    // Work that landed has the type of those who started it.
    outcome?.downcast().map_err(|_| FlightError::Abandoned)
}

/// What is to be done when there is a result.
type Landed = Box<dyn FnOnce(&Outcome)>;

/// Where the result of shared work arrives.
pub(crate) struct Landing {
    outcome: OnceCell<Outcome>,
    /// One place for each who waits; empty when they have left.
    waiting: RefCell<Vec<Option<Waker>>>,
}

impl Landing {
    /// Starts work as a task of the root context.
    ///
    /// `landed` runs once, when there is a result or the work was given up, before anybody is woken.
    pub(crate) fn start(work: Task<Outcome>, landed: Landed) -> Rc<Self> {
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
    pub(crate) fn wait(self: Rc<Self>) -> Waiting {
        Waiting { landing: self, place: None }
    }
}

/// Lands in any case: with the result, or without one when the task is dropped.
struct Leader {
    landing: Rc<Landing>,
    landed: Option<Landed>,
}

impl Leader {
    fn land(&mut self, outcome: Outcome) {
        let Some(landed) = self.landed.take() else { return };
        landed(&outcome);
        // Nobody else sets it.
        let _ = self.landing.outcome.set(outcome);
        let waiting = self.landing.waiting.take();
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.land(Err(FlightError::Abandoned));
    }
}

/// Waits for the result of shared work.
pub(crate) struct Waiting {
    landing: Rc<Landing>,
    place: Option<usize>,
}

impl Future for Waiting {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
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

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiting = self.landing.waiting.borrow_mut();
        if let Some(place) = self.place.and_then(|place| waiting.get_mut(place)) {
            *place = None;
        }
    }
}
