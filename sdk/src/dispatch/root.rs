//! A root context: one configuration, the filter made from it, and what it does beside exchanges.

use super::handler::Factory;
use super::reactor::Reactor;
use super::ready::Owner;
use super::table::Table;
use super::timers::TOLERANCE;
use super::{Handler, Task};
use crate::clock::{self, Instant};
use crate::error::Result;
use crate::host::{BufferKind, HostError, host};
use crate::metrics::Counter;
use crate::setup::Setup;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

/// Name of the counter of everything that a filter answered with `Err`.
const ERRORS: &str = "mesh_filter.errors";
/// Set by whoever starts the VM where the proxy hands out bodies while headers wait.
const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";

pub(crate) struct Root {
    id: u32,
    pub(crate) handler: Option<Rc<dyn Handler>>,
    pub(crate) errors: Option<Counter>,
    pub(crate) hold_allowed: bool,
    jobs: Vec<Job>,
    tasks: Table<Task<()>>,
    last_task: u32,
    /// The period of the proxy's timer, in milliseconds; 0 where it stands still.
    period_ms: u32,
    /// When it fires next.
    armed: Option<Instant>,
}

/// Something that is done again and again.
pub(crate) struct Job {
    period: Duration,
    due: Instant,
    start: Box<dyn Fn() -> Task<Result<()>>>,
    running: Option<u32>,
}

impl Job {
    pub(crate) fn new(period: Duration, start: Box<dyn Fn() -> Task<Result<()>>>) -> Self {
        Self { period, due: clock::monotonic(), start, running: None }
    }
}

impl Root {
    pub(crate) fn new(id: u32) -> Self {
        Self {
            id,
            handler: None,
            errors: None,
            hold_allowed: false,
            jobs: Vec::new(),
            tasks: Table::default(),
            last_task: 0,
            period_ms: 0,
            armed: None,
        }
    }

    /// Makes the filter; an error refuses the configuration.
    pub(crate) fn configure(&mut self, factory: Factory, size: usize, reactor: &Rc<Reactor>) -> Result<()> {
        let configuration = match size {
            0 => Vec::new(),
            _ => host()
                .get_buffer_bytes(BufferKind::PluginConfiguration, 0, size)
                .map_err(|status| HostError::new("proxy_get_buffer_bytes", "PluginConfiguration", status))?,
        };
        self.hold_allowed = host().environment_variable(HOLD_HEADERS).is_some_and(|value| value == "1");
        let mut setup = Setup::new();
        self.handler = Some(factory(&configuration, &mut setup)?);
        // Without it errors are still logged: a proxy without metrics runs the filter too.
        self.errors = Counter::define(ERRORS).ok();
        let (jobs, tasks) = setup.into_parts();
        self.jobs = jobs;
        let now = clock::monotonic();
        for job in &mut self.jobs {
            job.due = now + job.period;
        }
        for task in tasks {
            self.spawn(counted(task, "a task", self.errors.clone()), now, reactor);
        }
        self.arm(reactor)
    }

    /// Takes a task on. It begins at the next tick: a configuration may still be refused, and
    /// proxies try configurations in VMs that they then throw away.
    fn spawn(&mut self, task: Task<()>, now: Instant, reactor: &Rc<Reactor>) {
        let owner = self.adopt(task);
        let waker = reactor.ready.waker(owner);
        reactor.timers().add(self.id, now, waker);
    }

    /// Takes a task on; the caller wakes it.
    pub(crate) fn adopt(&mut self, task: Task<()>) -> Owner {
        self.last_task = self.last_task.wrapping_add(1);
        self.tasks.insert(self.last_task, task);
        Owner::Task { root: self.id, task: self.last_task }
    }

    /// Starts every job that is due, and wakes every future.
    pub(crate) fn tick(&mut self, reactor: &Rc<Reactor>) {
        self.armed = None;
        let now = clock::monotonic();
        for index in 0..self.jobs.len() {
            let Some(job) = self.jobs.get_mut(index) else { continue };
            if job.due > now + TOLERANCE {
                continue;
            }
            job.due = now + job.period;
            if job.running.is_some_and(|task| self.tasks.get(task).is_some()) {
                log::debug!("a job is skipped because its last run has not ended");
                continue;
            }
            let run = counted((job.start)(), "a job", self.errors.clone());
            let owner = self.adopt(run);
            if let (Owner::Task { task, .. }, Some(job)) = (owner, self.jobs.get_mut(index)) {
                job.running = Some(task);
            }
            reactor.ready.push(owner);
        }
        reactor.timers().fire(self.id, now);
    }

    /// Lets a task go on.
    pub(crate) fn wake(&mut self, task: u32, reactor: &Rc<Reactor>) {
        let Some(future) = self.tasks.get_mut(task) else { return };
        let owner = Owner::Task { root: self.id, task };
        let waker = reactor.ready.waker(owner);
        let polled = reactor.enter(owner, || future.as_mut().poll(&mut Context::from_waker(&waker)));
        if polled.is_ready() {
            self.tasks.remove(task);
        }
    }

    /// Sets the proxy's one timer of this root context to what is due first.
    pub(crate) fn arm(&mut self, reactor: &Rc<Reactor>) -> Result<()> {
        let timer = reactor.timers().first(self.id);
        let due = self.jobs.iter().map(|job| job.due).chain(timer).min();
        if self.armed.is_some_and(|armed| due.is_none_or(|due| due >= armed)) {
            return Ok(());
        }
        let now = clock::monotonic();
        // Proxies count milliseconds; rounded up, so that what the tick is for is then due.
        let period_ms = due.map_or(0, |due| {
            let wait = (due - now).max(TOLERANCE);
            // In 64 bits: dividing the 128 of `as_micros` would link a kilobyte into each filter.
            let ms = wait.as_secs().saturating_mul(1000) + u64::from(wait.subsec_micros().div_ceil(1000));
            u32::try_from(ms).unwrap_or(u32::MAX)
        });
        // A timer that goes on with its period needs no hostcall, unless it has to begin anew.
        if period_ms != self.period_ms || self.armed.is_some() {
            host().set_tick_period_milliseconds(period_ms).map_err(|status| {
                HostError::new("proxy_set_tick_period_milliseconds", period_ms.to_string(), status)
            })?;
            self.period_ms = period_ms;
        }
        self.armed = due.map(|_| now + Duration::from_millis(period_ms.into()));
        Ok(())
    }
}

/// A future whose error is logged and counted.
fn counted(future: Task<Result<()>>, what: &'static str, errors: Option<Counter>) -> Task<()> {
    Box::pin(async move {
        if let Err(error) = future.await {
            log::warn!("{what} failed: {error}");
            if let Some(errors) = errors {
                errors.increment(1);
            }
        }
    })
}
