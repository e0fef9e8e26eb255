//! The simulator as a stage for cases.

use super::{
    Choice, Engine, ExchangeId, Fault, FilterId, Finished, Mark, Meter, Plan, Properties, Rules, Schedule,
    Setup,
};
use crate::scenario::budget::Cost;
use crate::scenario::stage::{Deeds, Scope, Stage, StartFailure, Ticket};
use crate::world::World;
use bytes::Bytes;
use std::time::Duration;

/// A simulated proxy that plays one run of a case.
pub(crate) struct SimStage<'a> {
    world: &'a World,
    engine: Engine,
    chain: Vec<FilterId>,
    /// The place of the case's own filter in it.
    own: usize,
    /// Exchanges by the number of their ticket.
    exchanges: Vec<ExchangeId>,
}

impl<'a> SimStage<'a> {
    /// A stage whose clock and random bytes are those of the setup; `traced` writes hostcalls down.
    pub(crate) fn new(world: &'a World, setup: &Setup, traced: bool) -> Self {
        let mut engine = Engine::new(setup.start, setup.seed, setup.workers);
        if setup.threads {
            engine.use_threads();
        }
        if traced {
            engine.trace();
        }
        Self { world, engine, chain: Vec::new(), own: 0, exchanges: Vec::new() }
    }
}

impl Stage for SimStage<'_> {
    fn mock(&mut self, cluster: &str, rules: Rules) {
        self.engine.mocks().set(cluster, rules);
    }

    fn fault(&mut self, fault: Fault) {
        self.engine.faults().order(fault);
    }

    fn unmet_faults(&self) -> Vec<(Fault, u32)> {
        self.engine.faults().unmet()
    }

    fn set_shared_data(&mut self, vm_id: &str, key: &str, value: &[u8]) {
        self.engine.set_shared_data(vm_id, key, value);
    }

    fn shared_data(&self, vm_id: &str, key: &str) -> Option<Bytes> {
        self.engine.shared_data(vm_id, key)
    }

    fn give_properties(&mut self, properties: &Properties) {
        self.engine.give_properties(properties);
    }

    fn start(&mut self, setup: &Setup) -> Result<(), StartFailure> {
        self.own = self.chain.len();
        let started = self.engine.add(self.world, setup);
        self.chain.push(started.map_err(|error| StartFailure::Refused(error.to_string()))?);
        Ok(())
    }

    fn start_other(&mut self, filter: &str, setup: &Setup) -> Result<(), StartFailure> {
        let world = self.world.other(filter).map_err(StartFailure::Broken)?;
        let started = self.engine.add_to(Some(filter), world, setup);
        self.chain.push(started.map_err(|error| StartFailure::Refused(error.to_string()))?);
        Ok(())
    }

    fn replace(&mut self, setup: &Setup, new_vm: bool) -> Result<(), StartFailure> {
        let Some(filter) = self.chain.get(self.own) else { return Ok(()) };
        let replaced = self.engine.replace(*filter, self.world, setup, new_vm);
        replaced.map_err(|error| StartFailure::Refused(error.to_string()))
    }

    fn open(&mut self, plan: Plan) -> Ticket {
        self.exchanges.push(self.engine.open(&self.chain, plan));
        Ticket(self.exchanges.len() - 1)
    }

    fn interleave(&mut self, plans: Vec<Plan>, schedule: Schedule) -> (Vec<Ticket>, Vec<Choice>) {
        let (exchanges, choices) = self.engine.interleave(&self.chain, plans, schedule);
        let first = self.exchanges.len();
        self.exchanges.extend(exchanges);
        ((first..self.exchanges.len()).map(Ticket).collect(), choices)
    }

    fn finish(&mut self, ticket: Ticket) -> Result<Finished, String> {
        let Some(id) = self.exchanges.get(ticket.0) else { return Ok(Finished::default()) };
        self.engine.finish(*id).map_err(|hang| hang.to_string())
    }

    fn advance(&mut self, span: Duration) {
        self.engine.advance(span);
    }

    fn keep_calls(&mut self) {
        self.engine.journal().keep_calls();
    }

    fn meter(&self) -> Option<&Meter> {
        Some(&self.engine.journal().meter)
    }

    fn mark(&self) -> Mark {
        self.engine.journal().mark()
    }

    fn scope(&mut self) -> Scope {
        let engine = &self.engine;
        Scope { mark: engine.journal().mark(), metrics: engine.metrics(), callouts: engine.mocks().counts() }
    }

    fn deeds(&mut self, since: &Scope) -> Deeds {
        let problems = self.engine.take_problems();
        let (journal, mocks) = (self.engine.journal(), self.engine.mocks());
        let callouts = mocks.names().into_iter().map(|name| {
            let calls = mocks.calls(&name).split_off(since.callouts_before(&name));
            (name, calls)
        });
        Deeds {
            exchanges: Vec::new(),
            callouts: callouts.collect(),
            metrics: since.growth(self.engine.metrics(), &self.engine.gauges()),
            logs: journal.logs(since.mark),
            traps: journal.traps(since.mark),
            calls: journal.calls(since.mark),
            cost: Cost::default(),
            problems,
        }
    }

    fn timeline(&self, since: Mark) -> Vec<String> {
        self.engine.journal().timeline(since)
    }
}
