//! Ten thousand exchanges at once in one VM, each waiting for a callout.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::chain::Effect;
use mesh_filter_runtime::exchange::{Info, Side};
use mesh_filter_runtime::guest::{Callback, Guest, Trap};
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::clock::SystemClock;
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{
    Clusters, HttpCallOutcome, LogRecord, LogSink, PluginSettings, Services, SharedHost, VmSettings,
};
use mesh_filter_runtime::plugin::{FailurePolicy, PluginOptions, VmPlan};
use mesh_filter_runtime::vm::{Engine, Instance, Limits, Module};
use mesh_filter_runtime::worker::{Command, DEFAULT_BUFFER_LIMIT, PluginId, Worker};

use crate::support::build::guest;

const EXCHANGES: usize = 10_000;

struct Quiet;

impl LogSink for Quiet {
    fn level(&self) -> LogLevel {
        LogLevel::Info
    }

    fn record(&self, record: &LogRecord<'_>) {
        println!("{}: {}", record.level.name(), record.message);
    }
}

struct AllClusters;

impl Clusters for AllClusters {
    fn knows(&self, _name: &str) -> bool {
        true
    }
}

/// A VM that tells how much memory it has.
struct Measured {
    instance: Instance,
    memory: Rc<Cell<u64>>,
}

impl Guest for Measured {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        let answer = self.instance.call(callback);
        self.memory.set(self.instance.memory_size());
        answer
    }
}

/// A worker with the guest `flights`.
struct Crowd {
    worker: Worker,
    plugin: PluginId,
    memory: Rc<Cell<u64>>,
}

impl Crowd {
    fn start() -> Self {
        let engine = Engine::serving(Limits::default()).unwrap();
        let module = Module::load(&engine, &std::fs::read(guest("flights")).unwrap(), "flights").unwrap();
        let mut worker = Worker::new(Services {
            clock: Rc::new(SystemClock::default()),
            log: Rc::new(Quiet),
            clusters: Rc::new(AllClusters),
            random: Rc::new(RefCell::new(SeededRandom::new(1))),
            metrics: Default::default(),
            shared_data: Default::default(),
            queues: Default::default(),
            inbox: Default::default(),
            quotas: Default::default(),
        });
        let memory = Rc::new(Cell::new(0));
        let measured = Rc::clone(&memory);
        let make = move |host: SharedHost| -> Result<Box<dyn Guest>, String> {
            let instance = Instance::new(&engine, &module, host).map_err(|error| error.to_string())?;
            Ok(Box::new(Measured { instance, memory: Rc::clone(&measured) }))
        };
        let options = PluginOptions {
            settings: Rc::new(PluginSettings { name: "flights".into(), ..PluginSettings::default() }),
            failure_policy: FailurePolicy::Closed,
            hold_headers: false,
        };
        let plan = VmPlan { key: "flights".into(), settings: VmSettings::default(), make: Rc::new(make) };
        let plugin = worker.add_plugin(options, plan).unwrap();
        Self { worker, plugin, memory }
    }

    /// Sends all requests, answers the callouts when every exchange waits, and ends the exchanges.
    /// Answers how many callouts there were.
    fn round(&mut self, path: &'static str) -> usize {
        let worker = &mut self.worker;
        let request = [(":method", "GET"), (":path", path), (":authority", "a"), (":scheme", "http")];
        let streams: Vec<_> = (0..EXCHANGES)
            .map(|_| {
                let stream = worker.open(&[self.plugin], Info::default(), DEFAULT_BUFFER_LIMIT);
                worker.headers(stream, Side::Request, Headers::from_iter(request), true);
                assert!(worker.next_effect(stream).is_none(), "it waits");
                stream
            })
            .collect();
        let commands: Vec<_> = std::iter::from_fn(|| worker.next_command()).collect();
        let calls = commands.into_iter().filter_map(|command| match command {
            Command::Call { vm, call } => Some((vm, call)),
            _ => None,
        });
        let calls: Vec<_> = calls.collect();
        for (vm, call) in &calls {
            let outcome = HttpCallOutcome::Response {
                headers: Headers::from_iter([(":status", "200")]),
                body: Bytes::from_static(b"blue"),
                trailers: Headers::new(),
            };
            worker.call_done(*vm, call.root, call.token, outcome);
        }
        for stream in streams {
            let effect = worker.next_effect(stream);
            assert!(matches!(effect, Some(Effect::Headers { side: Side::Request, .. })), "{effect:?}");
            let exchange = worker.exchange(stream).unwrap();
            let exchange = exchange.borrow();
            let headers = exchange.message(Side::Request).headers.as_ref().unwrap();
            assert_eq!(headers.get(b"x-answer").map(|value| &value[..]), Some(&b"blue"[..]));
            drop(exchange);
            worker.close(stream);
        }
        assert_eq!(worker.open_streams(), 0);
        calls.len()
    }
}

#[test]
fn ten_thousand_exchanges_wait_in_one_vm_and_leave_its_memory_as_it_was() {
    // What each exchange asks for itself, and what one asks for all.
    for (path, calls) in [("/own", EXCHANGES), ("/vm", 1), ("/workers", 1)] {
        let mut crowd = Crowd::start();
        let before = crowd.memory.get();
        assert_eq!(crowd.round(path), calls);
        let after = crowd.memory.get();
        println!("{path}: {before} bytes before, {after} after the first round");
        for _ in 0..3 {
            assert_eq!(crowd.round(path), calls);
            assert_eq!(crowd.memory.get(), after, "{path}: a further round needs no more");
        }
    }
}
