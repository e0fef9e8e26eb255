//! A root context: one configuration, the filter made from it, and its timed jobs.

use super::handler::Factory;
use super::reactor::{Owner, Reactor};
use super::{Handler, Task};
use crate::error::Result;
use crate::host::{BufferKind, HostError, host};
use crate::metrics::Counter;
use crate::setup::Setup;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Name of the counter of everything that a filter answered with `Err`.
const ERRORS: &str = "mesh_filter.errors";
/// Set by whoever starts the VM where the proxy hands out bodies while headers wait.
const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";
/// Timers and clocks round differently: a job that is due within this is due.
const TOLERANCE: Duration = Duration::from_millis(1);

pub(crate) struct Root {
    id: u32,
    pub(crate) handler: Option<Rc<dyn Handler>>,
    pub(crate) errors: Option<Counter>,
    pub(crate) hold_allowed: bool,
    jobs: Vec<Job>,
    tick: Duration,
}

/// Something that is done again and again.
pub(crate) struct Job {
    period: Duration,
    due: Duration,
    start: Box<dyn Fn() -> Task<Result<()>>>,
    running: Option<Task<Result<()>>>,
}

impl Job {
    pub(crate) fn new(period: Duration, start: Box<dyn Fn() -> Task<Result<()>>>) -> Self {
        Self { period, due: Duration::ZERO, start, running: None }
    }
}

impl Root {
    pub(crate) fn new(id: u32) -> Self {
        Self { id, handler: None, errors: None, hold_allowed: false, jobs: Vec::new(), tick: Duration::ZERO }
    }

    /// Makes the filter; an error refuses the configuration.
    pub(crate) fn configure(&mut self, factory: Factory, size: usize) -> Result<()> {
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
        self.jobs = setup.into_jobs();
        let now = monotonic();
        for job in &mut self.jobs {
            job.due = now.saturating_add(job.period);
        }
        self.arm(now)
    }

    /// Starts every job that is due.
    pub(crate) fn tick(&mut self, reactor: &Rc<Reactor>) {
        // One job ticks with its own period, so it is always due and needs no clock.
        let now = if self.jobs.len() == 1 { None } else { Some(monotonic()) };
        for index in 0..self.jobs.len() {
            let Some(job) = self.jobs.get_mut(index) else { continue };
            if let Some(now) = now {
                if job.due > now.saturating_add(TOLERANCE) {
                    continue;
                }
                job.due = now.saturating_add(job.period);
            }
            if job.running.is_some() {
                log::debug!("a job is skipped because its last run has not ended");
                continue;
            }
            let owner = Owner::Job { root: self.id, job: index };
            job.running = Some(reactor.enter(owner, || (job.start)()));
            self.wake(index, reactor);
        }
        if let Some(now) = now
            && let Err(error) = self.arm(now)
        {
            log::error!("{error}");
        }
    }

    /// Lets a job go on.
    pub(crate) fn wake(&mut self, index: usize, reactor: &Rc<Reactor>) {
        let Some(job) = self.jobs.get_mut(index) else { return };
        let Some(mut run) = job.running.take() else { return };
        let owner = Owner::Job { root: self.id, job: index };
        let polled = reactor.enter(owner, || run.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        match polled {
            Poll::Pending => job.running = Some(run),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => {
                log::warn!("a job failed: {error}");
                if let Some(errors) = &self.errors {
                    errors.increment(1);
                }
            }
        }
    }

    /// Sets the proxy's one timer of this root context to the job that is due first.
    fn arm(&mut self, now: Duration) -> Result<()> {
        let Some(due) = self.jobs.iter().map(|job| job.due).min() else { return Ok(()) };
        let wait = due.saturating_sub(now).max(TOLERANCE);
        if wait != self.tick {
            let period_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
            host().set_tick_period_milliseconds(period_ms).map_err(|status| {
                HostError::new("proxy_set_tick_period_milliseconds", period_ms.to_string(), status)
            })?;
            self.tick = wait;
        }
        Ok(())
    }
}

fn monotonic() -> Duration {
    Duration::from_nanos(host().monotonic_nanoseconds())
}
