//! An exchange in the hands of a test: under way, then finished.

use super::check::{Check, Checked};
use super::message::Request;
use super::{Sim, TestFilter, fail};
use crate::sim::{ExchangeId, Finished, LogLine, Mark, Paused, Plan};
use crate::traffic::{Chunking, Received};
use std::collections::BTreeMap;

/// An exchange that may still be under way.
#[must_use = "an exchange that is not finished tests nothing"]
pub struct Pending {
    sim: Sim,
    id: ExchangeId,
    mark: Mark,
    metrics: BTreeMap<String, u64>,
}

/// An exchange that is over.
#[must_use = "an exchange about which nothing is expected tests nothing"]
pub struct Exchange {
    pub(super) finished: Finished,
    pub(super) logs: Vec<LogLine>,
    pub(super) metrics_before: BTreeMap<String, u64>,
    pub(super) metrics: BTreeMap<String, u64>,
    pub(super) gauges: Vec<String>,
    timeline: String,
}

impl Pending {
    pub(super) fn new(filter: &TestFilter, request: Request) -> Self {
        let TestFilter { sim, worker, .. } = filter;
        let upstream = filter.upstream.borrow().clone();
        let mark = sim.mark();
        if sim.state.readings.borrow().is_empty() {
            sim.take_reading();
        }
        let mut engine = sim.state.engine.borrow_mut();
        let metrics = engine.metrics();
        let Request { message, properties } = request;
        let plan =
            Plan { request: message, upstream, chunking: Chunking::AsWritten, properties, worker: *worker };
        let id = engine.open(&[filter.filter], plan);
        drop(engine);
        Self { sim: sim.clone(), id, mark, metrics }
    }

    /// Whether the client has its whole answer.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.sim.state.engine.borrow_mut().is_done(self.id)
    }

    /// What it waits for.
    #[must_use]
    pub fn paused_on(&self) -> Paused {
        self.sim.state.engine.borrow_mut().paused_on(self.id)
    }

    /// Waits, in virtual time, for the end of the exchange.
    ///
    /// # Panics
    /// When nothing is under way that could end it, when the filter called out to a cluster that
    /// nobody has mocked, and when it panicked, unless [`Sim::allow_traps`] was called.
    #[track_caller]
    pub fn finish(self) -> Exchange {
        let finished = self.sim.state.engine.borrow_mut().finish(self.id);
        self.sim.take_reading();
        let timeline = self.sim.timeline_since(self.mark);
        let mut problems = self.sim.state.engine.borrow_mut().take_problems();
        if !self.sim.state.allows_traps.get() {
            let traps = self.sim.state.engine.borrow().journal().traps(self.mark);
            problems.extend(traps.iter().map(|(callback, trap)| format!("in `{callback}` {trap}")));
        }
        if let Err(hang) = &finished
            && problems.is_empty()
        {
            problems.push(hang.to_string());
        }
        match finished {
            Ok(finished) if problems.is_empty() => {
                let engine = self.sim.state.engine.borrow();
                Exchange {
                    finished,
                    logs: engine.journal().logs(self.mark),
                    metrics_before: self.metrics,
                    metrics: engine.metrics(),
                    gauges: engine.gauges(),
                    timeline,
                }
            }
            _ => fail(&format!("{}\n{timeline}", problems.join("\n"))),
        }
    }
}

impl Exchange {
    /// Expects something of the response, or of the exchange as a whole.
    ///
    /// # Panics
    /// When it does not hold.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "so that checks stand in the call")]
    pub fn expect(self, check: Check) -> Checked {
        self.hold(&check, "response", self.finished.response.as_ref());
        Checked(self)
    }

    /// Expects something of the request as the upstream saw it.
    ///
    /// # Panics
    /// When it does not hold.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "so that checks stand in the call")]
    pub fn upstream(self, check: Check) -> Checked {
        self.hold(&check, "upstream request", self.finished.upstream.as_ref());
        Checked(self)
    }

    /// The response; `None` after a reset.
    #[must_use]
    pub fn response(&self) -> Option<&Received> {
        self.finished.response.as_ref()
    }

    /// The request as the upstream saw it; `None` where it was not called.
    #[must_use]
    pub fn upstream_request(&self) -> Option<&Received> {
        self.finished.upstream.as_ref()
    }

    /// What the filter logged meanwhile.
    #[must_use]
    pub fn logs(&self) -> &[LogLine] {
        &self.logs
    }

    #[track_caller]
    fn hold(&self, check: &Check, what: &str, message: Option<&Received>) {
        if let Err(problem) = check.of(self, message) {
            fail(&format!("{what}: {problem}\n{}", self.timeline));
        }
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange").field("finished", &self.finished).finish_non_exhaustive()
    }
}
