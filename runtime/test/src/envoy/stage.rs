//! A real Envoy as a stage for cases.
//!
//! Between two moments of virtual time everything that can be done is done: the worker is asked through a
//! listener of its own, again and again, until nothing has come from it any more and it sleeps.
//! Then the clock goes to the next timer of Envoy's or the next answer of a mock, whichever is
//! first, and the worker is woken.

use super::shared::Shared;
use super::{Host, Played, address, client, config, log, metrics, process, serve};
use crate::scenario::stage::{Deeds, Scope, Stage, StartFailure, Ticket};
use crate::sim::{Fault, Finished, Mark, Plan, Properties, Rules, Setup, VirtualClock};
use crate::traffic::{Answer, Fault as How};
use bytes::Bytes;
use mesh_filter_runtime::guest::{Trap, TrapReason};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// So often nothing may come before nothing more will come.
const QUIET: u32 = 4;
/// So often all tasks here get their turn before the worker is asked again.
const TURNS: u32 = 8;
/// How long one passage of time may take really.
const PATIENCE: Duration = Duration::from_secs(120);

/// An Envoy that plays one run of a case. Other cases wait until it is over.
pub(crate) struct EnvoyStage<'a> {
    played: &'a Played,
    tasks: LocalSet,
    shared: Rc<Shared>,
    /// Clusters whose mocks listen already.
    listening: BTreeSet<String>,
    /// The clusters that Envoy knows now.
    known: Vec<(String, SocketAddr)>,
    rules: BTreeMap<String, Rules>,
    begun: bool,
    realtime: Duration,
    monotonic: Duration,
    barrier: Option<TcpStream>,
    reader: log::Reader,
    read: u64,
    /// Lines of the main thread count too.
    every_thread: bool,
    /// The plugin has gauges, whose values would last.
    gauges: bool,
    /// What has broken in Envoy itself; after it nothing is tried any more.
    broken: Option<String>,
    /// Last, so that it is let go last.
    host: MutexGuard<'a, Host>,
}

impl<'a> EnvoyStage<'a> {
    /// A stage whose clock is that of the setup.
    pub(crate) fn new(played: &'a Played, setup: &Setup) -> Self {
        let host = played.envoy.host();
        Self {
            played,
            monotonic: host.monotonic,
            tasks: LocalSet::new(),
            shared: Rc::new(Shared::new(VirtualClock::new(setup.start))),
            listening: BTreeSet::new(),
            known: Vec::new(),
            rules: BTreeMap::new(),
            begun: false,
            realtime: setup.start,
            barrier: None,
            reader: log::Reader::default(),
            read: 0,
            every_thread: false,
            gauges: false,
            broken: None,
            host,
        }
    }

    /// An Envoy without a filter, at the beginning of the case's time.
    fn begin(&mut self) -> Result<(), String> {
        let program = &self.played.envoy.program;
        let process = self.host.process(program, self.realtime)?;
        process
            .clock
            .set(self.realtime, self.monotonic)
            .map_err(|error| format!("Envoy's clock: {error}"))?;
        let barrier = process.barrier;
        if self.host.left.take().as_ref() != Some(&self.played.module) {
            // Whatever is left of the last case ends here: its VM, its timers, its metrics. Where the next VM is of the
            // same module it takes the place of the last one, because then nothing needs to be compiled.
            let process = self.host.process(program, self.realtime)?;
            process.configure(&program.folder, None)??;
        }
        self.read = self.host.process(program, self.realtime)?.log_size();
        let upstream =
            self.host.upstream.try_clone().map_err(|error| format!("the upstream's port: {error}"))?;
        self.tasks.spawn_local(serve::serve(Rc::clone(&self.shared), upstream, serve::Part::Upstream));
        let connected = self.tasks.block_on(&self.host.runtime, TcpStream::connect(barrier));
        let failed = |error| format!("Envoy takes no connection: {error}");
        let barrier = connected.map_err(failed)?;
        barrier.set_nodelay(true).map_err(failed)?;
        self.barrier = Some(barrier);
        self.begun = true;
        self.settle()
    }

    /// Lets Envoy know the clusters that are mocked, but for those that it shall not know.
    fn set_clusters(&mut self) -> Result<(), String> {
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
        if clusters != self.known {
            let program = &self.played.envoy.program;
            let process = self.host.process.as_mut().ok_or("Envoy does not run")?;
            process.set_clusters(&program.folder, &clusters)?;
            self.known = clusters;
            self.settle()?;
        }
        Ok(())
    }

    /// Does all that can be done without time passing.
    fn settle(&mut self) -> Result<(), String> {
        let (mut quiet, mut before) = (0, self.shared.activity());
        while quiet < QUIET {
            self.pass_barrier()?;
            let now = self.shared.activity();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            if quiet == QUIET && self.shared.send_more() {
                quiet = 0;
            }
        }
        self.read_log()
    }

    /// Asks the worker something, so that it has done what it was asked before.
    fn pass_barrier(&mut self) -> Result<(), String> {
        let Self { barrier, tasks, host, .. } = self;
        let barrier = barrier.as_mut().ok_or("Envoy does not run")?;
        let ask = async {
            barrier.write_all(b"GET / HTTP/1.1\r\nhost: barrier\r\n\r\n").await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") {
                if barrier.read_buf(&mut answer).await? == 0 {
                    return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
                }
            }
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        let asked = async { tokio::time::timeout(process::PATIENCE, ask).await };
        let problem = match tasks.block_on(&host.runtime, asked) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => format!("Envoy does not answer: {error}"),
            Err(_) => {
                format!("Envoy's worker is stuck: no answer within {} seconds", process::PATIENCE.as_secs())
            }
        };
        Err(self.diagnosed(problem))
    }

    /// The problem with what Envoy said at last. A process that is stuck is not used any more.
    fn diagnosed(&mut self, problem: String) -> String {
        // One that has just died may take a moment to be gone.
        std::thread::park_timeout(Duration::from_millis(50));
        let Some(process) = self.host.process.as_mut() else { return problem };
        let text = process.ended().unwrap_or_else(|| format!("{problem}{}", process.last_lines()));
        self.host.process = None;
        text
    }

    fn read_log(&mut self) -> Result<(), String> {
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let (bytes, end) =
            process.log_from(self.read).map_err(|error| format!("Envoy's log cannot be read: {error}"))?;
        self.read = end;
        let main = process.main_thread.clone();
        let every = self.every_thread;
        let events = self.reader.read(&bytes, |thread| every || thread != main);
        events.into_iter().for_each(|event| self.note(event));
        Ok(())
    }

    fn note(&self, event: log::Event) {
        let journal = &self.shared.journal;
        match event {
            log::Event::Line(level, message) => journal.line(level, message),
            log::Event::Call(call) => journal.note(call),
            log::Event::Trap(callback, reason) => {
                journal.note(format!("  -> {}", reason.lines().next().unwrap_or_default()));
                journal.trap(callback, Trap::new(TrapReason::Guest(reason)));
            }
            log::Event::UnknownCluster => {
                journal.note("    -> 2: Envoy does not know the cluster".to_owned());
                if self.known.len() == self.rules.len() {
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

    /// Moves the clock to a moment since the beginning, and wakes the worker.
    fn move_to(&mut self, moment: Duration) -> Result<(), String> {
        self.shared.clock.move_to(moment);
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let moved =
            process.clock.set(self.realtime.saturating_add(moment), self.monotonic.saturating_add(moment));
        moved.map_err(|error| format!("Envoy's clock: {error}"))?;
        self.settle()
    }

    /// When the next timer of Envoy's worker fires, since the beginning.
    fn next_timer(&self) -> Result<Option<Duration>, String> {
        let process = self.host.process.as_ref().ok_or("Envoy does not run")?;
        let begun = Instant::now();
        loop {
            // It goes to sleep as soon as it has answered.
            if let Some(wakes) = process.clock.rest().map_err(|error| format!("Envoy's clock: {error}"))? {
                let never = wakes.as_nanos() == u128::from(u64::MAX);
                return Ok((!never).then(|| wakes.saturating_sub(self.monotonic)));
            }
            if begun.elapsed() > process::PATIENCE {
                return Err(format!("Envoy's worker does not come to rest{}", process.last_lines()));
            }
            std::thread::yield_now();
        }
    }

    fn run_until(&mut self, target: Duration) -> Result<(), String> {
        self.settle()?;
        let begun = Instant::now();
        loop {
            let now = self.shared.clock.elapsed();
            let due = self.shared.agenda.borrow_mut().take_due(now);
            if let Some((_, event)) = due {
                self.shared.happen(event);
                self.settle()?;
                continue;
            }
            let timer = self.next_timer()?.map(|at| at.max(now + Duration::from_millis(1)));
            let answer = self.shared.next_answer();
            let Some(next) = timer.into_iter().chain(answer).min().filter(|next| *next <= target) else {
                break;
            };
            self.move_to(next)?;
            if begun.elapsed() > PATIENCE {
                return Err(format!(
                    "so many timers fire on Envoy meanwhile that it takes longer than {} seconds",
                    PATIENCE.as_secs()
                ));
            }
        }
        if target > self.shared.clock.elapsed() {
            self.move_to(target)?;
        }
        Ok(())
    }

    /// Does something unless Envoy is broken; notes where that breaks it.
    fn attempt<T>(&mut self, what: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        what(self).inspect_err(|problem| {
            self.shared.problem(problem.clone());
            self.broken = Some(problem.clone());
        })
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
        if !properties.is_empty() {
            self.shared.problem("properties cannot be given on Envoy".to_owned());
        }
    }

    fn start(&mut self, setup: &Setup) -> Result<(), StartFailure> {
        let started = self.attempt(|stage| {
            stage.begin()?;
            stage.set_clusters()?;
            let Played { envoy, module } = stage.played;
            let process = stage.host.process.as_mut().ok_or("Envoy does not run")?;
            let configured = process.configure(&envoy.program.folder, Some((setup, module)))?;
            stage.reader.vm = config::vm_id(setup, process.version);
            // A filter that is refused has only been tried on the main thread.
            stage.every_thread = configured.is_err();
            stage.settle()?;
            Ok(configured)
        });
        match started {
            Ok(configured) => configured.map_err(StartFailure::Refused),
            Err(problem) => Err(StartFailure::Broken(problem)),
        }
    }

    fn open(&mut self, plan: Plan) -> Ticket {
        let opened = self.attempt(|stage| {
            let process = stage.host.process.as_ref().ok_or("Envoy does not run")?;
            let open = client::open(&stage.shared, process.listener, plan);
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
        self.attempt(|stage| {
            while !done(stage) {
                let answer = stage.shared.next_answer();
                match answer {
                    Some(at) if stage.shared.problems.borrow().is_empty() => stage.run_until(at)?,
                    _ => break,
                }
            }
            Ok(())
        })?;
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

    fn mark(&self) -> Mark {
        self.shared.journal.mark()
    }

    fn scope(&mut self) -> Scope {
        let metrics = self.host.process.as_ref().filter(|_| self.begun).map(metrics::read);
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
        if self.begun && !self.gauges && self.broken.is_none() {
            self.host.left = Some(self.played.module.clone());
        }
        let passed = self.shared.clock.elapsed();
        // Another second, so that no moment belongs to two cases.
        self.host.monotonic = self.monotonic.saturating_add(passed).saturating_add(Duration::from_secs(1));
    }
}
