//! A real Envoy as a stage for cases.
//!
//! Between two moments of virtual time everything that can be done is done: the worker is asked through a
//! listener of its own, again and again, until nothing has come from it any more and it sleeps.
//! Then the clock goes to the next timer of Envoy's or the next answer of a mock, whichever is
//! first, and the worker is woken.

use super::shared::Shared;
use super::{Host, Played, address, client, config, cpu, log, metrics, serve};
use crate::scenario::stage::{Deeds, Scope, Stage, StartFailure, Ticket, Timed};
use crate::sim::{Diary, Fault, Finished, Mark, Plan, Properties, Rules, Setup, VirtualClock};
use crate::traffic::{Answer, Fault as How};
use crate::world::World;
use bytes::Bytes;
use mesh_filter_runtime::guest::{Trap, TrapReason};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// An Envoy that plays one run of a case. Other cases wait until it is over.
pub(crate) struct EnvoyStage<'a> {
    world: &'a World,
    pub(super) played: &'a Played,
    pub(super) tasks: LocalSet,
    pub(super) shared: Rc<Shared>,
    /// Clusters whose mocks listen already.
    listening: BTreeSet<String>,
    /// So many of the mocked clusters are known to Envoy.
    known: usize,
    rules: BTreeMap<String, Rules>,
    /// What each exchange is told of itself.
    properties: Properties,
    /// The filters that have been started.
    pub(super) filters: Vec<config::Filter>,
    /// The place of the case's own filter among them.
    pub(super) own: usize,
    /// What tells the VMs and shared data of this run from others.
    pub(super) run: u64,
    /// VMs that were made in place of old ones.
    pub(super) restarts: usize,
    pub(super) begun: bool,
    pub(super) realtime: Duration,
    pub(super) monotonic: Duration,
    /// A connection to each worker, which it answers by itself.
    pub(super) barriers: Vec<TcpStream>,
    pub(super) workers: usize,
    /// Exchanges so far that no test has put on a certain worker.
    pub(super) turns: usize,
    pub(super) reader: log::Reader,
    read: u64,
    /// Lines of the main thread count too.
    pub(super) every_thread: bool,
    /// The plugin has gauges, whose values would last.
    gauges: bool,
    /// What exchanges that are measured have in common.
    pub(super) timing: Option<cpu::Timing>,
    /// What has broken in Envoy itself; after it nothing is tried any more.
    broken: Option<String>,
    /// Last, so that it is let go last.
    pub(super) host: MutexGuard<'a, Host>,
}

impl<'a> EnvoyStage<'a> {
    /// A stage whose clock is that of the setup.
    pub(crate) fn new(world: &'a World, played: &'a Played, setup: &Setup) -> Self {
        let host = played.envoy.host();
        Self {
            world,
            played,
            monotonic: host.monotonic,
            tasks: LocalSet::new(),
            shared: Rc::new(Shared::new(VirtualClock::new(setup.start))),
            listening: BTreeSet::new(),
            known: 0,
            rules: BTreeMap::new(),
            properties: Properties::new(),
            filters: Vec::new(),
            own: 0,
            run: 0,
            restarts: 0,
            begun: false,
            realtime: setup.start,
            barriers: Vec::new(),
            workers: setup.workers,
            turns: 0,
            reader: log::Reader::default(),
            read: 0,
            every_thread: false,
            gauges: false,
            timing: None,
            broken: None,
            host,
        }
    }

    /// An Envoy without a filter, at the beginning of the case's time.
    pub(super) fn begin(&mut self) -> Result<(), String> {
        let program = &self.played.envoy.program;
        let process = self.host.process(program, self.realtime, self.workers)?;
        process
            .clock
            .set(self.realtime, self.monotonic)
            .map_err(|error| format!("Envoy's clock: {error}"))?;
        let barrier = process.barrier;
        // Whatever is left of the last case ends here: its VMs, their timers, their metrics. Where the next VM is of the
        // same module it takes the place of the last one, because then nothing needs to be compiled.
        let kept = usize::from(self.host.left.take().as_ref() == Some(&self.played.module));
        let process = self.host.process(program, self.realtime, self.workers)?;
        process.clear(&program.folder, kept)?;
        self.read = process.log_size();
        self.host.runs += 1;
        self.run = self.host.runs;
        let upstream =
            self.host.upstream.try_clone().map_err(|error| format!("the upstream's port: {error}"))?;
        self.tasks.spawn_local(serve::serve(Rc::clone(&self.shared), upstream, serve::Part::Upstream));
        for worker in 0..self.workers {
            let connection = self.connect(barrier, worker)?;
            self.barriers.push(connection);
        }
        self.begun = true;
        self.settle_changes()
    }

    /// Lets Envoy know the clusters that are mocked, but for those that it shall not know.
    pub(super) fn set_clusters(&mut self) -> Result<(), String> {
        let mut clusters = Vec::new();
        let names: Vec<String> = self.rules.keys().cloned().collect();
        for name in names {
            let listener = self.host.cluster(&name)?;
            let address = address(listener)?;
            let copy = listener.try_clone().map_err(|error| format!("the port of `{name}`: {error}"))?;
            if self.listening.insert(name.clone()) {
                let part = serve::Part::Cluster(name.as_str().into());
                self.tasks.spawn_local(serve::serve(Rc::clone(&self.shared), copy, part));
            }
            let gone = |rules: &Rules| {
                let first = rules.http.first().map(|rule| &rule.behaviour.answer);
                matches!(first, Some(Answer::Fail(How::NoCluster)))
            };
            if !self.rules.get(&name).is_some_and(gone) {
                clusters.push((name, address));
            }
        }
        self.known = clusters.len();
        let program = &self.played.envoy.program;
        let process = self.host.process.as_mut().ok_or("Envoy does not run")?;
        if process.set_clusters(&program.folder, clusters)? {
            self.settle_changes()?;
        }
        Ok(())
    }

    pub(super) fn read_log(&mut self) -> Result<(), String> {
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let (bytes, end) =
            process.log_from(self.read).map_err(|error| format!("Envoy's log cannot be read: {error}"))?;
        self.read = end;
        let (alone, every) = (self.workers == 1, self.every_thread);
        let who = |thread: &str| match process.worker_of(thread) {
            Some(worker) => Some((!alone).then_some(worker)),
            None => every.then_some(None),
        };
        let events = self.reader.read(&bytes, who);
        events.into_iter().for_each(|(worker, event)| self.note(worker, event));
        Ok(())
    }

    fn note(&self, worker: Option<usize>, event: log::Event) {
        let journal = Diary { journal: Arc::clone(&self.shared.journal), worker };
        match event {
            log::Event::Line(level, message) => journal.line(level, message),
            log::Event::Call(call) => journal.note(call),
            log::Event::Trap(callback, reason) => {
                journal.note(format!("  -> {}", reason.lines().next().unwrap_or_default()));
                journal.trap(callback, Trap::new(TrapReason::Guest(reason)));
            }
            log::Event::UnknownCluster(status) => {
                journal.note(format!("    -> {status}: Envoy does not know the cluster"));
                if self.known == self.rules.len() {
                    let names: Vec<&str> = self.rules.keys().map(String::as_str).collect();
                    let known = match names.as_slice() {
                        [] => "no cluster is mocked".to_owned(),
                        names => format!("mocked: `{}`", names.join("`, `")),
                    };
                    self.shared.problem(format!(
                        "the plugin called out to a cluster for which there is no mock ({known}), or without all pseudo headers"
                    ));
                }
            }
        }
    }

    /// Does something unless Envoy is broken; notes where that breaks it.
    pub(super) fn attempt<T>(
        &mut self,
        what: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        what(self).inspect_err(|problem| {
            // What it did at last says why.
            let _as_far_as_can_be_read = self.read_log();
            self.shared.problem(problem.clone());
            self.broken = Some(problem.clone());
            // The next case has a process of its own.
            self.host.process = None;
        })
    }
}

impl EnvoyStage<'_> {
    /// A problem that is told at its place in the file, so that it need not be told again.
    pub(super) fn told(&self, problem: String) -> String {
        self.shared.problems.borrow_mut().retain(|other| *other != problem);
        problem
    }
}

impl Stage for EnvoyStage<'_> {
    fn mock(&mut self, cluster: &str, rules: Rules) {
        self.shared.mocks.set(cluster, rules.clone());
        self.rules.insert(cluster.to_owned(), rules);
        if self.begun {
            // What goes wrong is among the step's problems.
            let _noted = self.attempt(Self::set_clusters);
        }
    }

    fn fault(&mut self, _: Fault) {
        self.shared.problem("faults cannot be ordered on Envoy".to_owned());
    }

    fn unmet_faults(&self) -> Vec<(Fault, u32)> {
        Vec::new()
    }

    fn set_shared_data(&mut self, _: &str, _: &str, _: &[u8]) {
        self.shared.problem("shared data cannot be set on Envoy".to_owned());
    }

    fn shared_data(&self, _: &str, _: &str) -> Option<Bytes> {
        None
    }

    fn give_properties(&mut self, properties: &Properties) {
        self.properties.extend(properties.clone());
    }

    fn start(&mut self, setup: &Setup) -> Result<(), StartFailure> {
        self.own = self.filters.len();
        self.add(setup, &self.played.module)
    }

    fn start_other(&mut self, filter: &str, setup: &Setup) -> Result<(), StartFailure> {
        let other = self.world.other(filter).map_err(StartFailure::Broken)?;
        let played =
            other.played().ok_or_else(|| StartFailure::Broken(format!("`{filter}` is no module")))?;
        self.add(setup, &played.module)
    }

    fn replace(&mut self, setup: &Setup, new_vm: bool) -> Result<(), StartFailure> {
        self.replace_own(setup, new_vm)
    }

    fn open(&mut self, mut plan: Plan) -> Ticket {
        let own = std::mem::replace(&mut plan.properties, self.properties.clone());
        plan.properties.extend(own);
        let opened = self.attempt(|stage| {
            let listener = stage.host.process.as_ref().ok_or("Envoy does not run")?.listener;
            let worker = stage.worker(plan.worker);
            let connection = stage.connect(listener, worker)?;
            let open = client::open(&stage.shared, connection, plan);
            let index = stage.tasks.block_on(&stage.host.runtime, open);
            match index {
                Ok(index) => {
                    stage.run_until(stage.shared.clock.elapsed())?;
                    Ok(index)
                }
                Err(problem) => {
                    stage.shared.problem(problem);
                    Ok(usize::MAX)
                }
            }
        });
        Ticket(opened.unwrap_or(usize::MAX))
    }

    fn finish(&mut self, ticket: Ticket) -> Result<Finished, String> {
        let index = ticket.0;
        let done =
            |stage: &Self| stage.shared.exchanges.borrow().get(index).is_none_or(|exchange| exchange.done);
        let ended = self.attempt(|stage| {
            while !done(stage) {
                let answer = stage.shared.next_answer();
                match answer {
                    Some(at) if stage.shared.problems.borrow().is_empty() => stage.run_until(at)?,
                    _ => break,
                }
            }
            Ok(())
        });
        ended.map_err(|problem| self.told(problem))?;
        let mut exchanges = self.shared.exchanges.borrow_mut();
        let Some(exchange) = exchanges.get_mut(index) else { return Ok(Finished::default()) };
        if !exchange.done {
            return Err(
                "the request hangs: the filter holds it, and nothing is under way that could resume it"
                    .to_owned(),
            );
        }
        Ok(Finished {
            upstream: exchange.upstream.take(),
            response: exchange.response.take(),
            reset: exchange.reset,
            ..Finished::default()
        })
    }

    fn advance(&mut self, span: Duration) {
        let target = self.shared.clock.elapsed().saturating_add(span);
        // What goes wrong is among the step's problems.
        let _noted = self.attempt(|stage| stage.run_until(target));
    }

    fn timed(&mut self) -> Option<&mut dyn Timed> {
        Some(self)
    }

    fn mark(&self) -> Mark {
        self.shared.journal.mark()
    }

    fn scope(&mut self) -> Scope {
        // Counters are those of the process, which has played other cases before.
        let metrics = self.host.process.as_ref().map(metrics::read);
        Scope {
            mark: self.shared.journal.mark(),
            metrics: metrics.and_then(Result::ok).unwrap_or_default().0,
            callouts: self.shared.mocks.counts(),
        }
    }

    fn deeds(&mut self, since: &Scope) -> Deeds {
        let read = self.attempt(|stage| {
            stage.host.process.as_ref().map_or_else(|| Ok(Default::default()), metrics::read)
        });
        let (metrics, gauges) = read.unwrap_or_default();
        self.gauges |= !gauges.is_empty();
        let Shared { journal, mocks, problems, .. } = &*self.shared;
        let callouts = mocks.names().into_iter().map(|name| {
            let calls = mocks.calls(&name).split_off(since.callouts_before(&name));
            (name, calls)
        });
        Deeds {
            callouts: callouts.collect(),
            metrics: since.growth(metrics, &gauges),
            logs: journal.logs(since.mark),
            traps: journal.traps(since.mark),
            problems: problems.take(),
            ..Deeds::default()
        }
    }

    fn timeline(&self, since: Mark) -> Vec<String> {
        self.shared.journal.timeline(since)
    }
}

impl Drop for EnvoyStage<'_> {
    fn drop(&mut self) {
        if self.begun && !self.gauges && self.broken.is_none() && self.filters.len() == 1 {
            self.host.left = Some(self.played.module.clone());
        }
        let passed = self.shared.clock.elapsed();
        // Another second, so that no moment belongs to two cases.
        self.host.monotonic = self.monotonic.saturating_add(passed).saturating_add(Duration::from_secs(1));
    }
}
