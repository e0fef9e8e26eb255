//! One worker of a simulated proxy: its plugins, its exchanges, and what will happen to them when.

use super::agenda::{Agenda, Key};
use super::exchange::Live;
use super::grpc::LiveGrpc;
use super::hooks::Hooks;
use super::journal::{Diary, Watched};
use super::properties::PropertyBook;
use super::shared::{Common, Shared};
use super::trapping::Trapping;
use super::{FilterId, Setup};
use crate::world::World;
use mesh_filter_runtime::guest::{ContextId, Guest};
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{
    GrpcPart, HttpCallOutcome, PluginSettings, Services, SharedHost, VmSettings,
};
use mesh_filter_runtime::plugin::{PluginOptions, StartError, VmPlan};
use mesh_filter_runtime::worker::{Command, PluginId, StreamId, VmId, Worker};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

/// The VM variable by which a filter knows that bodies come while headers wait.
const HOLD_HEADERS: &str = "MESH_FILTER_HOLD_HEADERS";

/// Between the seeds of one worker and those of the next.
const SEED_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A worker and its driver.
pub(super) struct Lane {
    pub(super) worker: Worker,
    pub(super) shared: Shared,
    pub(super) diary: Rc<Diary>,
    pub(super) hooks: Rc<Hooks>,
    pub(super) properties: Rc<PropertyBook>,
    /// Hostcalls are written down too.
    traced: bool,
    pub(super) agenda: Agenda<Event>,
    pub(super) timers: HashMap<(VmId, ContextId), (Duration, Key)>,
    /// By the order in which they were added, with the keys of their VMs.
    filters: Vec<(PluginId, String)>,
    /// New VMs that were made in place of old ones.
    vms: usize,
    pub(super) streams: HashMap<StreamId, Live>,
    /// gRPC callouts under way, by VM and token.
    pub(super) grpc: HashMap<(VmId, u32), LiveGrpc>,
    pub(super) ready: VecDeque<StreamId>,
    pub(super) problems: Vec<String>,
}

/// What the agenda holds.
#[derive(Debug)]
pub(super) enum Event {
    /// A callout ends.
    Call { vm: VmId, root: ContextId, token: u32, cluster: String, outcome: HttpCallOutcome },
    /// A part of a gRPC callout's response comes.
    Grpc { vm: VmId, token: u32, part: GrpcPart },
    /// A timer fires.
    Tick { vm: VmId, root: ContextId },
    /// The upstream answers.
    Upstream(StreamId),
    /// A value has come into a shared queue.
    Queue,
}

impl Lane {
    /// A worker without plugins; `number` counts from 0, and is written where there are several.
    pub(super) fn new(shared: Shared, number: usize, alone: bool) -> Self {
        let journal = Arc::clone(&shared.journal);
        let diary = Rc::new(Diary { journal, worker: (!alone).then_some(number) });
        let step = SEED_STEP.wrapping_mul(u64::try_from(number).unwrap_or(u64::MAX));
        let worker = Worker::new(Services {
            clock: Rc::new(Common(Arc::clone(&shared.clock))),
            log: diary.clone(),
            clusters: Rc::new(Common(Arc::clone(&shared.mocks))),
            random: Rc::new(RefCell::new(SeededRandom::new(shared.seed.wrapping_add(step)))),
            metrics: Arc::clone(&shared.metrics),
            shared_data: Arc::clone(&shared.shared_data),
            queues: Arc::clone(&shared.queues),
            inbox: Arc::default(),
            quotas: Default::default(),
        });
        Self {
            worker,
            hooks: Rc::new(Hooks::new(Arc::clone(&shared.faults), Rc::clone(&diary))),
            diary,
            shared,
            properties: Rc::default(),
            traced: false,
            agenda: Agenda::default(),
            timers: HashMap::new(),
            filters: Vec::new(),
            vms: 0,
            streams: HashMap::new(),
            grpc: HashMap::new(),
            ready: VecDeque::new(),
            problems: Vec::new(),
        }
    }

    /// Writes hostcalls down, of plugins that are started from now on.
    pub(super) fn trace(&mut self) {
        self.traced = true;
    }

    /// Starts a filter, in a VM of its own or in one that it shares with filters of this name.
    pub(super) fn add(
        &mut self,
        world: &World,
        setup: &Setup,
        shared: Option<&str>,
    ) -> Result<FilterId, StartError> {
        let id = FilterId(self.filters.len());
        let key = shared.map_or_else(|| format!("vm {}", id.0), |name| format!("vm of {name}"));
        let plugin = self.start(world, setup, key.clone())?;
        self.filters.push((plugin, key));
        Ok(id)
    }

    /// Puts a plugin with this setup in the place of a filter's; exchanges that are open go on in the old
    /// one. In the filter's VM, or in a new one.
    pub(super) fn replace(
        &mut self,
        filter: FilterId,
        world: &World,
        setup: &Setup,
        new_vm: bool,
    ) -> Result<(), StartError> {
        self.vms += usize::from(new_vm);
        let key = if new_vm { format!("vm {} of {}", self.vms, filter.0) } else { self.key(filter) };
        let plugin = self.start(world, setup, key.clone())?;
        if let Some(place) = self.filters.get_mut(filter.0) {
            let old = std::mem::replace(place, (plugin, key)).0;
            self.worker.remove_plugin(old);
            self.settle();
        }
        Ok(())
    }

    fn key(&self, filter: FilterId) -> String {
        self.filters.get(filter.0).map(|(_, key)| key.clone()).unwrap_or_default()
    }

    pub(super) fn plugin(&self, filter: FilterId) -> Option<PluginId> {
        self.filters.get(filter.0).map(|(plugin, _)| *plugin)
    }

    fn start(&mut self, world: &World, setup: &Setup, key: String) -> Result<PluginId, StartError> {
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
        let settings = VmSettings {
            id: setup.vm_id.clone(),
            configuration: setup.vm_configuration.clone().into(),
            environment,
        };
        let (maker, traced) = (world.maker(), self.traced);
        let (hooks, diary) = (Rc::clone(&self.hooks), Rc::clone(&self.diary));
        let (properties, name) = (Rc::clone(&self.properties), setup.name.clone());
        let make = move |host: SharedHost| -> Result<Box<dyn Guest>, String> {
            {
                let mut host = host.borrow_mut();
                host.set_faults(hooks.clone());
                host.set_given_properties(properties.clone());
                if traced {
                    host.set_trace(diary.clone());
                }
            }
            let guest = Trapping { guest: maker(Rc::clone(&host))?, hooks: Rc::clone(&hooks) };
            Ok(Box::new(Watched::new(&name, Box::new(guest), host, Rc::clone(&diary))))
        };
        let plugin = self.worker.add_plugin(options, VmPlan { key, settings, make: Rc::new(make) })?;
        self.settle();
        Ok(plugin)
    }

    pub(super) fn now(&self) -> Duration {
        self.shared.clock.elapsed()
    }

    /// Enters an event that happens after this time.
    pub(super) fn enter(&mut self, after: Duration, event: Event) -> Key {
        let number = self.shared.next_event();
        self.agenda.enter(self.now().saturating_add(after), number, event)
    }

    /// What happens here next, and the next of that which is sure to come: not a timer.
    pub(super) fn next(&mut self) -> (Option<Key>, Option<Key>) {
        self.notice_queues();
        let sure = self.agenda.next(|event| !matches!(event, Event::Tick { .. }));
        (self.agenda.next(|_| true), sure)
    }

    /// Lets the next event happen, if it is due.
    pub(super) fn step(&mut self) {
        if let Some((_, event)) = self.agenda.take_due(self.now()) {
            self.happen(event);
            self.settle();
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Call { vm, root, token, outcome, .. } => self.worker.call_done(vm, root, token, outcome),
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
    pub(super) fn settle(&mut self) {
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
        self.notice_queues();
    }

    /// As in the proxy, an owner is told after what is being done, one value at a time.
    fn notice_queues(&mut self) {
        if self.worker.has_queued() && self.agenda.next(|event| matches!(event, Event::Queue)).is_none() {
            self.enter(Duration::ZERO, Event::Queue);
        }
    }

    fn arm(&mut self, vm: VmId, root: ContextId, period: Option<Duration>) {
        if let Some((_, key)) = self.timers.remove(&(vm, root)) {
            self.agenda.remove(key);
        }
        if let Some(period) = period {
            let key = self.enter(period, Event::Tick { vm, root });
            self.timers.insert((vm, root), (period, key));
        }
    }
}
