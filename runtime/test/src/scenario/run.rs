//! Plays cases: a fresh VM for each, its steps one after the other, until one does not hold.

use super::check::{self, Deeds};
use super::chunking::Plan as Chunkings;
use super::expect::Expect;
use super::seen::{exchange_lines, request_line};
use super::step::{Exchanges, Step};
use super::suite::{Case, Settings, Suite};
use crate::report::{CaseReport, Failure, Problem, Report};
use crate::sim::{Engine, Fault, Finished, Mark, Plan, Target};
use crate::traffic::Chunking;
use crate::world::World;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::worker::PluginId;
use std::collections::BTreeMap;

/// Most problems that a failure shows; the first ones tell most.
const MAX_PROBLEMS: usize = 10;
/// Most lines of a timeline that a failure shows.
const MAX_TIMELINE: usize = 120;
/// Largest body that is split at every place: each place is a run.
const MAX_SPLITS: usize = 10_000;
/// Between the runs of one seed and those of the next.
const SEED_STEP: u64 = 1 << 20;

impl Suite {
    /// Plays all cases.
    #[must_use]
    pub fn run(&self, world: &World) -> Report {
        self.run_where(world, |_| true)
    }

    /// Plays the cases whose name is `wanted`.
    #[must_use]
    pub fn run_where(&self, world: &World, wanted: impl Fn(&str) -> bool) -> Report {
        let cases = self.cases.iter().filter(|case| wanted(&case.name));
        Report { cases: cases.map(|case| self.case(case, world)).collect(), ..Report::default() }
    }

    /// Plays one of its cases.
    pub(super) fn case(&self, case: &Case, world: &World) -> CaseReport {
        let failure = case.fails(world).map(|(problems, seen)| Failure {
            problems,
            seen,
            rerun: world.rerun(&self.file, &case.name),
        });
        CaseReport {
            file: self.file.clone(),
            line: case.place.line(),
            name: case.name.clone(),
            world: world.name(),
            failure,
        }
    }
}

/// What does not hold, and what happened.
type Broken = (Vec<Problem>, Vec<String>);

impl Case {
    /// Why it fails. Then it has been played again with its hostcalls written down, which costs time
    /// and changes nothing.
    fn fails(&self, world: &World) -> Option<Broken> {
        let first = self.play(world, false).err()?;
        Some(self.play(world, true).err().unwrap_or(first))
    }

    fn play(&self, world: &World, traced: bool) -> Result<(), Broken> {
        if let Some(refusal) = world.refusal(&self.settings.setup) {
            return Err((vec![Problem::at(&self.place, refusal)], Vec::new()));
        }
        match self.settings.chunking {
            Chunkings::Once(chunking) => Play::new(self, chunking, traced).case(world).map(drop),
            Chunkings::Random { runs, most } => (0..runs).try_for_each(|run| {
                let seed = self.settings.setup.seed.wrapping_mul(SEED_STEP).wrapping_add(run.into());
                let played = Play::new(self, Chunking::Random { seed, most }, traced).case(world);
                played.map(drop).map_err(in_run(&format!("random chunks, number {run} of {runs} from 0")))
            }),
            Chunkings::EverySplit => {
                let longest = Play::new(self, Chunking::Size(1), traced)
                    .case(world)
                    .map_err(in_run("chunks of one byte"))?;
                if longest > MAX_SPLITS {
                    let text = format!(
                        "`every_split` of a body of {longest} bytes would be as many runs; the limit is {MAX_SPLITS}"
                    );
                    return Err((vec![Problem::at(&self.place, text)], Vec::new()));
                }
                (1..longest).try_for_each(|at| {
                    let split = Play::new(self, Chunking::SplitAt(at), traced).case(world);
                    split.map(drop).map_err(in_run(&format!("the body split after {at} bytes")))
                })
            }
        }
    }
}

fn in_run(run: &str) -> impl Fn(Broken) -> Broken {
    move |(problems, mut seen)| {
        seen.insert(0, format!("in the run with {run}"));
        (problems, seen)
    }
}

/// One run of a case.
struct Play<'a> {
    case: &'a Case,
    chunking: Chunking,
    engine: Engine,
    chain: Vec<PluginId>,
    /// Length of the longest body that has been sent.
    longest: usize,
}

impl<'a> Play<'a> {
    fn new(case: &'a Case, chunking: Chunking, traced: bool) -> Self {
        let Settings { setup, mocks, faults, shared_data, properties, .. } = &case.settings;
        let mut engine = Engine::new(setup.start, setup.seed);
        if traced {
            engine.trace();
        }
        for (key, value) in shared_data {
            engine.set_shared_data(&setup.vm_id, key, value);
        }
        engine.give_properties(properties);
        for fault in faults {
            engine.faults.order(fault.clone());
        }
        for (cluster, rules) in mocks {
            engine.mocks.set(cluster, rules.clone());
        }
        Self { case, chunking, engine, chain: Vec::new(), longest: 0 }
    }

    fn case(mut self, world: &World) -> Result<usize, Broken> {
        let start = Scope::of(&self.engine);
        let started = self.engine.add(world, &self.case.settings.setup);
        match (&self.case.refused, started) {
            (None, Ok(plugin)) => self.chain.push(plugin),
            (None, Err(error)) => {
                let mut problems = vec![Problem::at(&self.case.place, error.to_string())];
                problems.extend(self.errors(start.mark));
                return Err((problems, self.timeline(start.mark)));
            }
            (Some((place, _)), Ok(_)) => {
                let text = "expected that the filter refuses its configuration, but it started";
                return Err((vec![Problem::at(place, text)], self.timeline(start.mark)));
            }
            (Some((place, matcher)), Err(_)) => {
                let lines = self.engine.journal.logs(start.mark);
                if !lines.iter().any(|line| matcher.check(line.message.as_bytes()).is_ok()) {
                    let text = format!("expected a log line: {}", matcher.describe());
                    return Err((vec![Problem::at(place, text)], self.timeline(start.mark)));
                }
                return Ok(0);
            }
        }
        // What the start itself logs or calls is held against it too.
        let deeds = start.deeds(&mut self.engine, Vec::new());
        self.judge(&Expect::default(), &deeds, Vec::new(), start.mark)?;
        for step in &self.case.steps {
            self.step(step)?;
        }
        self.unmet_faults()?;
        Ok(self.longest)
    }

    /// A fault that nothing meets would make a test of nothing.
    fn unmet_faults(&self) -> Result<(), Broken> {
        let problem = |(fault, calls)| {
            let Fault { target, nth, place } = fault;
            let what = match target {
                Target::Hostcall { name, .. } => format!("`{name}` was called {calls} times"),
                Target::Callout { cluster, .. } => format!("cluster `{cluster}` was called {calls} times"),
            };
            let which = nth.map(|nth| format!(", and this is for call {nth}")).unwrap_or_default();
            Problem::at(&place, format!("the fault was never met: {what} since{which}"))
        };
        let problems: Vec<Problem> = self.engine.faults.unmet().into_iter().map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err((problems, self.timeline(Mark::default()))) }
    }

    fn step(&mut self, step: &Step) -> Result<(), Broken> {
        let scope = Scope::of(&self.engine);
        match step {
            Step::Mock(mocks) => {
                for (cluster, rules) in mocks {
                    let initial = || self.case.settings.mocks.get(cluster).cloned().unwrap_or_default();
                    self.engine.mocks.set(cluster, rules.clone().unwrap_or_else(initial));
                }
                Ok(())
            }
            Step::Fault(faults) => {
                faults.iter().for_each(|fault| self.engine.faults.order(fault.clone()));
                Ok(())
            }
            Step::Advance { span, expect } => {
                self.engine.advance(*span);
                let deeds = scope.deeds(&mut self.engine, Vec::new());
                self.judge(expect, &deeds, Vec::new(), scope.mark)
            }
            Step::Exchanges(exchanges) => self.exchanges(exchanges, scope),
        }
    }

    fn exchanges(&mut self, exchanges: &Exchanges, scope: Scope) -> Result<(), Broken> {
        let mut all = Vec::with_capacity(exchanges.repeat.min(1024));
        let mut expect = Expect::default();
        for index in 0..exchanges.repeat {
            let before = self.engine.journal.mark();
            let exchange =
                exchanges.exchange(index).map_err(|error| (vec![Problem::of(&error)], Vec::new()))?;
            let upstream = exchange.upstream.unwrap_or_else(|| self.case.settings.upstream.clone());
            self.longest = self.longest.max(exchange.request.whole_body().len()).max(upstream.body_len());
            let properties = exchange.properties;
            let plan = Plan { request: exchange.request, upstream, chunking: self.chunking, properties };
            let id = self.engine.open(&self.chain, plan);
            expect = exchange.expect;
            let mut problems = Vec::new();
            match self.engine.finish(id) {
                Ok(finished) => {
                    check::exchange(&expect, &finished, &mut problems);
                    all.push(finished);
                }
                Err(hang) => problems.push(Problem::at(exchanges.place(), hang.to_string())),
            }
            if !problems.is_empty() {
                if exchanges.repeat > 1 {
                    problems
                        .insert(0, Problem::nowhere(format!("in repetition {index} (`i` counts from 0)")));
                }
                // Counts over the step would only repeat that it has not been gone through.
                let deeds = scope.deeds(&mut self.engine, all);
                let trap = expect.trap.filter(|_| !deeds.traps.is_empty());
                let whole = Expect { log: expect.log, trap, ..Expect::default() };
                return self.judge(&whole, &deeds, problems, before);
            }
        }
        let deeds = scope.deeds(&mut self.engine, all);
        self.judge(&expect, &deeds, Vec::new(), scope.mark)
    }

    fn judge(
        &self,
        expect: &Expect,
        deeds: &Deeds,
        mut problems: Vec<Problem>,
        since: Mark,
    ) -> Result<(), Broken> {
        check::step(expect, deeds, &mut problems);
        let shared = |key: &str| self.engine.shared_data(&self.case.settings.setup.vm_id, key);
        check::shared_data(expect, shared, &mut problems);
        if problems.is_empty() {
            return Ok(());
        }
        if problems.len() > MAX_PROBLEMS {
            let more = problems.len() - MAX_PROBLEMS;
            problems.truncate(MAX_PROBLEMS);
            problems.push(Problem::nowhere(format!("... and {more} more")));
        }
        let mut seen = Vec::new();
        if let Some(last) = deeds.exchanges.last() {
            seen.extend(exchange_lines(last));
        }
        for (cluster, calls) in &deeds.callouts {
            seen.extend(calls.iter().map(|call| format!("callout to `{cluster}`: {}", request_line(call))));
        }
        seen.extend(self.timeline(since));
        Err((problems, seen))
    }

    fn errors(&self, since: Mark) -> Vec<Problem> {
        let lines = self.engine.journal.logs(since).into_iter().filter(|line| line.level >= LogLevel::Error);
        lines.map(|line| Problem::nowhere(format!("log {}: {}", line.level.name(), line.message))).collect()
    }

    fn timeline(&self, since: Mark) -> Vec<String> {
        let lines = self.engine.journal.timeline(since);
        if lines.is_empty() {
            return Vec::new();
        }
        let mut out = vec!["timeline:".to_owned()];
        let earlier = lines.len().saturating_sub(MAX_TIMELINE);
        if earlier > 0 {
            out.push(format!("  ... {earlier} earlier events"));
        }
        out.extend(lines.into_iter().skip(earlier).map(|line| format!("  {line}")));
        out
    }
}

/// The state at the beginning of a step, from which its deeds are counted.
struct Scope {
    mark: Mark,
    metrics: BTreeMap<String, u64>,
    callouts: BTreeMap<String, usize>,
}

impl Scope {
    fn of(engine: &Engine) -> Self {
        Self { mark: engine.journal.mark(), metrics: engine.metrics(), callouts: engine.mocks.counts() }
    }

    fn deeds(&self, engine: &mut Engine, exchanges: Vec<Finished>) -> Deeds {
        let mut metrics = engine.metrics();
        let gauges = engine.gauges();
        for (name, value) in &mut metrics {
            if !gauges.contains(name) {
                *value = value.saturating_sub(self.metrics.get(name).copied().unwrap_or(0));
            }
        }
        let names = engine.mocks.names().into_iter();
        let callouts = names.map(|name| {
            let before = self.callouts.get(&name).copied().unwrap_or(0);
            let calls = engine.mocks.calls(&name).split_off(before);
            (name, calls)
        });
        Deeds {
            callouts: callouts.collect(),
            exchanges,
            metrics,
            logs: engine.journal.logs(self.mark),
            traps: engine.journal.traps(self.mark),
            problems: engine.take_problems(),
        }
    }
}

impl Problem {
    fn of(error: &mesh_filter_runtime::document::Error) -> Self {
        Self::at(error.place(), error.problem())
    }
}
