//! When plugins share a VM, and when they get a new one.

use crate::abi::LogLevel;
use crate::exchange::{Info, Side};
use crate::guest::{Callback, Guest, Trap, TrapReason};
use crate::headers::Headers;
use crate::host::random::SeededRandom;
use crate::host::{
    Clock, Clusters, LogRecord, LogSink, Metrics, PluginSettings, Services, SharedHost, VmSettings,
};
use crate::plugin::{FailurePolicy, PluginOptions, VmPlan};
use crate::worker::{PluginId, Worker};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const RELOAD: FailurePolicy = FailurePolicy::Reload { interval: Duration::from_secs(1) };

#[derive(Default)]
struct Still(Cell<u64>);
impl Clock for Still {
    fn realtime_ns(&self) -> u64 {
        self.0.get()
    }
    fn monotonic_ns(&self) -> u64 {
        self.0.get()
    }
}
struct Silent;
impl LogSink for Silent {
    fn level(&self) -> LogLevel {
        LogLevel::Critical
    }
    fn record(&self, _: &LogRecord<'_>) {}
}
struct Nowhere;
impl Clusters for Nowhere {
    fn knows(&self, _: &str) -> bool {
        false
    }
}

/// What the next VMs and callbacks do.
#[derive(Default)]
struct Script {
    vms: Cell<u32>,
    trap: Cell<bool>,
    refuse: Cell<bool>,
    configured: Cell<u32>,
}

struct Scripted(Rc<Script>);
impl Guest for Scripted {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        match callback {
            Callback::Configure { .. } => {
                self.0.configured.set(self.0.configured.get() + 1);
                Ok(Some(u32::from(!self.0.refuse.get())))
            }
            Callback::RequestHeaders { .. } if self.0.trap.take() => {
                Err(Box::new(Trap::new(TrapReason::Guest("scripted".into()))))
            }
            Callback::VmStart { .. } => Ok(Some(1)),
            _ => Ok(Some(0)),
        }
    }
}

struct Bench {
    worker: Worker,
    clock: Rc<Still>,
    metrics: Arc<Metrics>,
    script: Rc<Script>,
}

impl Bench {
    fn new() -> Self {
        let (clock, metrics) = (Rc::new(Still::default()), Arc::new(Metrics::default()));
        let worker = Worker::new(Services {
            clock: clock.clone(),
            log: Rc::new(Silent),
            clusters: Rc::new(Nowhere),
            random: Rc::new(RefCell::new(SeededRandom::new(1))),
            metrics: Arc::clone(&metrics),
            shared_data: Default::default(),
            queues: Default::default(),
            inbox: Default::default(),
            quotas: Default::default(),
        });
        Self { worker, clock, metrics, script: Rc::default() }
    }

    fn add(&mut self, name: &str, key: &str, failure_policy: FailurePolicy) -> PluginId {
        let settings = Rc::new(PluginSettings { name: name.into(), ..PluginSettings::default() });
        let options = PluginOptions { settings, failure_policy, hold_headers: false };
        let script = Rc::clone(&self.script);
        let make = move |_: SharedHost| -> Result<Box<dyn Guest>, String> {
            script.vms.set(script.vms.get() + 1);
            Ok(Box::new(Scripted(Rc::clone(&script))))
        };
        let plan = VmPlan { key: key.to_owned(), settings: VmSettings::default(), make: Rc::new(make) };
        self.worker.add_plugin(options, plan).unwrap()
    }

    /// Whether an exchange reaches the upstream.
    fn passes(&mut self, plugin: PluginId) -> bool {
        let id = self.worker.open(&[plugin], Info::default(), 1024);
        let headers = Headers::from_iter([(":method", "GET"), (":path", "/")]);
        self.worker.headers(id, Side::Request, headers, true);
        let first = self.worker.next_effect(id);
        self.worker.close(id);
        matches!(first, Some(crate::chain::Effect::Headers { side: Side::Request, .. }))
    }

    fn trap(&mut self, plugin: PluginId) {
        self.script.trap.set(true);
        assert!(!self.passes(plugin), "the exchange that traps gets 503");
    }

    fn sleep(&self, milliseconds: u64) {
        self.clock.0.set(self.clock.0.get() + milliseconds * 1_000_000);
    }

    fn counted(&self, name: &str) -> u64 {
        let all = self.metrics.own_snapshot();
        all.into_iter().find(|metric| metric.name == name).map(|metric| metric.value).unwrap()
    }
}

#[test]
fn a_failed_plugin_is_reloaded_when_its_interval_has_passed_since_it_was_loaded() {
    let mut bench = Bench::new();
    let plugin = bench.add("a", "vm", RELOAD);
    bench.sleep(300);
    bench.trap(plugin);
    assert!(!bench.passes(plugin));
    bench.sleep(699);
    assert!(!bench.passes(plugin));
    bench.sleep(1);
    assert!(bench.passes(plugin), "1 s after the start");
    bench.sleep(5000);
    bench.trap(plugin);
    assert!(bench.passes(plugin), "long after the last reload: at once");
    bench.trap(plugin);
    assert!(!bench.passes(plugin));

    assert_eq!(bench.counted("wasm.a.vm_reload_success"), 2);
    assert_eq!(bench.counted("wasm.a.vm_reload_backoff"), 3);
    assert_eq!(bench.counted("wasm.a.vm_reload_failure"), 0);
    assert_eq!(bench.counted("wasm.envoy.wasm.runtime.v8.created"), 3);
    assert_eq!(bench.counted("wasm.envoy.wasm.runtime.v8.active"), 1);
}

#[test]
fn a_reload_that_fails_waits_for_its_interval_again() {
    let mut bench = Bench::new();
    let plugin = bench.add("a", "vm", RELOAD);
    bench.sleep(1000);
    bench.script.refuse.set(true);
    bench.trap(plugin);
    assert!(!bench.passes(plugin));
    bench.script.refuse.set(false);
    bench.sleep(999);
    assert!(!bench.passes(plugin));
    bench.sleep(1);
    assert!(bench.passes(plugin));
    assert_eq!(bench.counted("wasm.a.vm_reload_failure"), 1);
    assert_eq!(bench.counted("wasm.a.vm_reload_success"), 1);
    assert_eq!(bench.counted("wasm.a.vm_reload_backoff"), 1);
}

#[test]
fn plugins_that_share_a_failed_vm_share_the_new_one_each_by_its_own_policy() {
    let mut bench = Bench::new();
    let (one, other) = (bench.add("a", "vm", RELOAD), bench.add("b", "vm", RELOAD));
    let closed = bench.add("c", "vm", FailurePolicy::Closed);
    bench.sleep(1000);
    bench.trap(one);
    assert!(bench.passes(other) && bench.passes(one));
    assert!(!bench.passes(closed), "it stays with the VM that has failed");
    assert_eq!(bench.script.vms.get(), 2);
    assert_eq!(bench.counted("wasm.envoy.wasm.runtime.v8.active"), 2);
}

#[test]
fn an_exchange_of_a_vm_that_is_gone_gets_503() {
    let mut bench = Bench::new();
    let plugin = bench.add("a", "vm", RELOAD);
    bench.sleep(1000);
    let waiting = bench.worker.open(&[plugin], Info::default(), 1024);
    bench.trap(plugin);
    assert!(bench.passes(plugin), "reloaded");
    let headers = Headers::from_iter([(":method", "GET")]);
    bench.worker.headers(waiting, Side::Request, headers, true);
    assert!(matches!(bench.worker.next_effect(waiting), Some(crate::chain::Effect::Abandon)));
    let exchange = bench.worker.exchange(waiting).unwrap();
    let status = exchange.borrow().response.headers.as_ref().unwrap().get(b":status").cloned();
    assert_eq!(status.unwrap(), "503");
    bench.worker.close(waiting);
}

#[test]
fn equal_plugins_of_a_vm_have_one_root_context_and_others_their_own() {
    let mut bench = Bench::new();
    bench.add("a", "vm", FailurePolicy::Closed);
    bench.add("a", "vm", FailurePolicy::Closed);
    assert_eq!((bench.script.vms.get(), bench.script.configured.get()), (1, 1));
    bench.add("b", "vm", FailurePolicy::Closed);
    assert_eq!((bench.script.vms.get(), bench.script.configured.get()), (1, 2));
    bench.add("a", "another vm", FailurePolicy::Closed);
    assert_eq!((bench.script.vms.get(), bench.script.configured.get()), (2, 3));
}
