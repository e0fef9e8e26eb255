//! The way by which a case is played in a world: what every world can do, and what a step did there.
//!
//! [`Stage`] is all that `run` knows of a world. A new kind of step is a method here; what some
//! world cannot do is a [`Need`](super::portable::Need) of the case, so that it is never asked to.

use super::budget::Cost;
use crate::matcher::Matcher;
use crate::sim::{
    Call, Choice, Fault, Finished, LogLine, Mark, Meter, Plan, Properties, Rules, Schedule, Setup,
};
use crate::traffic::Received;
use bytes::Bytes;
use mesh_filter_runtime::guest::{Trap, Usage};
use std::collections::BTreeMap;
use std::time::Duration;

/// One run of one case: a proxy with a fresh VM, whose clusters, upstream and time belong to the case.
pub(crate) trait Stage {
    /// Sets what a cluster answers from now on; what it has been asked stays counted.
    fn mock(&mut self, cluster: &str, rules: Rules);

    /// From now on this goes wrong.
    fn fault(&mut self, fault: Fault);

    /// The faults that nothing has met, and how many calls there were.
    fn unmet_faults(&self) -> Vec<(Fault, u32)>;

    /// Sets a shared value, as some other plugin would.
    fn set_shared_data(&mut self, vm_id: &str, key: &str, value: &[u8]);

    /// A shared value; `None` where nobody has set it.
    fn shared_data(&self, vm_id: &str, key: &str) -> Option<Bytes>;

    /// Gives properties values, for filters and exchanges from now on.
    fn give_properties(&mut self, properties: &Properties);

    /// Starts the filter; requests go through all that have been started.
    fn start(&mut self, setup: &Setup) -> Result<(), StartFailure>;

    /// Starts another filter, which the world knows by this name, after those that have been started.
    fn start_other(&mut self, filter: &str, _setup: &Setup) -> Result<(), StartFailure> {
        Err(StartFailure::Broken(format!("`{filter}` cannot be started here")))
    }

    /// Configures the filter anew, in its VM or in a new one; exchanges that are open go on as they began.
    fn replace(&mut self, _setup: &Setup, _new_vm: bool) -> Result<(), StartFailure> {
        Err(StartFailure::Broken("a filter cannot be configured anew here".to_owned()))
    }

    /// Begins an exchange and lets it go as far as it can without time passing.
    fn open(&mut self, plan: Plan) -> Ticket;

    /// Begins exchanges on several workers at once, by a schedule; answers who could have run when, too.
    fn interleave(&mut self, _plans: Vec<Plan>, _schedule: Schedule) -> (Vec<Ticket>, Vec<Choice>) {
        (Vec::new(), Vec::new())
    }

    /// Lets time pass until the exchange has ended; the error says why it never will.
    fn finish(&mut self, ticket: Ticket) -> Result<Finished, String>;

    /// Lets time pass; what falls due meanwhile happens at its own moment.
    fn advance(&mut self, span: Duration);

    /// From now on the callbacks of the filter are kept for [`Deeds::calls`].
    fn keep_calls(&mut self) {}

    /// What counts what the filters use; `None` where nobody does.
    fn meter(&self) -> Option<&Meter> {
        None
    }

    /// What the filters have used so far; `None` where nobody counts.
    fn usage(&self) -> Option<Usage> {
        self.meter().and_then(Meter::usage)
    }

    /// The world, if it is one whose own CPU time is measured.
    fn timed(&mut self) -> Option<&mut dyn Timed> {
        None
    }

    /// The end of the timeline so far.
    fn mark(&self) -> Mark;

    /// The state now, from which the deeds of a step are counted.
    fn scope(&mut self) -> Scope;

    /// What has been done since then, without the exchanges.
    fn deeds(&mut self, since: &Scope) -> Deeds;

    /// Everything that happened since then, a line each.
    fn timeline(&self, since: Mark) -> Vec<String>;
}

/// A world whose own CPU time is measured.
pub(crate) trait Timed {
    /// Its CPU time for an exchange, and for the same one past all filters.
    fn exchange(&mut self, plan: Plan) -> Result<(Duration, Duration), String>;
}

/// An exchange that is under way on its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(pub(crate) usize);

/// Why a filter did not start.
#[derive(Debug)]
pub(crate) enum StartFailure {
    /// The filter, or the proxy in its name, refused; this is what a case may expect.
    Refused(String),
    /// The world itself is broken.
    Broken(String),
}

/// The state at the beginning of a step.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) mark: Mark,
    pub(crate) metrics: BTreeMap<String, u64>,
    /// Number of callouts by cluster.
    pub(crate) callouts: BTreeMap<String, usize>,
}

/// What a step did.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    pub(crate) exchanges: Vec<Finished>,
    pub(crate) logs: Vec<LogLine>,
    /// Counters and histograms: by how much they grew; gauges: their value.
    pub(crate) metrics: BTreeMap<String, u64>,
    /// Callouts by cluster.
    pub(crate) callouts: BTreeMap<String, Vec<Received>>,
    pub(crate) traps: Vec<(&'static str, Trap)>,
    /// Callbacks, where they are kept.
    pub(crate) calls: Vec<Call>,
    pub(crate) cost: Cost,
    /// What has gone wrong in the test itself.
    pub(crate) problems: Vec<String>,
}

impl Deeds {
    /// Whether a log line is like this, or the reason of a trap.
    pub(crate) fn say(&self, matcher: &Matcher) -> bool {
        let lines = self.logs.iter().map(|line| line.message.clone());
        let traps = self.traps.iter().map(|(_, trap)| trap.to_string());
        lines.chain(traps).any(|said| matcher.check(said.as_bytes()).is_ok())
    }
}

impl Scope {
    /// By how much metrics grew since; gauges keep their value.
    pub(crate) fn growth(
        &self,
        mut metrics: BTreeMap<String, u64>,
        gauges: &[String],
    ) -> BTreeMap<String, u64> {
        for (name, value) in &mut metrics {
            if !gauges.contains(name) {
                *value = value.saturating_sub(self.metrics.get(name).copied().unwrap_or(0));
            }
        }
        metrics
    }

    /// Number of callouts to a cluster before.
    pub(crate) fn callouts_before(&self, cluster: &str) -> usize {
        self.callouts.get(cluster).copied().unwrap_or(0)
    }
}
