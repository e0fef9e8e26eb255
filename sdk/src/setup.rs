//! What a filter sets up once, when its configuration comes.

use crate::clock::Shown;
use crate::dispatch::{Job, Task};
use crate::error::{Error, Result};
use crate::host::host;
use crate::metrics::{Counter, Gauge, Histogram};
use crate::vm;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Given to [`crate::Filter::new`]: metrics, timed jobs and background tasks.
pub struct Setup {
    jobs: Vec<Job>,
    tasks: Vec<Task<Result<()>>>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self { jobs: Vec::new(), tasks: Vec::new() }
    }

    pub(crate) fn into_parts(self) -> (Vec<Job>, Vec<Task<Result<()>>>) {
        (self.jobs, self.tasks)
    }

    /// Defines a counter.
    ///
    /// # Errors
    /// When the proxy refuses the name, or has no metrics.
    pub fn counter(&mut self, name: &str) -> Result<Counter> {
        Ok(Counter::define(name)?)
    }

    /// Defines a gauge.
    ///
    /// # Errors
    /// When the proxy refuses the name, or has no metrics.
    pub fn gauge(&mut self, name: &str) -> Result<Gauge> {
        Ok(Gauge::define(name)?)
    }

    /// Defines a histogram.
    ///
    /// # Errors
    /// When the proxy refuses the name, or has no metrics.
    pub fn histogram(&mut self, name: &str) -> Result<Histogram> {
        Ok(Histogram::define(name)?)
    }

    /// A variable of the plugin's environment (`vm_config.environment_variables`), which is where secrets belong.
    ///
    /// Natively it is the test's, which `std::env::var` is not.
    #[must_use]
    pub fn environment_variable(&self, name: &str) -> Option<String> {
        host().environment_variable(name)
    }

    /// Does something every `period`, first when one period is over, in each VM.
    ///
    /// The job may wait for calls. A run that has not ended when the next is due goes on, and that
    /// one is left out. An error is logged as a warning and counted in `mesh_filter.errors`.
    ///
    /// ```no_run
    /// # use mesh_filter::prelude::*;
    /// # use std::{cell::RefCell, rc::Rc};
    /// # fn new(cluster: ClusterName, setup: &mut Setup) -> Result<()> {
    /// let flags = Rc::new(RefCell::new(String::new()));
    /// let refreshed = Rc::clone(&flags);
    /// setup.every(secs(30), async move || {
    ///     let reply = call::get(&cluster, "/flags").send().await?;
    ///     *refreshed.borrow_mut() = reply.text()?.to_owned();
    ///     Ok(())
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the period is less than a millisecond, or more than a `u32` of them (49 days).
    pub fn every(&mut self, period: Duration, job: impl AsyncFn() -> Result<()> + 'static) -> Result<()> {
        if period < Duration::from_millis(1) || u32::try_from(period.as_millis()).is_err() {
            return Err(Error::new(format!(
                "a job cannot run every {}: expected 1 ms to {} ms",
                Shown(period),
                u32::MAX
            )));
        }
        let job = Rc::new(job);
        self.jobs.push(Job::new(
            period,
            Box::new(move || {
                let job = Rc::clone(&job);
                Box::pin(async move { job().await })
            }),
        ));
        Ok(())
    }
}

impl Setup {
    /// State that all configurations of this module share in one VM: the value of this type, made
    /// by the first that asks.
    ///
    /// A proxy may run several plugins of one module in one VM (Istio does), each with a
    /// configuration and a filter of its own. State of one configuration is a field of the filter;
    /// state of all workers is [`crate::shared`].
    pub fn vm_state<T: 'static>(&mut self, make: impl FnOnce() -> T) -> Rc<T> {
        vm::current().value(make)
    }

    /// Does something once, in the background, in each VM: it begins about a millisecond after the
    /// configuration was accepted, and may wait, call and sleep for as long as the plugin lives.
    ///
    /// An error is logged as a warning and counted in `mesh_filter.errors`. From an exchange, use
    /// [`crate::task::spawn`].
    ///
    /// ```no_run
    /// # use mesh_filter::prelude::*;
    /// # fn new(cluster: ClusterName, setup: &mut Setup) -> Result<()> {
    /// setup.spawn(async move {
    ///     while call::get(&cluster, "/ready").send().await?.status() != 200 {
    ///         task::sleep(secs(1)).await;
    ///     }
    ///     log::info!("{cluster} is ready");
    ///     Ok(())
    /// });
    /// # Ok(()) }
    /// ```
    pub fn spawn(&mut self, task: impl Future<Output = Result<()>> + 'static) {
        self.tasks.push(Box::pin(task));
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("jobs", &self.jobs.len()).field("tasks", &self.tasks.len()).finish()
    }
}
