//! What a plugin may ask of its proxy. Knows no wasm: no pointer, no length, no memory.
//!
//! [`Host`] is one VM's view of the proxy. Hostcalls and native filters call its methods, which
//! answer at once; what must wait until the guest call has returned (resume, local reply,
//! callouts) is queued as [`Deferred`] and taken by the worker.

pub mod clock;
pub mod faults;
pub mod log;
pub mod metrics;
pub mod shared_data;
pub mod trace;

mod buffers;
mod callouts;
mod contexts;
mod filter_state;
mod foreign;
mod grpc;
mod maps;
mod properties;
pub mod queues;
pub mod quotas;
pub mod random;
mod routes;

pub use callouts::{Clusters, HttpCall, HttpCallOutcome};
pub use clock::Clock;
pub use contexts::{Deferred, Open, Part, Phase, View};
pub use faults::Faults;
pub use filter_state::{ConnectionState, FilterState};
pub(crate) use grpc::grpc_status_of_http;
pub use grpc::{GrpcAction, GrpcCall, GrpcMethod, GrpcPart};
pub use log::{LogRecord, LogSink};
pub use metrics::Metrics;
pub use properties::GivenProperties;
pub use queues::{Inbox, Queues};
pub use quotas::Quotas;
pub use random::Random;
pub use shared_data::SharedData;
pub use trace::Trace;

use crate::guest::ContextId;
use crate::number_map::NumberMap;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// A VM's host, shared between the worker and the guest on one thread.
///
/// It is never borrowed while the guest runs.
pub type SharedHost = Rc<RefCell<Host>>;

/// What the hosts of one worker have in common; the driver supplies it.
#[derive(Clone)]
pub struct Services {
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// Where log lines go.
    pub log: Rc<dyn LogSink>,
    /// Which clusters can be called.
    pub clusters: Rc<dyn Clusters>,
    /// Where random bytes come from.
    pub random: Rc<RefCell<dyn Random>>,
    /// The process's metrics.
    pub metrics: Arc<Metrics>,
    /// The process's shared data.
    pub shared_data: Arc<SharedData>,
    /// The process's shared queues.
    pub queues: Arc<Queues>,
    /// Where this worker is told that a queue has got something.
    pub inbox: Arc<Inbox>,
    /// What plugins may have the proxy keep and do.
    pub quotas: Quotas,
}

/// What a VM is told about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VmSettings {
    /// `vm_id`.
    pub id: String,
    /// `vm_config.configuration`.
    pub configuration: Bytes,
    /// `vm_config.environment_variables`, resolved.
    pub environment: Vec<(String, String)>,
}

/// What a root context is told about its plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginSettings {
    /// `name`.
    pub name: String,
    /// `root_id`.
    pub root_id: String,
    /// `configuration`, as bytes.
    pub configuration: Bytes,
}

/// One VM's view of the proxy.
pub struct Host {
    services: Services,
    vm: VmSettings,
    number: u64,
    plugins: BTreeMap<ContextId, Rc<PluginSettings>>,
    streams: NumberMap<ContextId, View>,
    last_context: ContextId,
    /// Roots that are over and have not said that they are done.
    pending_done: BTreeSet<ContextId>,
    phase: Phase,
    /// The context of the callback that runs.
    current: ContextId,
    /// The context that calls act on.
    effective: ContextId,
    deferred: Vec<Deferred>,
    last_call: u32,
    open_calls: usize,
    delivered: Option<HttpCallOutcome>,
    grpc: grpc::GrpcCalls,
    statuses: callouts::Statuses,
    prototypes: filter_state::Prototypes,
    metric_ids: metrics::MetricIds,
    reported_missing: HashSet<&'static str>,
    legacy: bool,
    faults: Option<Rc<dyn Faults>>,
    given: Option<Rc<dyn GivenProperties>>,
    trace: Option<Rc<dyn Trace>>,
    strict_maps: bool,
}

impl Host {
    /// A host for a VM that has no context yet.
    #[must_use]
    pub fn new(services: Services, vm: VmSettings) -> SharedHost {
        let number = services.inbox.next_vm();
        Rc::new(RefCell::new(Self {
            services,
            vm,
            number,
            plugins: BTreeMap::new(),
            streams: NumberMap::default(),
            last_context: 0,
            pending_done: BTreeSet::new(),
            phase: Phase::Start,
            current: 0,
            effective: 0,
            deferred: Vec::new(),
            last_call: 0,
            open_calls: 0,
            delivered: None,
            grpc: grpc::GrpcCalls::default(),
            statuses: callouts::Statuses::default(),
            prototypes: filter_state::Prototypes::default(),
            metric_ids: metrics::MetricIds::default(),
            reported_missing: HashSet::new(),
            legacy: false,
            faults: None,
            given: None,
            trace: None,
            strict_maps: false,
        }))
    }

    /// The two clocks.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.services.clock
    }

    /// Fills `buffer` with random bytes.
    pub fn random(&self, buffer: &mut [u8]) {
        self.services.random.borrow_mut().fill(buffer);
    }

    /// What the VM is told about itself.
    #[must_use]
    pub fn vm_settings(&self) -> &VmSettings {
        &self.vm
    }

    /// Number of the VM in its worker, by which queues find it.
    #[must_use]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Environment variables of the VM.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.vm.environment
    }

    /// Whether the module is of ABI 0.1.0, where some answers differ.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        self.legacy
    }

    /// Tells the host that the module is of ABI 0.1.0.
    pub fn set_legacy(&mut self, legacy: bool) {
        self.legacy = legacy;
    }

    /// Lets somebody else answer hostcalls, for tests of what plugins do then. To be set before the
    /// guest starts.
    pub fn set_faults(&mut self, faults: Rc<dyn Faults>) {
        self.faults = Some(faults);
    }

    /// Lets somebody else give properties, for tests of what plugins do with them. To be set before the
    /// guest starts.
    pub fn set_given_properties(&mut self, given: Rc<dyn GivenProperties>) {
        self.given = Some(given);
    }

    /// Makes this the host of a tester without a proxy, that calls single phases: every call on a header
    /// map that is not open answers `BadArgument`, and `host` is a header of its own.
    pub fn set_strict_maps(&mut self) {
        self.strict_maps = true;
    }

    /// Lets somebody hear of all hostcalls, for tests that show them. To be set before the guest starts.
    pub fn set_trace(&mut self, trace: Rc<dyn Trace>) {
        self.trace = Some(trace);
    }

    /// Who hears of hostcalls.
    #[must_use]
    pub fn trace(&self) -> Option<Rc<dyn Trace>> {
        self.trace.clone()
    }

    /// Who answers hostcalls in place of this host.
    #[must_use]
    pub fn faults(&self) -> Option<Rc<dyn Faults>> {
        self.faults.clone()
    }
}
