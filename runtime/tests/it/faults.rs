//! Hosts that answer what no proxy would, and call what no proxy would: no filter of the SDK traps.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::exchange::{Info, Side};
use mesh_filter_runtime::guest::{Callback, Guest, Trap};
use mesh_filter_runtime::headers::Headers;
use mesh_filter_runtime::host::clock::SystemClock;
use mesh_filter_runtime::host::random::SeededRandom;
use mesh_filter_runtime::host::{
    Clusters, Faults, GrpcAction, GrpcPart, Host, HttpCallOutcome, LogRecord, LogSink, Phase, PluginSettings,
    Random as _, Services, SharedHost, VmSettings,
};
use mesh_filter_runtime::plugin::{FailurePolicy, PluginOptions, VmPlan};
use mesh_filter_runtime::vm::{Engine, Instance, Limits, Module};
use mesh_filter_runtime::worker::{Command, Worker};

/// The SDK's guest, built once.
fn guest() -> Vec<u8> {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    // The flags of all who build guests, so that they share what is built.
    cargo.args(["build", "--quiet", "-p", "mesh-filter-guests", "--examples", "--release"]);
    cargo.args(["--target", "wasm32-wasip1", "--message-format", "json"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let path = lines.split('"').find(|text| text.ends_with("/examples/sdk.wasm")).unwrap();
    std::fs::read(path).unwrap()
}

/// One hostcall that answers this, from one of its calls on.
#[derive(Debug, Clone, Copy)]
struct Fault {
    hostcall: &'static str,
    code: u32,
    /// How many calls are answered by the host before.
    after: usize,
}

/// Answers as a fault says, and keeps which hostcalls there were.
struct Faulty {
    fault: Option<Fault>,
    seen: RefCell<Vec<(&'static str, usize)>>,
}

impl Faults for Faulty {
    fn answer(&self, hostcall: &'static str) -> Option<u32> {
        let mut seen = self.seen.borrow_mut();
        let index = seen.iter().position(|(name, _)| *name == hostcall).unwrap_or_else(|| {
            seen.push((hostcall, 0));
            seen.len() - 1
        });
        let before = seen[index].1;
        seen[index].1 += 1;
        self.fault.filter(|fault| fault.hostcall == hostcall && before >= fault.after).map(|fault| fault.code)
    }
}

/// Keeps the last error.
#[derive(Default)]
struct LastError(RefCell<String>);

impl LogSink for LastError {
    fn level(&self) -> LogLevel {
        LogLevel::Trace
    }

    fn record(&self, record: &LogRecord<'_>) {
        if record.level >= LogLevel::Error {
            self.0.replace(record.message.to_string());
        }
    }
}

struct AllClusters;

impl Clusters for AllClusters {
    fn knows(&self, _name: &str) -> bool {
        true
    }
}

fn services() -> Services {
    services_with(Rc::default())
}

fn services_with(log: Rc<LastError>) -> Services {
    Services {
        clock: Rc::new(SystemClock::default()),
        log,
        clusters: Rc::new(AllClusters),
        random: Rc::new(RefCell::new(SeededRandom::new(1))),
        metrics: Default::default(),
        shared_data: Default::default(),
        queues: Default::default(),
        inbox: Default::default(),
        quotas: Default::default(),
    }
}

/// The SDK's guest, compiled once.
struct Sdk {
    engine: Engine,
    module: Module,
}

impl Sdk {
    fn load() -> Self {
        let engine = Engine::simulating(Limits::default()).unwrap();
        let module = Module::load(&engine, &guest(), "sdk").unwrap();
        Self { engine, module }
    }

    /// What the guest can be told to do: it says so where it is told something else.
    fn acts(&self) -> Vec<String> {
        let log = Rc::<LastError>::default();
        let host = Host::new(services_with(Rc::clone(&log)), VmSettings::default());
        let mut instance = Instance::new(&self.engine, &self.module, Rc::clone(&host)).unwrap();
        let configuration = "{\"act\": \"\"}".into();
        let settings = PluginSettings { configuration, ..PluginSettings::default() };
        let root = host.borrow_mut().add_root(Rc::new(settings));
        for callback in
            [Callback::ContextCreate { context: root, parent: 0 }, Callback::Configure { root, size: 11 }]
        {
            host.borrow_mut().enter(root, Phase::Configure);
            instance.call(callback).unwrap();
        }
        let line = log.0.take();
        let acts = line.split("expected one of").nth(1).unwrap_or_else(|| panic!("{line}"));
        acts.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    /// Plays exchanges through a new VM; answers the trap, and which hostcalls there were.
    fn play(&self, act: &str, hold: bool, fault: Option<Fault>) -> (Option<String>, Vec<&'static str>) {
        let faulty = Rc::new(Faulty { fault, seen: RefCell::default() });
        let trap = Rc::new(RefCell::new(None));
        let (engine, module, faults, told) =
            (self.engine.clone(), self.module.clone(), Rc::clone(&faulty), Rc::clone(&trap));
        let make = move |host: SharedHost| -> Result<Box<dyn Guest>, String> {
            host.borrow_mut().set_faults(Rc::clone(&faults) as Rc<dyn Faults>);
            let started = Instance::new(&engine, &module, host);
            let guest = started.map_err(|error| told.replace(Some(error.to_string())).unwrap_or_default())?;
            Ok(Box::new(Telling { guest, trap: Rc::clone(&told) }))
        };
        let configuration = format!("{{\"act\": \"{act}\"}}").into();
        let settings = PluginSettings { name: "sdk".into(), configuration, ..PluginSettings::default() };
        let options = PluginOptions {
            settings: Rc::new(settings),
            failure_policy: FailurePolicy::Closed,
            hold_headers: hold,
        };
        let environment =
            if hold { vec![("MESH_FILTER_HOLD_HEADERS".into(), "1".into())] } else { Vec::new() };
        let vm = VmSettings { environment, ..VmSettings::default() };
        let mut worker = Worker::new(services());
        let plan = VmPlan { key: String::new(), settings: vm, make: Rc::new(make) };
        if let Ok(plugin) = worker.add_plugin(options, plan) {
            for way in [Way::Whole, Way::NoAnswers, Way::Reset] {
                let stream = worker.open(&[plugin], Info::default(), 100_000);
                let headers = [
                    (":method", &b"POST"[..]),
                    (":path", b"/a?b=c"),
                    (":authority", b"example.com"),
                    ("x-a", b"\xff\xfe"),
                    ("content-length", b"9"),
                ];
                worker.headers(stream, Side::Request, list(&headers), false);
                run(&mut worker, way);
                worker.body(stream, Side::Request, "some".into(), false);
                worker.body(stream, Side::Request, " text".into(), way == Way::Whole);
                if way != Way::Whole {
                    worker.trailers(stream, Side::Request, list(&[("x-t", b"\x80")]));
                }
                run(&mut worker, way);
                if way == Way::Reset {
                    worker.reset(stream);
                }
                worker.headers(stream, Side::Response, list(&[(":status", b"200"), ("x-b", b"\xc3")]), false);
                run(&mut worker, way);
                worker.body(stream, Side::Response, "some text".into(), false);
                worker.trailers(stream, Side::Response, list(&[("x-t", b"2")]));
                run(&mut worker, way);
                while worker.next_effect(stream).is_some() {}
                worker.close(stream);
                run(&mut worker, way);
            }
        }
        let seen = faulty.seen.borrow().iter().map(|(name, _)| *name).collect();
        (trap.take(), seen)
    }
}

/// How an exchange goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    /// Calls are never answered while the exchange lives.
    NoAnswers,
    Reset,
}

fn list(pairs: &[(&str, &[u8])]) -> Headers {
    pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec())).collect()
}

/// Answers what guests have asked of the driver, and lets ticks and queues come.
fn run(worker: &mut Worker, way: Way) {
    for _ in 0..20 {
        let Some(command) = worker.next_command() else { break };
        match command {
            Command::Call { vm, call } if way != Way::NoAnswers => {
                let outcome = match way {
                    Way::Reset => HttpCallOutcome::Reset,
                    _ => HttpCallOutcome::Response {
                        headers: list(&[(":status", b"200"), ("x", b"\xff")]),
                        body: b"\xff\x00".to_vec().into(),
                        trailers: Headers::new(),
                    },
                };
                worker.call_done(vm, call.root, call.token, outcome);
            }
            Command::Grpc { vm, action: GrpcAction::Open(call) } => {
                let (text, details) = (Default::default(), String::new());
                worker.grpc_part(vm, call.token, GrpcPart::Failed { text, details });
            }
            Command::Tick { vm, root, .. } => worker.tick(vm, root),
            _ => {}
        }
    }
    let _pending = worker.poll_queues(&mut Context::from_waker(Waker::noop()));
}

/// Keeps what a trap says.
struct Telling {
    guest: Instance,
    trap: Rc<RefCell<Option<String>>>,
}

impl Guest for Telling {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        self.guest.call(callback).inspect_err(|trap| {
            self.trap.borrow_mut().get_or_insert_with(|| format!("{callback:?}: {trap}"));
        })
    }
}

#[test]
fn no_answer_of_a_host_makes_a_filter_of_the_sdk_trap() {
    let sdk = Sdk::load();
    let mut traps = Vec::new();
    let mut played = 0;
    for (act, hold) in sdk.acts().iter().flat_map(|act| [(act, false), (act, true)]) {
        let (trap, hostcalls) = sdk.play(act, hold, None);
        assert_eq!(trap, None, "{act} without faults");
        for hostcall in hostcalls.into_iter().filter(|hostcall| *hostcall != "proc_exit") {
            let always = (0..=255).map(|code| (code, 0));
            let later = (0..=12).flat_map(|code| [(code, 1), (code, 3)]);
            for (code, after) in always.chain(later) {
                let fault = Fault { hostcall, code, after };
                played += 1;
                if let (Some(trap), _) = sdk.play(act, hold, Some(fault)) {
                    traps.push(format!("{act}, {fault:?}: {trap}"));
                }
            }
        }
    }
    assert!(played > 10_000, "{played}");
    assert!(
        traps.is_empty(),
        "{} of {played}, such as\n{}",
        traps.len(),
        traps[..traps.len().min(5)].join("\n")
    );
}

#[test]
fn no_callback_in_any_order_makes_a_filter_of_the_sdk_trap() {
    const STEPS: u32 = 400;
    let sdk = Sdk::load();
    for (seed, act) in (1..).zip(sdk.acts()) {
        let settings = PluginSettings {
            name: "sdk".into(),
            configuration: format!("{{\"act\": \"{act}\"}}").into(),
            ..PluginSettings::default()
        };
        let host = Host::new(services(), VmSettings::default());
        let mut instance = Instance::new(&sdk.engine, &sdk.module, Rc::clone(&host)).unwrap();
        let root = host.borrow_mut().add_root(Rc::new(settings));
        let random = Cell::new(SeededRandom::new(seed));
        let pick = |below: u32| {
            let mut bytes = [0; 4];
            let mut generator = random.replace(SeededRandom::new(0));
            generator.fill(&mut bytes);
            random.set(generator);
            u32::from_le_bytes(bytes) % below
        };
        for step in 0..STEPS {
            let callback = any(&pick, root);
            host.borrow_mut().enter(callback.context(), Phase::Running);
            if let Err(trap) = instance.call(callback) {
                panic!("{act}, seed {seed}, step {step}, {callback:?}: {trap}");
            }
            drop(host.borrow_mut().take_deferred());
        }
    }
}

/// Any callback with numbers that are mostly small, so that they meet.
fn any(pick: &dyn Fn(u32) -> u32, root: u32) -> Callback {
    let context = match pick(20) {
        0 => root,
        1 => u32::MAX,
        _ => pick(4),
    };
    let (token, count, size) = (pick(12), pick(3), pick(2) * pick(100_000));
    let end_of_stream = pick(2) == 0;
    match pick(24) {
        0 => Callback::VmStart { root: context, size },
        1 => Callback::Configure { root: context, size },
        2 => Callback::Tick { root: context },
        3 => Callback::RequestTrailers { context, count },
        4 => Callback::ResponseTrailers { context, count },
        5 => Callback::GrpcReceiveInitialMetadata { root: context, token, count },
        6 => Callback::GrpcReceive { root: context, token, size },
        7 => Callback::GrpcReceiveTrailingMetadata { root: context, token, count },
        8 => Callback::GrpcClose { root: context, token, status: pick(20) },
        9 => Callback::QueueReady { root: context, token },
        10 => Callback::Done { context },
        11 => Callback::Log { context },
        12 => Callback::Delete { context },
        13 => Callback::HttpCallResponse {
            root: context,
            token,
            headers: count,
            body_size: size,
            trailers: count,
        },
        14 => Callback::ContextCreate { context, parent: 0 },
        15 | 16 => Callback::ContextCreate { context, parent: root },
        17 | 18 => Callback::RequestHeaders { context, count, end_of_stream },
        19 | 20 => Callback::RequestBody { context, size, end_of_stream },
        21 => Callback::ResponseHeaders { context, count, end_of_stream },
        22 => Callback::ResponseBody { context, size, end_of_stream },
        _ => Callback::Configure { root, size },
    }
}
