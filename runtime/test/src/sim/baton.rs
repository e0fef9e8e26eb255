//! The baton: of workers that run on threads of their own it lets one run at a time, and is handed over
//! where they can notice each other.

use super::shared::lock;
use mesh_filter_runtime::host::Random as _;
use mesh_filter_runtime::host::random::SeededRandom;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The calls before which it may be handed over: what one worker does with them another can notice.
const SHARED: [&str; 6] = [
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_dequeue_shared_queue",
];

/// Who runs when: a worker for each moment at which there is a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// For the first moments; then whoever runs goes on as long as it can.
    pub(crate) turns: Vec<usize>,
    /// After those turns chance chooses, by this seed.
    pub(crate) seed: Option<u64>,
}

/// A moment at which there was a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Who could have run.
    pub(crate) workers: Vec<usize>,
    /// Who did.
    pub(crate) chosen: usize,
}

/// The baton of one interleaving.
#[derive(Debug)]
pub(super) struct Baton {
    state: Mutex<State>,
    handed: Condvar,
}

#[derive(Debug)]
struct State {
    holder: Option<usize>,
    /// Workers that are not at their end.
    running: Vec<usize>,
    schedule: Schedule,
    random: SeededRandom,
    choices: Vec<Choice>,
}

impl Baton {
    /// For these workers.
    pub(super) fn new(workers: Vec<usize>, schedule: Schedule) -> Self {
        let random = SeededRandom::new(schedule.seed.unwrap_or(0));
        let mut state = State { holder: None, running: workers, schedule, random, choices: Vec::new() };
        state.choose();
        Self { state: Mutex::new(state), handed: Condvar::new() }
    }

    /// All choices so far.
    pub(super) fn choices(&self) -> Vec<Choice> {
        lock(&self.state).choices.clone()
    }

    /// Hands it over before this call, if it is one where that may be and the schedule says so.
    pub(super) fn before(&self, hostcall: &str, worker: usize) {
        if SHARED.contains(&hostcall) {
            lock(&self.state).choose();
            self.handed.notify_all();
            self.wait(worker);
        }
    }

    fn wait(&self, worker: usize) {
        let mut state = lock(&self.state);
        while state.holder != Some(worker) {
            state = self.handed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    /// Who runs next.
    fn choose(&mut self) {
        let stays = self.holder.filter(|holder| self.running.contains(holder));
        let by_itself = stays.or_else(|| self.running.first().copied());
        if self.running.len() < 2 {
            self.holder = by_itself;
            return;
        }
        let wanted = match self.schedule.turns.get(self.choices.len()) {
            Some(worker) => Some(*worker).filter(|worker| self.running.contains(worker)),
            None if self.schedule.seed.is_some() => {
                let mut byte = [0];
                self.random.fill(&mut byte);
                self.running.get(usize::from(byte[0]) % self.running.len()).copied()
            }
            None => None,
        };
        self.holder = wanted.or(by_itself);
        if let Some(chosen) = self.holder {
            self.choices.push(Choice { workers: self.running.clone(), chosen });
        }
    }
}

/// A worker's part in an interleaving: from when it first has the baton to its end.
#[derive(Debug)]
pub(super) struct Part {
    baton: Arc<Baton>,
    worker: usize,
}

impl Part {
    /// Waits for the baton.
    pub(super) fn begin(baton: &Arc<Baton>, worker: usize) -> Self {
        baton.wait(worker);
        Self { baton: Arc::clone(baton), worker }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut state = lock(&self.baton.state);
        state.running.retain(|worker| *worker != self.worker);
        state.choose();
        drop(state);
        self.baton.handed.notify_all();
    }
}
