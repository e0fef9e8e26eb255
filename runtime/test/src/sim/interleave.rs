//! Plays exchanges on several workers at once, by a schedule.

use super::baton::{Baton, Choice, Part, Schedule};
use super::crew::Seat;
use super::exchange::Plan;
use super::lane::Lane;
use super::{Engine, ExchangeId, FilterId};
use mesh_filter_runtime::worker::StreamId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most events that end at once on a worker while others wait.
const MAX_EVENTS: usize = 100_000;

impl Engine {
    /// Begins exchanges, on each worker one after the other, and lets them go as far as they can without
    /// time passing. Answers the exchanges, in order, and who could have run when.
    pub(crate) fn interleave(
        &mut self,
        chain: &[FilterId],
        plans: Vec<Plan>,
        schedule: Schedule,
    ) -> (Vec<ExchangeId>, Vec<Choice>) {
        let mut parts: BTreeMap<usize, Vec<(usize, Plan)>> = BTreeMap::new();
        for (index, plan) in plans.into_iter().enumerate() {
            parts.entry(plan.worker.unwrap_or(0)).or_default().push((index, plan));
        }
        let baton = Arc::new(Baton::new(parts.keys().copied().collect(), schedule));
        let mut begun = Vec::new();
        for (worker, plans) in parts {
            let (baton, chain) = (Arc::clone(&baton), chain.to_vec());
            let work = move |lane: &mut Lane| lane.play_part(&chain, plans, &baton, worker);
            if let Some(Seat::Thread(thread)) = self.workers.get(worker) {
                begun.push((worker, thread.begin(work)));
            }
        }
        let mut exchanges: Vec<(usize, ExchangeId)> = Vec::new();
        for (worker, result) in begun {
            let Some(Seat::Thread(thread)) = self.workers.get_mut(worker) else { continue };
            let opened = thread.wait(&result).into_iter();
            exchanges
                .extend(opened.map(|(index, stream)| (index, ExchangeId { worker, stream: Some(stream) })));
        }
        self.advance(std::time::Duration::ZERO);
        exchanges.sort_by_key(|(index, _)| *index);
        (exchanges.into_iter().map(|(_, exchange)| exchange).collect(), baton.choices())
    }
}

impl Lane {
    fn play_part(
        &mut self,
        chain: &[FilterId],
        plans: Vec<(usize, Plan)>,
        baton: &Arc<Baton>,
        worker: usize,
    ) -> Vec<(usize, StreamId)> {
        let part = Part::begin(baton, worker);
        self.hooks.join(Some((Arc::clone(baton), worker)));
        let mut opened = Vec::new();
        for (index, plan) in plans {
            opened.push((index, self.open(chain, plan)));
            self.run_due();
        }
        self.hooks.join(None);
        drop(part);
        opened
    }

    /// Lets happen what is due now on this worker.
    fn run_due(&mut self) {
        for _ in 0..MAX_EVENTS {
            match self.next().0 {
                Some((at, _)) if at <= self.now() => self.step(),
                _ => return,
            }
        }
    }
}
