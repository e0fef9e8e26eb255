//! Plays cases: a fresh VM for each, its steps one after the other, until one does not hold.

use super::budget::Cost;
use super::check;
use super::chunking::Plan as Chunkings;
use super::earlier::Named;
use super::expect::Expect;
use super::fault::unmet;
use super::interleave::Turns;
use super::record::Recorder;
use super::seen::{exchange_lines, request_line};
use super::stage::{Deeds, Stage, StartFailure};
use super::step::{Exchange, Exchanges, Order, Step};
use super::suite::{Case, Settings, Suite};
use crate::report::{CaseReport, Failure, Problem, Report, records_wanted, timeline};
use crate::sim::{Mark, Plan, Rules, Setup};
use crate::traffic::Chunking;
use crate::world::World;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::guest::Usage;
use std::sync::Arc;

/// Most problems that a failure shows; the first ones tell most.
const MAX_PROBLEMS: usize = 10;
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

    /// Plays the cases whose name is `wanted`. Where `MESH_FILTER_RECORDS` names a folder, what they do is
    /// left there, so that `cargo mesh-filter test` can compare it.
    #[must_use]
    pub fn run_where(&self, world: &World, wanted: impl Fn(&str) -> bool) -> Report {
        let cases = self.cases.iter().filter(|case| wanted(&case.name));
        let records = records_wanted();
        let play = |case| {
            let report = self.case(case, world, records.is_some());
            records.iter().for_each(|folder| report.leave(folder));
            report
        };
        Report { cases: cases.map(play).collect(), ..Report::default() }
    }

    /// Plays one of its cases; what it does is kept for comparisons where that is asked for.
    pub(super) fn case(&self, case: &Case, world: &World, recorded: bool) -> CaseReport {
        let not_portable = case.not_portable(world);
        let seeds = if not_portable.is_some() { 0 } else { self.seeds.get() };
        let recorder = (recorded && seeds > 0).then(Recorder::default);
        let failure = (0..seeds).find_map(|shift| self.failure(case, world, shift, recorder.as_ref()));
        CaseReport {
            file: self.file.clone(),
            line: case.place.line(),
            name: case.name.clone(),
            world: world.name().to_owned(),
            failure,
            not_portable,
            record: recorder.map(Recorder::into_record),
        }
    }
}

impl Suite {
    /// Why a case fails, if its seed is so much higher.
    fn failure(
        &self,
        case: &Case,
        world: &World,
        shift: u32,
        recorder: Option<&Recorder>,
    ) -> Option<Failure> {
        let rerun = world.rerun(&self.file, &case.name);
        if shift == 0 {
            let (problems, seen) = case.fails(world, recorder)?;
            return Some(Failure { problems, seen, rerun });
        }
        let mut shifted = case.clone();
        let seed = &mut shifted.settings.setup.seed;
        *seed = seed.wrapping_add(shift.into());
        let with = format!("with seed {seed}, not with those before it");
        let (problems, mut seen) = shifted.fails(world, recorder)?;
        seen.insert(0, with);
        Some(Failure { problems, seen, rerun: format!("{rerun} --seed-sweep {}", shift.saturating_add(1)) })
    }
}

/// What does not hold, and what happened.
pub(super) type Broken = (Vec<Problem>, Vec<String>);

impl Case {
    /// Why it fails. Then it has been played again with its hostcalls written down, which costs time
    /// and changes nothing.
    fn fails(&self, world: &World, recorder: Option<&Recorder>) -> Option<Broken> {
        let first = self.play(On { world, traced: false, recorder }).err()?;
        let again = |world| self.play(On { world, traced: true, recorder: None }).err();
        Some(world.untraced().and_then(again).unwrap_or(first))
    }

    fn play(&self, on: On) -> Result<(), Broken> {
        if let Some(refusal) = on.world.refusal(&self.settings.setup) {
            return Err((vec![Problem::at(&self.place, refusal)], Vec::new()));
        }
        match self.settings.chunking {
            Chunkings::Once(chunking) => self.run(chunking, on).map(drop),
            Chunkings::Random { runs, most } => (0..runs).try_for_each(|run| {
                let seed = self.settings.setup.seed.wrapping_mul(SEED_STEP).wrapping_add(run.into());
                let played = self.run(Chunking::Random { seed, most }, on);
                played.map(drop).map_err(in_run(&format!("random chunks, number {run} of {runs} from 0")))
            }),
            Chunkings::EverySplit => {
                let longest = self.run(Chunking::Size(1), on).map_err(in_run("chunks of one byte"))?;
                if longest > MAX_SPLITS {
                    let text = format!(
                        "`every_split` of a body of {longest} bytes would be as many runs; the limit is {MAX_SPLITS}"
                    );
                    return Err((vec![Problem::at(&self.place, text)], Vec::new()));
                }
                (1..longest).try_for_each(|at| {
                    let split = self.run(Chunking::SplitAt(at), on);
                    split.map(drop).map_err(in_run(&format!("the body split after {at} bytes")))
                })
            }
        }
    }
}

impl Case {
    /// Plays it with bodies cut in one way, in one schedule after the other where it has several.
    fn run(&self, chunking: Chunking, on: On) -> Result<usize, Broken> {
        match self.steps.iter().find_map(Step::interleave) {
            None => Play::new(self, chunking, on).case(),
            Some(interleave) => interleave.explore(self.settings.setup.seed, |turns| {
                let mut play = Play::new(self, chunking, on);
                play.turns.schedule = turns.schedule.clone();
                let played = play.case();
                turns.choices = std::mem::take(&mut play.turns.choices);
                played
            }),
        }
    }
}

fn in_run(run: &str) -> impl Fn(Broken) -> Broken {
    move |(problems, mut seen)| {
        seen.insert(0, format!("in the run with {run}"));
        (problems, seen)
    }
}

/// Where a case is played, and what is written down of it.
#[derive(Clone, Copy)]
pub(super) struct On<'a> {
    pub(super) world: &'a World,
    /// Hostcalls are.
    pub(super) traced: bool,
    pub(super) recorder: Option<&'a Recorder>,
}

/// One run of a case.
pub(super) struct Play<'a> {
    case: &'a Case,
    pub(super) recorder: Option<&'a Recorder>,
    chunking: Chunking,
    pub(super) stage: Box<dyn Stage + 'a>,
    /// Length of the longest body that has been sent.
    longest: usize,
    /// Who runs when, in a step whose exchanges are interleaved.
    pub(super) turns: Turns,
    /// As the filter was last configured.
    pub(super) setup: Setup,
    /// Exchanges that later steps are compared with.
    named: Named,
    module_size: Option<u64>,
}

impl<'a> Play<'a> {
    pub(super) fn new(case: &'a Case, chunking: Chunking, on: On<'a>) -> Self {
        let On { world, traced, recorder } = on;
        let Settings { setup, mocks, faults, shared_data, properties, .. } = &case.settings;
        let mut stage = world.stage(setup, traced);
        if case.steps.iter().any(Step::expects_calls) {
            stage.keep_calls();
        }
        for (key, value) in shared_data {
            stage.set_shared_data(&setup.vm_id, key, value);
        }
        stage.give_properties(properties);
        for fault in faults {
            stage.fault(fault.clone());
        }
        for (cluster, rules) in mocks {
            stage.mock(cluster, rules.clone());
        }
        let (named, module_size) = (Named::new(), world.module_size());
        Self {
            case,
            recorder,
            chunking,
            stage,
            longest: 0,
            turns: Turns::default(),
            setup: setup.clone(),
            named,
            module_size,
        }
    }

    pub(super) fn note(&self, what: impl FnOnce(&Recorder)) {
        if let Some(recorder) = self.recorder {
            what(recorder);
        }
    }

    fn case(&mut self) -> Result<usize, Broken> {
        self.note(|record| record.step(0));
        let start = self.stage.scope();
        let started = self.start();
        let deeds = self.stage.deeds(&start);
        match (&self.case.refused, started) {
            (None, Ok(())) => {}
            (None, Err(StartFailure::Refused(error))) | (_, Err(StartFailure::Broken(error))) => {
                let mut problems = vec![Problem::at(&self.case.place, error)];
                problems.extend(errors(&deeds));
                return Err((problems, self.timeline(start.mark)));
            }
            (Some((place, _)), Ok(())) => {
                let text = "expected that the filter refuses its configuration, but it started";
                return Err((vec![Problem::at(place, text)], self.timeline(start.mark)));
            }
            (Some((place, matcher)), Err(StartFailure::Refused(_))) => {
                if !deeds.say(matcher) {
                    let text = format!("expected a log line: {}", matcher.describe());
                    return Err((vec![Problem::at(place, text)], self.timeline(start.mark)));
                }
                return Ok(0);
            }
        }
        // What the start itself logs or calls is held against it too.
        self.judge(&Expect::default(), &deeds, Vec::new(), start.mark)?;
        for (index, step) in self.case.steps.iter().enumerate() {
            self.note(|record| record.step(index + 1));
            self.step(step)?;
        }
        self.unmet_faults()?;
        Ok(self.longest)
    }

    /// Starts the filters of the chain, or the only one.
    pub(super) fn start(&mut self) -> Result<(), StartFailure> {
        let Settings { setup, chain, .. } = &self.case.settings;
        if chain.is_empty() {
            return self.stage.start(setup);
        }
        for link in chain {
            match link.filter() {
                None => {
                    self.setup = link.setup(setup);
                    self.stage.start(&self.setup)?;
                }
                Some(filter) => self.stage.start_other(filter, &link.setup(setup))?,
            }
        }
        Ok(())
    }

    /// A fault that nothing meets would make a test of nothing.
    fn unmet_faults(&self) -> Result<(), Broken> {
        let problems: Vec<Problem> = self.stage.unmet_faults().into_iter().map(unmet).collect();
        if problems.is_empty() { Ok(()) } else { Err((problems, self.timeline(Mark::default()))) }
    }

    /// Goes through a step that changes what is around the filter, and judges nothing.
    pub(super) fn pass(&mut self, step: &Step) {
        match step {
            Step::Mock(mocks) => self.set_mocks(mocks),
            Step::Fault(faults) => faults.iter().for_each(|fault| self.stage.fault(fault.clone())),
            Step::Advance { span, .. } => self.stage.advance(*span),
            Step::Exchanges(_) | Step::Reload(_) => {}
        }
    }

    fn set_mocks(&mut self, mocks: &[(String, Option<Rules>)]) {
        for (cluster, rules) in mocks {
            let initial = || self.case.settings.mocks.get(cluster).cloned().unwrap_or_default();
            self.stage.mock(cluster, rules.clone().unwrap_or_else(initial));
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Broken> {
        let scope = self.stage.scope();
        match step {
            Step::Mock(_) | Step::Fault(_) => {
                self.pass(step);
                Ok(())
            }
            Step::Advance { span, expect } => {
                let before = self.stage.usage();
                self.stage.advance(*span);
                let cost = self.cost(vec![before, self.stage.usage()], 0);
                let deeds = Deeds { cost, ..self.stage.deeds(&scope) };
                self.judge(expect, &deeds, Vec::new(), scope.mark)
            }
            Step::Reload(reload) => self.reload(reload, &scope),
            Step::Exchanges(exchanges) => match exchanges.order {
                Order::Sequence => self.exchanges(exchanges, &scope),
                Order::Parallel { .. } | Order::Interleaved(_) => self.together(exchanges, &scope),
            },
        }
    }

    /// The exchange with this number, as it is played, and what is expected of it.
    pub(super) fn plan(&mut self, exchanges: &Exchanges, index: usize) -> Result<(Plan, Expect), Broken> {
        let exchange = exchanges.exchange(index).map_err(|error| (vec![Problem::of(&error)], Vec::new()))?;
        let Exchange { request, properties, upstream, worker, expect } = exchange;
        let upstream = upstream.unwrap_or_else(|| self.case.settings.upstream.clone());
        self.longest = self.longest.max(request.whole_body().len()).max(upstream.body_len());
        Ok((Plan { request, upstream, chunking: self.chunking, properties, worker }, expect))
    }

    /// Keeps the exchanges of a step that has a name, for later ones.
    pub(super) fn remember(&mut self, exchanges: &Exchanges, deeds: Deeds) {
        if let Some(name) = &exchanges.name {
            self.named.insert(name.value.clone(), Arc::new(deeds.exchanges));
        }
    }

    pub(super) fn cost(&self, readings: Vec<Option<Usage>>, warm_up: usize) -> Cost {
        Cost { readings, warm_up, module_size: self.module_size }
    }

    pub(super) fn judge(
        &self,
        expect: &Expect,
        deeds: &Deeds,
        mut problems: Vec<Problem>,
        since: Mark,
    ) -> Result<(), Broken> {
        self.note(|record| record.deeds(deeds));
        check::step(expect, deeds, &self.named, &mut problems);
        let shared = |key: &str| self.stage.shared_data(&self.case.settings.setup.vm_id, key);
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

    fn timeline(&self, since: Mark) -> Vec<String> {
        timeline(self.stage.timeline(since))
    }
}

/// The lines in which a filter said what is wrong.
fn errors(deeds: &Deeds) -> Vec<Problem> {
    let lines = deeds.logs.iter().filter(|line| line.level >= LogLevel::Error);
    lines.map(|line| Problem::nowhere(format!("log {}: {}", line.level.name(), line.message))).collect()
}

impl Problem {
    fn of(error: &mesh_filter_runtime::document::Error) -> Self {
        Self::at(error.place(), error.problem())
    }
}
