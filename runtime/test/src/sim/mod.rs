//! Drives a worker in virtual time: the proxy's part, without sockets and without waiting.
//!
//! [`Engine`] feeds requests in, answers for upstream and clusters, fires timers, and moves its
//! clock only when it is told to or when a request waits for something that is sure to come.
//! Everything that happens at one moment happens in the order in which it was asked for, so two
//! runs are the same. Reading order: `clock`, `agenda`, `journal`, `mock`, `callout`,
//! `grpc`, `faults`, `properties`, `exchange`, `stage`.

mod agenda;
mod callout;
mod calls;
mod clock;
mod exchange;
mod faults;
mod grpc;
mod journal;
mod meter;
mod mock;
mod properties;
mod stage;

pub(crate) use calls::Call;
pub(crate) use clock::{DEFAULT_START, VirtualClock};
pub(crate) use exchange::{Finished, Plan};
pub(crate) use faults::{Fault, FaultPlan, Target};
pub use journal::LogLine;
pub(crate) use journal::{Journal, Mark, Watched};
pub(crate) use mock::{Condition, Mocks, Rule, Rules};
pub(crate) use properties::Properties;
pub(crate) use stage::SimStage;

use crate::world::World;
use agenda::{Agenda, Key};
use bytes::Bytes;
use exchange::Live;
use grpc::LiveGrpc;
use mesh_filter_runtime::abi::MetricKind;
use mesh_filter_runtime::guest::{ContextId, Guest};
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{
    GrpcPart, HttpCallOutcome, Metrics, PluginSettings, Services, SharedData, SharedHost, VmSettings,
};
use mesh_filter_runtime::plugin::{FailurePolicy, PluginOptions, StartError, VmPlan};
use mesh_filter_runtime::worker::{Command, PluginId, StreamId, VmId, Worker};
use properties::PropertyBook;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

/// Most events at one moment: beyond it a plugin calls out or ticks without end.
const MAX_EVENTS_AT_ONCE: usize = 100_000;

/// Most events while time passes: a timer of a second for some days; beyond it something is wrong.
const MAX_EVENTS: usize = 500_000;

/// The VM variable by which a filter knows that bodies come while headers wait.
const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";

/// A simulated proxy.
pub(crate) struct Engine {
    worker: Worker,
    clock: Rc<VirtualClock>,
    pub(crate) journal: Rc<Journal>,
    pub(crate) mocks: Rc<Mocks>,
    pub(crate) faults: Rc<FaultPlan>,
    properties: Rc<PropertyBook>,
    /// Hostcalls are written down too.
    traced: bool,
    metrics: Arc<Metrics>,
    shared_data: Arc<SharedData>,
    agenda: Agenda<Event>,
    timers: HashMap<(VmId, ContextId), (Duration, Key)>,
    plugins: usize,
    streams: HashMap<StreamId, Live>,
    /// gRPC callouts under way, by VM and token.
    grpc: HashMap<(VmId, u32), LiveGrpc>,
    ready: VecDeque<StreamId>,
    problems: Vec<String>,
}

/// What the agenda holds.
#[derive(Debug)]
enum Event {
    /// A callout ends.
    Call { vm: VmId, root: ContextId, token: u32, outcome: HttpCallOutcome },
    /// A part of a gRPC callout's response comes.
    Grpc { vm: VmId, token: u32, part: GrpcPart },
    /// A timer fires.
    Tick { vm: VmId, root: ContextId },
    /// The upstream answers.
    Upstream(StreamId),
    /// A value has come into a shared queue.
    Queue,
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
        }
    }
}

impl Engine {
    /// A proxy without plugins.
    pub(crate) fn new(start: Duration, seed: u64) -> Self {
        let clock = Rc::new(VirtualClock::new(start));
        let journal = Rc::new(Journal::new(Rc::clone(&clock)));
        let mocks = Rc::new(Mocks::new(Rc::clone(&journal)));
        let faults = Rc::new(FaultPlan::new(Rc::clone(&journal)));
        let metrics = Arc::new(Metrics::default());
        let shared_data = Arc::new(SharedData::default());
        let worker = Worker::new(Services {
            clock: clock.clone(),
            log: journal.clone(),
            clusters: mocks.clone(),
            random: Rc::new(RefCell::new(SeededRandom::new(seed))),
            metrics: Arc::clone(&metrics),
            shared_data: Arc::clone(&shared_data),
            queues: Arc::default(),
            inbox: Arc::default(),
            quotas: Default::default(),
        });
        Self {
            worker,
            clock,
            journal,
            mocks,
            faults,
            properties: Rc::default(),
            traced: false,
            metrics,
            shared_data,
            agenda: Agenda::default(),
            timers: HashMap::new(),
            plugins: 0,
            streams: HashMap::new(),
            grpc: HashMap::new(),
            ready: VecDeque::new(),
            problems: Vec::new(),
        }
    }

    /// Writes hostcalls down, of plugins that are started from now on.
    pub(crate) fn trace(&mut self) {
        self.traced = true;
    }

    /// Starts a plugin in a VM of its own.
    pub(crate) fn add(&mut self, world: &World, setup: &Setup) -> Result<PluginId, StartError> {
        let mut environment = setup.environment.clone();
        if setup.hold_headers {
            environment.push((HOLD_HEADERS.to_owned(), "1".to_owned()));
        }
        let options = PluginOptions {
            settings: Rc::new(PluginSettings {
                name: setup.name.clone(),
                root_id: setup.root_id.clone(),
                configuration: setup.configuration.clone().into(),
            }),
            failure_policy: setup.failure_policy,
            hold_headers: setup.hold_headers,
        };
        let vm = VmSettings {
            id: setup.vm_id.clone(),
            configuration: setup.vm_configuration.clone().into(),
            environment,
        };
        let journal = Rc::clone(&self.journal);
        let (maker, faults, traced) = (world.maker(), Rc::clone(&self.faults), self.traced);
        let properties = Rc::clone(&self.properties);
        let make = move |host: SharedHost| -> Result<Box<dyn Guest>, String> {
            {
                let mut host = host.borrow_mut();
                host.set_faults(faults.clone());
                host.set_given_properties(properties.clone());
                if traced {
                    host.set_trace(journal.clone());
                }
            }
            let guest = maker(Rc::clone(&host))?;
            Ok(Box::new(Watched::new(guest, host, Rc::clone(&journal))))
        };
        let plan = VmPlan { key: format!("vm {}", self.plugins), settings: vm, make: Rc::new(make) };
        let plugin = self.worker.add_plugin(options, plan)?;
        self.plugins += 1;
        self.settle();
        Ok(plugin)
    }

    /// Gives properties that hold for all exchanges from now on.
    pub(crate) fn give_properties(&self, properties: &Properties) {
        self.properties.give(properties);
    }

    /// Lets time pass; what falls due meanwhile happens at its own moment.
    pub(crate) fn advance(&mut self, span: Duration) {
        let target = self.clock.elapsed().saturating_add(span);
        self.run_until(target);
    }

    /// Counters and gauges by their value, histograms by their number of samples.
    pub(crate) fn metrics(&self) -> BTreeMap<String, u64> {
        self.metrics.snapshot().into_iter().map(|metric| (metric.name, metric.value)).collect()
    }

    /// Sets a shared value, as some other plugin would.
    pub(crate) fn set_shared_data(&mut self, vm_id: &str, key: &str, value: &[u8]) {
        if self.shared_data.set(vm_id, key.as_bytes(), value, 0).is_err() {
            self.problems.push(format!("the shared value `{key}` is larger than all shared data may be"));
        }
    }

    /// A shared value; `None` where nobody has set it.
    pub(crate) fn shared_data(&self, vm_id: &str, key: &str) -> Option<Bytes> {
        self.shared_data.get(vm_id, key.as_bytes()).ok().map(|(value, _)| value)
    }

    /// Names of those metrics that are gauges.
    pub(crate) fn gauges(&self) -> Vec<String> {
        let metrics = self.metrics.snapshot().into_iter();
        metrics.filter(|metric| metric.kind == MetricKind::Gauge).map(|metric| metric.name).collect()
    }

    /// What has gone wrong in the test itself since the last time: callouts without an answer.
    pub(crate) fn take_problems(&mut self) -> Vec<String> {
        let mut problems = std::mem::take(&mut self.problems);
        let known = self.mocks.names();
        for name in self.mocks.take_unknown() {
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

    fn run_until(&mut self, target: Duration) {
        self.settle();
        let (mut at_once, mut events) = (0, 0);
        while let Some((at, event)) = self.agenda.take_due(target) {
            at_once = if at > self.clock.elapsed() { 0 } else { at_once + 1 };
            events += 1;
            if at_once > MAX_EVENTS_AT_ONCE {
                self.problems.push(format!(
                    "more than {MAX_EVENTS_AT_ONCE} callouts and timers ended at one moment: \
                     the plugin starts a new one from each"
                ));
                break;
            }
            if events > MAX_EVENTS {
                self.problems.push(format!(
                    "more than {MAX_EVENTS} callouts and timers ended in one passage of time: \
                     let less time pass, or set longer periods"
                ));
                break;
            }
            self.clock.move_to(at);
            self.happen(event);
            self.settle();
        }
        self.clock.move_to(target);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Call { vm, root, token, outcome } => self.worker.call_done(vm, root, token, outcome),
            Event::Grpc { vm, token, part } => self.grpc_part(vm, token, part),
            Event::Tick { vm, root } => {
                let Some((period, _)) = self.timers.remove(&(vm, root)) else { return };
                self.worker.tick(vm, root);
                // As in Envoy the next period begins when the callback is over; a period that the
                // callback sets comes as a command and replaces this one.
                self.arm(vm, root, Some(period));
            }
            Event::Upstream(id) => self.upstream_answers(id),
            Event::Queue => {
                let _told = self.worker.poll_queues(&mut Context::from_waker(Waker::noop()));
            }
        }
    }

    /// Does all that can be done without time passing.
    fn settle(&mut self) {
        loop {
            if let Some(command) = self.worker.next_command() {
                match command {
                    Command::Call { vm, call } => self.call_out(vm, call),
                    Command::Grpc { vm, action } => self.grpc(vm, action),
                    Command::Tick { vm, root, period } => self.arm(vm, root, period),
                    Command::Wake(id) => self.ready.push_back(id),
                    _ => {}
                }
            } else if let Some(id) = self.ready.pop_front() {
                self.pump(id);
            } else {
                break;
            }
        }
        // As in the proxy, an owner is told after what is being done, one value at a time.
        if self.worker.has_queued() && self.agenda.next(|event| matches!(event, Event::Queue)).is_none() {
            self.agenda.enter(self.clock.elapsed(), Event::Queue);
        }
    }

    fn arm(&mut self, vm: VmId, root: ContextId, period: Option<Duration>) {
        if let Some((_, key)) = self.timers.remove(&(vm, root)) {
            self.agenda.remove(key);
        }
        if let Some(period) = period {
            let at = self.clock.elapsed().saturating_add(period);
            let key = self.agenda.enter(at, Event::Tick { vm, root });
            self.timers.insert((vm, root), (period, key));
        }
    }
}
