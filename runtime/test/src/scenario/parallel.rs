//! Reads `parallel`, exchanges that all begin before time passes, and plays steps whose exchanges overlap.

use super::check;
use super::earlier;
use super::expect::{Expect, count};
use super::files::Folder;
use super::run::{Broken, Play};
use super::seen::exchange_lines;
use super::stage::{Deeds, Scope};
use super::step::{Exchanges, Order};
use super::template::Variables;
use crate::report::Problem;
use crate::sim::Plan;
use mesh_filter_runtime::document::{Node, Result};

/// What `parallel` may have; `expect` in it is for each exchange.
pub(super) const OF_PARALLEL: [&str; 5] = ["count", "request", "worker", "upstream", "expect"];

/// What its `expect` may have: the rest is of the step as a whole.
const OF_EACH: [&str; 3] = ["upstream", "response", "set_properties"];

/// Most exchanges that are open at once.
const MAX_OPEN: usize = 100_000;

/// Reads a step with `parallel`.
pub(super) fn step(node: &Node, workers: usize, variables: &Variables, folder: &Folder) -> Result<Exchanges> {
    let fields = node.mapping(&["parallel", "as", "expect"])?;
    let parallel = fields.required("parallel")?;
    let inner = parallel.mapping(&OF_PARALLEL)?;
    inner.required("request")?;
    if let Some(expect) = inner.get("expect") {
        expect.mapping(&OF_EACH)?;
    }
    let counted = variables.expand(inner.required("count")?)?;
    let repeat = count(&counted)?;
    if repeat > MAX_OPEN {
        return Err(counted.expected(&format!("at most {MAX_OPEN} exchanges at once")));
    }
    let whole = fields.optional("expect", |node| Expect::of_request(&variables.expand(node)?, folder))?;
    let order = Order::Parallel { whole: Box::new(whole.unwrap_or_default()) };
    let name = fields.optional("as", |node| earlier::name(&variables.expand(node)?))?;
    let mut exchanges = Exchanges::read(parallel, repeat, order, workers, variables, folder)?;
    exchanges.name = name;
    Ok(exchanges)
}

impl Play<'_> {
    /// Plays exchanges that are all open before the first is waited for.
    pub(super) fn together(
        &mut self,
        exchanges: &Exchanges,
        scope: &Scope,
    ) -> std::result::Result<(), Broken> {
        let before = self.stage.usage();
        let (mut tickets, mut plans, mut expects) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..exchanges.repeat {
            let (plan, expect) = self.plan(exchanges, index)?;
            if let Some(interleave) = exchanges.interleave() {
                let worker = interleave.workers.get(index % interleave.workers.len().max(1));
                plans.push(Plan { worker: worker.copied(), ..plan });
            } else {
                tickets.push(self.stage.open(plan));
            }
            expects.push(expect);
        }
        if exchanges.interleave().is_some() {
            (tickets, self.turns.choices) = self.stage.interleave(plans, self.turns.schedule.clone());
        }
        let whole = exchanges.whole().cloned().or_else(|| expects.first().cloned()).unwrap_or_default();
        let (mut all, mut problems, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (ticket, expect)) in tickets.into_iter().zip(&expects).enumerate() {
            let mut found = Vec::new();
            match self.stage.finish(ticket) {
                Ok(finished) => {
                    self.note(|record| record.exchange(index, &finished));
                    check::exchange(expect, &finished, &mut found);
                    if exchanges.whole().is_some() {
                        check::exchange(&whole, &finished, &mut found);
                    }
                    if !found.is_empty() && problems.is_empty() {
                        seen = exchange_lines(&finished);
                    }
                    all.push(finished);
                }
                Err(hang) => found.push(Problem::at(exchanges.place(), hang)),
            }
            // One exchange says as much as all of them.
            if !found.is_empty() && problems.is_empty() {
                let text = format!("in exchange {index} of {} (`i` counts from 0)", exchanges.repeat);
                problems.push(Problem::nowhere(text));
                problems.append(&mut found);
            }
        }
        let cost = self.cost(vec![before, self.stage.usage()], 0);
        let deeds = Deeds { exchanges: all, cost, ..self.stage.deeds(scope) };
        let judged = self.judge(&whole, &deeds, problems, scope.mark);
        judged.map_err(|(problems, told)| {
            // What the last exchange saw is told anyway.
            let told = if seen.is_empty() { told } else { seen.into_iter().chain(told).collect() };
            (problems, told)
        })?;
        self.remember(exchanges, deeds);
        Ok(())
    }
}
