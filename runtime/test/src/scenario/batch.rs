//! Plays the cases of several files, some at once; the report has them in the order of the files.

use super::suite::{Case, Suite};
use crate::google::{self, Subject};
use crate::report::{CaseReport, Report};
use crate::world::World;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Stack of a thread that plays: as much as a program's main thread has, since guests run on it.
const STACK: usize = 8 << 20;

/// Cases to be played, each on its world.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    entries: Vec<Entry<'a>>,
}

/// A case of one of the two kinds of files.
#[derive(Debug)]
enum Entry<'a> {
    Scenario(&'a Suite, &'a Case, &'a World),
    /// The test of this index in a file of Google's.
    Test(&'a google::Suite, usize, Subject<'a>, &'a google::Logs),
}

impl Entry<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Scenario(_, case, _) => &case.name,
            Self::Test(suite, index, ..) => suite.cases().nth(*index).map_or("", |(name, _)| name),
        }
    }

    fn play(&self, recorded: bool) -> Option<CaseReport> {
        match self {
            Self::Scenario(suite, case, world) => Some(suite.case(case, world, recorded)),
            Self::Test(suite, index, subject, logs) => {
                let played = suite.play(*index, *subject)?;
                logs.keep(*index, played.log);
                Some(played.report)
            }
        }
    }
}

/// How a batch is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// So many cases at once.
    pub jobs: NonZeroUsize,
    /// After a failure no other case begins; those that stand after it are not in the report.
    pub fail_fast: bool,
    /// What cases do is kept, so that worlds can be compared ([`Report::compared`]).
    pub recorded: bool,
}

impl Default for Options {
    /// As many at once as the machine has processors, all of them.
    fn default() -> Self {
        Self {
            jobs: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            fail_fast: false,
            recorded: false,
        }
    }
}

impl<'a> Batch<'a> {
    /// Adds the cases of a file whose names are `wanted`.
    pub fn add(&mut self, suite: &'a Suite, world: &'a World, wanted: impl Fn(&str) -> bool) {
        let cases = suite.cases.iter().filter(|case| wanted(&case.name));
        self.entries.extend(cases.map(|case| Entry::Scenario(suite, case, world)));
    }

    /// Adds the tests of a file of Google's whose names are `wanted`; `logs` is given what they log.
    pub fn add_tests(
        &mut self,
        suite: &'a google::Suite,
        subject: Subject<'a>,
        logs: &'a google::Logs,
        wanted: impl Fn(&str) -> bool,
    ) {
        let tests = suite.cases().enumerate().filter(|(_, (name, _))| wanted(name));
        self.entries.extend(tests.map(|(index, _)| Entry::Test(suite, index, subject, logs)));
    }

    /// Number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Plays them. `begins` is told of each case before it begins: how many have ended, and its name.
    ///
    /// The report does not depend on the number of threads nor on which is faster.
    #[must_use]
    pub fn play(&self, options: Options, begins: &(dyn Fn(usize, &str) + Sync)) -> Report {
        let outcomes: Vec<Mutex<Option<CaseReport>>> =
            self.entries.iter().map(|_| Mutex::default()).collect();
        let (next, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let stopped = AtomicBool::new(false);
        let work = || {
            while !stopped.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some(entry), Some(outcome)) = (self.entries.get(index), outcomes.get(index)) else {
                    break;
                };
                begins(ended.load(Ordering::Relaxed), entry.name());
                let report = entry.play(options.recorded);
                let failed = report.as_ref().is_some_and(|report| report.failure.is_some());
                if options.fail_fast && failed {
                    stopped.store(true, Ordering::Relaxed);
                }
                *outcome.lock().unwrap_or_else(PoisonError::into_inner) = report;
                ended.fetch_add(1, Ordering::Relaxed);
            }
        };
        thread::scope(|scope| {
            for _ in 1..options.jobs.get().min(self.len()) {
                // Where no other thread can be had, this one plays what is left.
                let _spawned = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            }
            work();
        });
        let outcomes =
            outcomes.into_iter().map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner));
        let mut cases: Vec<CaseReport> = outcomes.map_while(|outcome| outcome).collect();
        if options.fail_fast
            && let Some(first) = cases.iter().position(|case| case.failure.is_some())
        {
            // Whatever stands after it has begun or not by chance.
            cases.truncate(first + 1);
        }
        Report { not_run: self.len() - cases.len(), cases, ..Report::default() }
    }
}
