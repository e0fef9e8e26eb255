//! Lets time pass over all workers, each event at its own moment, and exchanges go on with it.

use super::crew::Seat;
use super::exchange::{Finished, Hang, Plan};
use super::lane::Lane;
use super::{Engine, ExchangeId, FilterId};
use mesh_filter_runtime::worker::StreamId;
use std::time::Duration;

/// Most events at one moment: beyond it a plugin calls out or ticks without end.
const MAX_EVENTS_AT_ONCE: usize = 100_000;

/// Most events while time passes: a timer of a second for some days; beyond it something is wrong.
const MAX_EVENTS: usize = 500_000;

impl Engine {
    /// Lets time pass; what falls due meanwhile happens at its own moment.
    pub(crate) fn advance(&mut self, span: Duration) {
        let target = self.shared.clock.elapsed().saturating_add(span);
        self.run_until(target);
    }

    /// Begins an exchange through these filters and lets it go as far as it can without time passing.
    ///
    /// Workers take turns, unless it is for a certain one.
    pub(crate) fn open(&mut self, chain: &[FilterId], plan: Plan) -> ExchangeId {
        let last = self.workers.len().saturating_sub(1);
        let number = plan.worker.unwrap_or_else(|| {
            self.turns += 1;
            (self.turns - 1) % self.workers.len().max(1)
        });
        let (number, chain) = (number.min(last), chain.to_vec());
        let stream =
            self.workers.get_mut(number).map(|worker| worker.with(move |lane| lane.open(&chain, plan)));
        // Whatever is due now happens now: an upstream without delay answers at once.
        self.run_until(self.shared.clock.elapsed());
        ExchangeId { worker: number, stream }
    }

    /// Whether the client has its answer.
    pub(crate) fn is_done(&mut self, id: ExchangeId) -> bool {
        self.of(id, |lane, stream| lane.is_done(stream)).unwrap_or(true)
    }

    /// Lets time pass until the exchange has ended.
    ///
    /// Time moves to callouts and upstream answers that are under way. It does not move for timers
    /// alone: they would let a forgotten request wait for ever.
    pub(crate) fn finish(&mut self, id: ExchangeId) -> Result<Finished, Hang> {
        while !self.is_done(id) {
            let sure = self.workers.iter_mut().filter_map(|worker| worker.with(Lane::next).1).min();
            match sure {
                Some((at, _)) if !self.has_problems() => self.run_until(at),
                _ => {
                    return self
                        .of(id, |lane, stream| Err(lane.give_up(stream)))
                        .unwrap_or_else(|| Ok(Finished::default()));
                }
            }
        }
        Ok(self.of(id, Lane::take).unwrap_or_default())
    }

    /// Does something with an exchange.
    pub(super) fn of<R: Send + 'static>(
        &mut self,
        id: ExchangeId,
        work: impl FnOnce(&mut Lane, StreamId) -> R + Send + 'static,
    ) -> Option<R> {
        let stream = id.stream?;
        self.workers.get_mut(id.worker).map(|worker| worker.with(move |lane| work(lane, stream)))
    }

    fn has_problems(&mut self) -> bool {
        let mut workers = self.workers.iter_mut();
        !self.problems.is_empty() || workers.any(|worker| worker.with(|lane| !lane.problems.is_empty()))
    }

    fn run_until(&mut self, target: Duration) {
        let (mut at_once, mut events) = (0, 0);
        while let Some((at, worker)) = self.next_until(target) {
            at_once = if at > self.shared.clock.elapsed() { 0 } else { at_once + 1 };
            events += 1;
            if at_once > MAX_EVENTS_AT_ONCE {
                self.problems.push(format!(
                    "more than {MAX_EVENTS_AT_ONCE} callouts and timers ended at one moment: \
                     the plugin starts a new one from each"
                ));
                break;
            }
            if events > MAX_EVENTS {
                self.problems.push(format!(
                    "more than {MAX_EVENTS} callouts and timers ended in one passage of time: \
                     let less time pass, or set longer periods"
                ));
                break;
            }
            self.shared.clock.move_to(at);
            if let Some(worker) = self.workers.get_mut(worker) {
                worker.with(Lane::step);
            }
        }
        self.shared.clock.move_to(target);
    }

    /// When the next event is due, if it is by then, and on which worker.
    fn next_until(&mut self, target: Duration) -> Option<(Duration, usize)> {
        let next = |(index, worker): (usize, &mut Seat)| worker.with(Lane::next).0.map(|key| (key, index));
        let ((at, _), worker) = self.workers.iter_mut().enumerate().filter_map(next).min()?;
        (at <= target).then_some((at, worker))
    }
}
