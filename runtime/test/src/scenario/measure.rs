//! Measures cases: what their exchanges cost a module when they go on and on, nothing of it judged.

use super::budget::WARM_UP;
use super::run::Play;
use super::step::Step;
use super::suite::{Case, Suite};
use crate::sim::CallCost;
use crate::traffic::Chunking;
use crate::world::World;
use mesh_filter_runtime::guest::Usage;
use std::time::Duration;

/// What the exchanges of a case cost.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The case's name.
    pub name: String,
    /// How many exchanges were counted: those of the warm-up are not.
    pub exchanges: usize,
    /// Fuel of an exchange.
    pub fuel: Spread,
    /// Calls of host functions in an exchange.
    pub hostcalls: Spread,
    /// Bytes of memory in the end.
    pub memory: u64,
    /// Bytes by which the memory grew after the warm-up.
    pub heap_growth: u64,
    /// What its callbacks cost, by name.
    pub callbacks: Vec<CallbackCost>,
}

/// Least, middle and most of several numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// The smallest one.
    pub least: u64,
    /// As many are smaller as are larger.
    pub median: u64,
    /// The largest one.
    pub most: u64,
}

/// What a callback cost.
#[derive(Debug, Clone)]
pub struct CallbackCost {
    /// Name of the export.
    pub name: &'static str,
    /// How often it was called.
    pub calls: usize,
    /// Fuel of a call.
    pub fuel: Spread,
    /// Calls of host functions in a call.
    pub hostcalls: Spread,
    /// CPU time of a call that half of them stay below, the host's part included. No two runs agree on it.
    pub cpu_p50: Duration,
    /// CPU time of a call that 99 of 100 stay below.
    pub cpu_p99: Duration,
}

impl Suite {
    /// Measures the cases whose name is `wanted` over so many exchanges each.
    ///
    /// The steps of a case are gone through again and again in one VM, and nothing is expected of what happens. An
    /// error says why a case cannot be measured; cases without exchanges, or with a reload or a chain, are left out.
    #[must_use]
    pub fn measure(
        &self,
        world: &World,
        exchanges: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<Result<Measured, String>> {
        let cases = self.cases.iter().filter(|case| wanted(&case.name) && case.is_measured());
        let measure = |case: &Case| match case.not_portable(world) {
            Some(_) => None,
            None => Some(case.measure(world, exchanges).map_err(|why| format!("{}: {why}", case.name))),
        };
        cases.filter_map(measure).collect()
    }
}

impl Case {
    fn is_measured(&self) -> bool {
        let has = |wanted: fn(&Step) -> bool| self.steps.iter().any(wanted);
        // Of a VM that is replaced on the way nothing grows.
        self.refused.is_none()
            && self.settings.chain.is_empty()
            && has(|step| matches!(step, Step::Exchanges(_)))
            && !has(|step| matches!(step, Step::Reload(_)))
    }

    fn measure(&self, world: &World, exchanges: usize) -> Result<Measured, String> {
        let mut play = Play::new(self, Chunking::AsWritten, world, false);
        play.stage.start(&self.settings.setup).map_err(|failure| format!("{failure:?}"))?;
        let mut warm_up = WARM_UP;
        let mut readings: Vec<Usage> = Vec::new();
        'rounds: loop {
            for (cluster, rules) in &self.settings.mocks {
                play.stage.mock(cluster, rules.clone());
            }
            for step in &self.steps {
                let Step::Exchanges(step) = step else {
                    play.pass(step);
                    continue;
                };
                for index in 0..step.repeat {
                    let wrong = |(problems, _): super::run::Broken| {
                        problems.first().map(|problem| problem.text.clone()).unwrap_or_default()
                    };
                    let (plan, _) = play.plan(step, index).map_err(wrong)?;
                    if warm_up == 0 && readings.is_empty() {
                        readings.extend(play.stage.usage());
                        play.stage.keep_costs();
                    }
                    let ticket = play.stage.open(plan);
                    play.stage.finish(ticket)?;
                    if warm_up > 0 {
                        warm_up -= 1;
                        continue;
                    }
                    readings.extend(play.stage.usage());
                    if readings.len() > exchanges || readings.is_empty() {
                        break 'rounds;
                    }
                }
            }
        }
        let costs = play.stage.costs();
        if costs.is_empty() {
            return Err("nobody counts what it costs: only modules are measured".to_owned());
        }
        let each = |of: fn(&Usage) -> u64| {
            let pairs = readings.iter().zip(readings.iter().skip(1));
            Spread::of(pairs.map(|(before, after)| of(after).saturating_sub(of(before))).collect())
        };
        let memory = |usage: Option<&Usage>| usage.map_or(0, |usage| usage.memory);
        let (first, last) = (memory(readings.first()), memory(readings.last()));
        Ok(Measured {
            name: self.name.clone(),
            exchanges: readings.len().saturating_sub(1),
            fuel: each(|usage| usage.fuel),
            hostcalls: each(|usage| usage.hostcalls),
            memory: last,
            heap_growth: last.saturating_sub(first),
            callbacks: costs.into_iter().map(|(name, costs)| callback(name, &costs)).collect(),
        })
    }
}

impl Spread {
    fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
        Self { least: at(0), median: at(numbers.len() / 2), most: at(numbers.len().saturating_sub(1)) }
    }
}

fn callback(name: &'static str, costs: &[CallCost]) -> CallbackCost {
    let spread = |of: fn(&CallCost) -> u64| Spread::of(costs.iter().map(of).collect());
    let mut cpu: Vec<Duration> = costs.iter().map(|cost| cost.cpu).collect();
    cpu.sort_unstable();
    let of_100 =
        |share: usize| cpu.get(cpu.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
    CallbackCost {
        name,
        calls: costs.len(),
        fuel: spread(|cost| cost.fuel),
        hostcalls: spread(|cost| cost.hostcalls),
        cpu_p50: of_100(50),
        cpu_p99: of_100(99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_least_middle_and_most() {
        assert_eq!(Spread::of(vec![5, 1, 3]), Spread { least: 1, median: 3, most: 5 });
        assert_eq!(Spread::of(vec![7]), Spread { least: 7, median: 7, most: 7 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
