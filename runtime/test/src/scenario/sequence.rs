//! Plays exchanges one after the other.

use super::check;
use super::expect::Expect;
use super::run::{Broken, Play};
use super::stage::{Deeds, Scope};
use super::step::Exchanges;
use crate::report::Problem;

impl Play<'_> {
    /// Plays the exchanges of a step, each to its end before the next.
    pub(super) fn exchanges(&mut self, exchanges: &Exchanges, scope: &Scope) -> Result<(), Broken> {
        let mut all = Vec::with_capacity(exchanges.repeat.min(1024));
        let mut readings = vec![self.stage.usage()];
        let mut expect = Expect::default();
        for index in 0..exchanges.repeat {
            let before = self.stage.mark();
            let (plan, expected) = self.plan(exchanges, index)?;
            let ticket = self.stage.open(plan);
            expect = expected;
            let mut problems = Vec::new();
            match self.stage.finish(ticket) {
                Ok(finished) => {
                    self.note(|record| record.exchange(index, &finished));
                    check::exchange(&expect, &finished, &mut problems);
                    // Of millions of exchanges nobody may want to know more than the last.
                    if exchanges.name.is_none() && !expect.is_about_all() {
                        all.clear();
                    }
                    all.push(finished);
                }
                Err(hang) => problems.push(Problem::at(exchanges.place(), hang)),
            }
            if expect.budget.is_some() {
                readings.push(self.stage.usage());
            }
            if !problems.is_empty() {
                if exchanges.repeat > 1 {
                    problems
                        .insert(0, Problem::nowhere(format!("in repetition {index} (`i` counts from 0)")));
                }
                // Counts over the step would only repeat that it has not been gone through.
                let deeds = Deeds { exchanges: all, ..self.stage.deeds(scope) };
                let trap = expect.trap.filter(|_| !deeds.traps.is_empty());
                let whole = Expect { log: expect.log, trap, ..Expect::default() };
                return self.judge(&whole, &deeds, problems, before);
            }
        }
        let cost = self.cost(readings, exchanges.warm_up);
        let deeds = Deeds { exchanges: all, cost, ..self.stage.deeds(scope) };
        self.judge(&expect, &deeds, Vec::new(), scope.mark)?;
        self.remember(exchanges, deeds);
        Ok(())
    }
}
