//! Behaviour of VMs, shown on guests made by hand.

mod cache;
mod capabilities;
pub(crate) mod guest;
mod limits;
mod loading;
mod maps;
mod memory;
mod starting;
mod symbols;
mod toolchains;
mod wasi;

use super::{Engine, Instance, Limits, LoadError, Module};
use crate::abi::LogLevel;
use crate::guest::{Callback, Guest, Trap};
use crate::host::random::SeededRandom;
use crate::host::{
    Clock, Clusters, Host, LogRecord, LogSink, Metrics, PluginSettings, Services, SharedData, SharedHost,
    VmSettings,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Services that remember what was logged; their clock stands still.
pub(crate) struct TestServices {
    pub(crate) services: Services,
    pub(crate) lines: Rc<RefCell<Vec<String>>>,
}

struct Lines(Rc<RefCell<Vec<String>>>);

impl LogSink for Lines {
    fn level(&self) -> LogLevel {
        LogLevel::Trace
    }

    fn record(&self, record: &LogRecord<'_>) {
        self.0.borrow_mut().push(format!("{} {}", record.level.name(), record.message));
    }
}

struct Standing;

impl Clock for Standing {
    fn realtime_ns(&self) -> u64 {
        0x0102_0304_0506_0708
    }

    fn monotonic_ns(&self) -> u64 {
        7
    }
}

struct OneCluster;

impl Clusters for OneCluster {
    fn knows(&self, name: &str) -> bool {
        name == "known"
    }
}

pub(crate) fn services() -> TestServices {
    let lines = Rc::new(RefCell::new(Vec::new()));
    let services = Services {
        clock: Rc::new(Standing),
        log: Rc::new(Lines(Rc::clone(&lines))),
        clusters: Rc::new(OneCluster),
        random: Rc::new(RefCell::new(SeededRandom::new(1))),
        metrics: Arc::new(Metrics::default()),
        shared_data: Arc::new(SharedData::default()),
        queues: Arc::default(),
        inbox: Arc::default(),
        quotas: Default::default(),
    };
    TestServices { services, lines }
}

/// A VM with its host and one root context, number 1.
pub(crate) struct Vm {
    pub(crate) instance: Instance,
    pub(crate) host: SharedHost,
    lines: Rc<RefCell<Vec<String>>>,
}

impl Vm {
    /// Runs the guest in an engine that counts fuel.
    pub(crate) fn start(bytes: &[u8]) -> Self {
        Self::start_in(&Engine::simulating(Limits::default()).unwrap(), bytes)
    }

    pub(crate) fn start_in(engine: &Engine, bytes: &[u8]) -> Self {
        let TestServices { services, lines } = services();
        let environment = vec![("A".to_owned(), "1".to_owned()), ("LONG".to_owned(), "two".to_owned())];
        let host = Host::new(services, VmSettings { environment, ..VmSettings::default() });
        let module = Module::load(engine, bytes, "guest").unwrap();
        let instance = Instance::new(engine, &module, Rc::clone(&host)).unwrap();
        let configuration = bytes::Bytes::from_static(b"configuration");
        let plugin = PluginSettings { configuration, ..PluginSettings::default() };
        host.borrow_mut().add_root(Rc::new(plugin));
        Self { instance, host, lines }
    }

    /// Calls `proxy_on_configure`, whose answer the guests use for what they want to tell.
    pub(crate) fn configure(&mut self) -> Result<Option<u32>, Box<Trap>> {
        self.host.borrow_mut().enter(1, crate::host::Phase::Configure);
        self.instance.call(Callback::Configure { root: 1, size: 0 })
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }
}

/// The message with which a module is refused.
fn refusal(bytes: &[u8]) -> String {
    let engine = Engine::simulating(Limits::default()).unwrap();
    let loaded: Result<Module, LoadError> = Module::load(&engine, bytes, "guest");
    loaded.unwrap_err().to_string()
}
