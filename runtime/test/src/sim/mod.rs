//! Drives workers in virtual time: the proxy's part, without sockets and without waiting.
//!
//! [`Engine`] feeds requests in, answers for upstream and clusters, fires timers, and moves its
//! clock only when it is told to or when a request waits for something that is sure to come.
//! Everything that happens at one moment happens in the order in which it was asked for, so two
//! runs are the same. Reading order: `clock`, `agenda`, `journal`, `mock`, `faults`, `shared` (what workers
//! have in common), `lane` (one worker), `callout`, `grpc`, `hooks`, `trapping`, `properties`, `exchange`, `crew`, `time`, `paused`, `baton`, `interleave`,
//! `stage`.

mod agenda;
mod baton;
mod callout;
mod calls;
mod clock;
mod crew;
mod exchange;
mod faults;
mod grpc;
mod hooks;
mod interleave;
mod journal;
mod lane;
mod meter;
mod mock;
mod paused;
mod properties;
mod shared;
mod stage;
mod time;
mod trapping;

pub(crate) use baton::{Choice, Schedule};
pub(crate) use calls::Call;
pub(crate) use clock::{DEFAULT_START, VirtualClock};
pub(crate) use exchange::{Finished, Plan};
pub(crate) use faults::{Fault, FaultPlan, Target};
pub use journal::LogLine;
pub(crate) use journal::{Diary, Journal, Mark, Watched};
pub(crate) use meter::{CallCost, Meter};
pub(crate) use mock::{Condition, Mocks, Rule, Rules};
pub use paused::Paused;
pub(crate) use properties::Properties;
pub(crate) use stage::SimStage;

use crate::world::World;
#[cfg(feature = "envoy")]
pub(crate) use agenda::{Agenda, Key as AgendaKey};
use bytes::Bytes;
use crew::Seat;
use lane::Lane;
use mesh_filter_runtime::abi::MetricKind;
use mesh_filter_runtime::plugin::{FailurePolicy, StartError};
use mesh_filter_runtime::worker::StreamId;
use shared::Shared;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A simulated proxy.
pub(crate) struct Engine {
    shared: Shared,
    workers: Vec<Seat>,
    /// Exchanges so far that no test has put on a certain worker.
    turns: usize,
    problems: Vec<String>,
}

/// A filter that has been started, on each worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilterId(usize);

/// An exchange of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExchangeId {
    worker: usize,
    stream: Option<StreamId>,
}

/// How a plugin is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) configuration: Vec<u8>,
    pub(crate) vm_configuration: Vec<u8>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) hold_headers: bool,
    /// Wall clock at the beginning, since 1970.
    pub(crate) start: Duration,
    pub(crate) seed: u64,
    /// Number of workers, at least one.
    pub(crate) workers: usize,
    /// Workers run on threads of their own, so that they can be interleaved.
    pub(crate) threads: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            name: "filter".to_owned(),
            root_id: String::new(),
            vm_id: String::new(),
            configuration: Vec::new(),
            vm_configuration: Vec::new(),
            environment: Vec::new(),
            failure_policy: FailurePolicy::Closed,
            hold_headers: false,
            start: DEFAULT_START,
            seed: 0,
            workers: 1,
            threads: false,
        }
    }
}

impl Engine {
    /// A proxy with so many workers, at least one, and without plugins.
    pub(crate) fn new(start: Duration, seed: u64, workers: usize) -> Self {
        let shared = Shared::new(start, seed);
        let mut engine = Self { shared, workers: Vec::new(), turns: 0, problems: Vec::new() };
        engine.set_workers(workers);
        engine
    }

    /// Makes it so many workers, in place of those that it has. Filters come after that.
    pub(crate) fn set_workers(&mut self, workers: usize) {
        let lane = |number| Lane::new(self.shared.clone(), number, workers <= 1);
        self.workers = (0..workers.max(1)).map(|number| Seat::Here(Box::new(lane(number)))).collect();
    }

    /// Puts each worker on a thread of its own. Filters come after that.
    pub(crate) fn use_threads(&mut self) {
        let alone = self.workers.len() <= 1;
        for (number, worker) in self.workers.iter_mut().enumerate() {
            let shared = self.shared.clone();
            match Seat::on_thread(move || Lane::new(shared, number, alone)) {
                Ok(seat) => *worker = seat,
                Err(error) => {
                    self.problems.push(format!("cannot start a thread for worker {number}: {error}"))
                }
            }
        }
    }

    /// Number of workers.
    pub(crate) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Whether a filter has been started.
    pub(crate) fn has_filters(&mut self) -> bool {
        self.workers.iter_mut().any(|worker| worker.with(|lane| lane.plugin(FilterId(0)).is_some()))
    }

    /// What happened.
    pub(crate) fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// The clusters that plugins call out to.
    pub(crate) fn mocks(&self) -> &Arc<Mocks> {
        &self.shared.mocks
    }

    /// What shall go wrong.
    pub(crate) fn faults(&self) -> &FaultPlan {
        &self.shared.faults
    }

    /// Writes hostcalls down, of plugins that are started from now on.
    pub(crate) fn trace(&mut self) {
        self.workers.iter_mut().for_each(|worker| worker.with(Lane::trace));
    }

    /// Starts a filter in a VM of its own, on each worker.
    pub(crate) fn add(&mut self, world: &World, setup: &Setup) -> Result<FilterId, StartError> {
        self.add_to(None, world, setup)
    }

    /// Starts a filter on each worker, in a VM of its own or in that of the filters of this name, as proxies do
    /// with the same code.
    pub(crate) fn add_to(
        &mut self,
        shared: Option<&str>,
        world: &World,
        setup: &Setup,
    ) -> Result<FilterId, StartError> {
        let mut filter = FilterId(0);
        for worker in &mut self.workers {
            let (shared, world, setup) = (shared.map(str::to_owned), world.clone(), setup.clone());
            filter = worker.with(move |lane| lane.add(&world, &setup, shared.as_deref()))?;
        }
        Ok(filter)
    }

    /// Configures a filter anew, as a proxy does at an update: exchanges that are open go on as they began.
    /// Where one worker cannot start it the old configuration stays in force.
    pub(crate) fn replace(
        &mut self,
        filter: FilterId,
        world: &World,
        setup: &Setup,
        new_vm: bool,
    ) -> Result<(), StartError> {
        for worker in &mut self.workers {
            let (world, setup) = (world.clone(), setup.clone());
            worker.with(move |lane| lane.replace(filter, &world, &setup, new_vm))?;
        }
        // What the old plugin leaves under way is over.
        self.advance(Duration::ZERO);
        Ok(())
    }

    /// Gives properties that hold for all exchanges from now on.
    pub(crate) fn give_properties(&mut self, properties: &Properties) {
        for worker in &mut self.workers {
            let properties = properties.clone();
            worker.with(move |lane| lane.properties.give(&properties));
        }
    }

    /// Counters and gauges by their value, histograms by their number of samples.
    pub(crate) fn metrics(&self) -> BTreeMap<String, u64> {
        self.shared.metrics.snapshot().into_iter().map(|metric| (metric.name, metric.value)).collect()
    }

    /// Sets a shared value, as some other plugin would.
    pub(crate) fn set_shared_data(&mut self, vm_id: &str, key: &str, value: &[u8]) {
        if self.shared.shared_data.set(vm_id, key.as_bytes(), value, 0).is_err() {
            self.problems.push(format!("the shared value `{key}` is larger than all shared data may be"));
        }
    }

    /// A shared value; `None` where nobody has set it.
    pub(crate) fn shared_data(&self, vm_id: &str, key: &str) -> Option<Bytes> {
        self.shared.shared_data.get(vm_id, key.as_bytes()).ok().map(|(value, _)| value)
    }

    /// Names of those metrics that are gauges.
    pub(crate) fn gauges(&self) -> Vec<String> {
        let metrics = self.shared.metrics.snapshot().into_iter();
        metrics.filter(|metric| metric.kind == MetricKind::Gauge).map(|metric| metric.name).collect()
    }

    /// What has gone wrong in the test itself since the last time: callouts without an answer.
    pub(crate) fn take_problems(&mut self) -> Vec<String> {
        let mut problems = std::mem::take(&mut self.problems);
        for worker in &mut self.workers {
            problems.extend(worker.with(|lane| std::mem::take(&mut lane.problems)));
        }
        let known = self.mocks().names();
        for name in self.mocks().take_unknown() {
            let known = match known.as_slice() {
                [] => "no cluster is mocked".to_owned(),
                names => format!("mocked: `{}`", names.join("`, `")),
            };
            problems.push(format!(
                "the plugin called out to cluster `{name}`, for which there is no mock ({known})"
            ));
        }
        problems
    }
}
