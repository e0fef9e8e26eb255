//! What the workers of a simulation have in common, on whichever threads they run.

use super::clock::VirtualClock;
use super::faults::FaultPlan;
use super::journal::Journal;
use super::mock::Mocks;
use mesh_filter_runtime::host::{Metrics, Queues, SharedData};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One proxy, as far as its workers share it.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) clock: Arc<VirtualClock>,
    pub(super) journal: Arc<Journal>,
    pub(super) mocks: Arc<Mocks>,
    pub(super) faults: Arc<FaultPlan>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shared_data: Arc<SharedData>,
    pub(super) queues: Arc<Queues>,
    /// Counts the events of all agendas: equal times are in this order.
    pub(super) events: Arc<AtomicU64>,
    pub(super) seed: u64,
}

impl Shared {
    pub(super) fn new(start: Duration, seed: u64) -> Self {
        let clock = Arc::new(VirtualClock::new(start));
        let journal = Arc::new(Journal::new(Arc::clone(&clock)));
        Self {
            mocks: Arc::new(Mocks::new(Arc::clone(&journal))),
            faults: Arc::default(),
            clock,
            journal,
            metrics: Arc::default(),
            shared_data: Arc::default(),
            queues: Arc::default(),
            events: Arc::default(),
            seed,
        }
    }

    /// The number of an event that is entered now.
    pub(super) fn next_event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::Relaxed)
    }
}

/// One of these things in the hands of a worker, which knows it by a trait of the runtime.
#[derive(Debug)]
pub(super) struct Common<T>(pub(super) Arc<T>);

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
