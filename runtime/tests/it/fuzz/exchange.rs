//! One exchange through one plugin, in a worker without a proxy.

use std::cell::RefCell;
use std::rc::Rc;

use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::exchange::{Info, Side};
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::clock::SystemClock;
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{Clusters, LogRecord, LogSink, PluginSettings, Services, VmSettings};
use mesh_filter_runtime::plugin::{FailurePolicy, MakeGuest, PluginOptions, VmPlan};
use mesh_filter_runtime::worker::Worker;

/// One exchange, all phases; the answer is what the plugin said in the log.
pub(super) fn exchange(configuration: &[u8], make: Rc<MakeGuest>) -> Vec<String> {
    let log = Rc::new(Lines::default());
    let mut worker = Worker::new(Services {
        clock: Rc::new(SystemClock::default()),
        log: log.clone(),
        clusters: Rc::new(OneCluster),
        random: Rc::new(RefCell::new(SeededRandom::new(1))),
        metrics: Default::default(),
        shared_data: Default::default(),
        queues: Default::default(),
        inbox: Default::default(),
        quotas: Default::default(),
    });
    let configuration = configuration.to_vec().into();
    let settings = PluginSettings { name: "fuzz".into(), configuration, ..PluginSettings::default() };
    let options = PluginOptions {
        settings: Rc::new(settings),
        failure_policy: FailurePolicy::Closed,
        hold_headers: false,
    };
    let plan = VmPlan { key: String::new(), settings: VmSettings::default(), make };
    let Ok(plugin) = worker.add_plugin(options, plan) else { return log.0.take() };

    let stream = worker.open(&[plugin], Info::default(), 1000);
    let request = [(":method", "GET"), (":path", "/a?b=c"), (":authority", "example.com"), ("x-a", "1")];
    worker.headers(stream, Side::Request, Headers::from_iter(request), false);
    worker.body(stream, Side::Request, "some text".into(), false);
    worker.trailers(stream, Side::Request, Headers::from_iter([("x-t", "1")]));
    worker.headers(stream, Side::Response, Headers::from_iter([(":status", "200")]), false);
    worker.body(stream, Side::Response, "some text".into(), true);
    while worker.next_effect(stream).is_some() || worker.next_command().is_some() {}
    worker.close(stream);
    log.0.take()
}

/// Takes every log line.
#[derive(Default)]
struct Lines(RefCell<Vec<String>>);

impl LogSink for Lines {
    fn level(&self) -> LogLevel {
        LogLevel::Trace
    }

    fn record(&self, record: &LogRecord<'_>) {
        self.0.borrow_mut().push(record.message.to_string());
    }
}

/// Knows one cluster.
struct OneCluster;

impl Clusters for OneCluster {
    fn knows(&self, name: &str) -> bool {
        name.is_empty()
    }
}
