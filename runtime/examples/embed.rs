//! A plugin run by a program of your own: no proxy, no sockets, one exchange.
//!
//! `cargo run --example embed -- PLUGIN.wasm [CONFIGURATION]` sends a request through the plugin
//! and prints what would go upstream, or what the client would get instead.

use bytes::Bytes;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::chain::Effect;
use mesh_filter_runtime::exchange::{Info, Side};
use mesh_filter_runtime::guest::Guest;
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::clock::SystemClock;
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{
    Clusters, LogRecord, LogSink, PluginSettings, Services, SharedHost, VmSettings,
};
use mesh_filter_runtime::plugin::{FailurePolicy, PluginOptions, VmPlan};
use mesh_filter_runtime::vm::{Engine, Instance, Limits, Module};
use mesh_filter_runtime::worker::{DEFAULT_BUFFER_LIMIT, Worker};
use std::cell::RefCell;
use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::rc::Rc;

/// What plugins log goes to standard error.
struct ToStderr;

impl LogSink for ToStderr {
    fn level(&self) -> LogLevel {
        LogLevel::Info
    }

    fn record(&self, record: &LogRecord<'_>) {
        let _lost = writeln!(stderr(), "{}: {}", record.level.name(), record.message);
    }
}

/// Nothing can be called out to.
struct NoClusters;

impl Clusters for NoClusters {
    fn knows(&self, _name: &str) -> bool {
        false
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed there is nobody to tell.
            let _told = writeln!(stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: embed PLUGIN.wasm [CONFIGURATION]")?;
    let configuration = Bytes::from(arguments.next().unwrap_or_default());

    // Once in a process: compile. Modules are shared by threads.
    let engine = Engine::serving(Limits::default())?;
    let module = Module::load(&engine, &std::fs::read(&path)?, &path)?;

    // Once in a thread: a worker with its plugins.
    let mut worker = Worker::new(Services {
        clock: Rc::new(SystemClock::default()),
        log: Rc::new(ToStderr),
        clusters: Rc::new(NoClusters),
        random: Rc::new(RefCell::new(SeededRandom::new(1))),
        metrics: Default::default(),
        shared_data: Default::default(),
        queues: Default::default(),
        inbox: Default::default(),
        quotas: Default::default(),
    });
    let settings = PluginSettings { name: "embedded".into(), configuration, ..PluginSettings::default() };
    let options = PluginOptions {
        settings: Rc::new(settings),
        failure_policy: FailurePolicy::Closed,
        hold_headers: false,
    };
    let make = move |host: SharedHost| -> Result<Box<dyn Guest>, String> {
        let instance = Instance::new(&engine, &module, host).map_err(|error| error.to_string())?;
        Ok(Box::new(instance))
    };
    let plan = VmPlan { key: path, settings: VmSettings::default(), make: Rc::new(make) };
    let plugin = worker.add_plugin(options, plan)?;

    // For each exchange: feed what arrives, do what comes out.
    let request = [(":method", "GET"), (":path", "/"), (":authority", "example.com"), (":scheme", "http")];
    let stream = worker.open(&[plugin], Info::default(), DEFAULT_BUFFER_LIMIT);
    worker.headers(stream, Side::Request, Headers::from_iter(request), true);
    let mut out = stdout();
    while let Some(effect) = worker.next_effect(stream) {
        let exchange = worker.exchange(stream).ok_or("the exchange is over")?;
        match effect {
            Effect::Headers { side, .. } => {
                writeln!(out, "{side:?} headers")?;
                for (name, value) in exchange.borrow().message(side).headers.iter().flat_map(Headers::entries)
                {
                    writeln!(out, "  {}: {}", name.escape_ascii(), value.escape_ascii())?;
                }
            }
            Effect::Body { side, body, .. } => writeln!(out, "{side:?} body, {} bytes", body.len())?,
            other => writeln!(out, "{other:?}")?,
        }
    }
    worker.close(stream);
    Ok(())
}
