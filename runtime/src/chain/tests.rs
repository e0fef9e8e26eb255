//! What the chain does with scripted guests.

use super::Effect;
use crate::abi::{BufferKind, LogLevel, MapKind, Status, StreamKind};
use crate::exchange::{Info, LocalReply, Side};
use crate::guest::{Callback, Guest, Trap, TrapReason};
use crate::headers::Headers;
use crate::host::clock::SystemClock;
use crate::host::random::SeededRandom;
use crate::host::{
    Clusters, HttpCallOutcome, LogRecord, LogSink, PluginSettings, Services, SharedHost, VmSettings,
};
use crate::plugin::{FailurePolicy, PluginOptions, VmPlan};
use crate::worker::{Command, PluginId, StreamId, VmId, Worker};
use bytes::Bytes;
use std::cell::RefCell;
use std::rc::Rc;

type Script = Box<dyn FnMut(&SharedHost, Callback) -> u32>;
type Calls = Rc<RefCell<Vec<String>>>;

/// A guest that records each callback and then does what its script says. 99 is a trap.
struct Scripted {
    name: &'static str,
    host: SharedHost,
    calls: Calls,
    script: Script,
}

impl Guest for Scripted {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        let short = callback.export().trim_start_matches("proxy_on_");
        self.calls.borrow_mut().push(format!("{}.{short}", self.name));
        match (self.script)(&self.host, callback) {
            99 => Err(Box::new(Trap::new(TrapReason::Guest("scripted".into())))),
            answer => Ok(Some(answer)),
        }
    }
}

struct Silent;
impl LogSink for Silent {
    fn level(&self) -> LogLevel {
        LogLevel::Critical
    }
    fn record(&self, _: &LogRecord<'_>) {}
}
struct OnlyBucket;
impl Clusters for OnlyBucket {
    fn knows(&self, name: &str) -> bool {
        name == "bucket"
    }
}

struct Bench {
    worker: Worker,
    plugins: Vec<PluginId>,
    calls: Calls,
}

impl Bench {
    fn new() -> Self {
        let worker = Worker::new(Services {
            clock: Rc::new(SystemClock::default()),
            log: Rc::new(Silent),
            clusters: Rc::new(OnlyBucket),
            random: Rc::new(RefCell::new(SeededRandom::new(1))),
            metrics: Default::default(),
            shared_data: Default::default(),
            queues: Default::default(),
            inbox: Default::default(),
            quotas: Default::default(),
        });
        Self { worker, plugins: Vec::new(), calls: Calls::default() }
    }

    fn with(self, name: &'static str, script: impl FnMut(&SharedHost, Callback) -> u32 + 'static) -> Self {
        self.plugin(name, FailurePolicy::Closed, false, script)
    }

    fn plugin(
        mut self,
        name: &'static str,
        failure_policy: FailurePolicy,
        hold_headers: bool,
        script: impl FnMut(&SharedHost, Callback) -> u32 + 'static,
    ) -> Self {
        let settings = Rc::new(PluginSettings { name: name.into(), ..PluginSettings::default() });
        let options = PluginOptions { settings, failure_policy, hold_headers };
        let calls = Rc::clone(&self.calls);
        let script = Rc::new(RefCell::new(script));
        let make = move |host| -> Result<Box<dyn Guest>, String> {
            let script = Rc::clone(&script);
            let script: Script = Box::new(move |host, callback| match callback {
                Callback::VmStart { .. } | Callback::Configure { .. } => 1,
                other => script.borrow_mut()(host, other),
            });
            Ok(Box::new(Scripted { name, host, calls: Rc::clone(&calls), script }))
        };
        let plan = VmPlan { key: name.to_owned(), settings: VmSettings::default(), make: Rc::new(make) };
        let id = self.worker.add_plugin(options, plan);
        self.plugins.push(id.unwrap());
        self.calls.borrow_mut().clear();
        self
    }

    fn open(&mut self) -> StreamId {
        self.worker.open(&self.plugins, Info::default(), 1024)
    }

    fn get(&mut self) -> StreamId {
        let id = self.open();
        self.worker.headers(id, Side::Request, request(), true);
        id
    }

    fn effects(&mut self, id: StreamId) -> Vec<String> {
        std::iter::from_fn(|| self.worker.next_effect(id)).map(|effect| describe(&effect)).collect()
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.borrow_mut())
    }

    fn response(&self, id: StreamId) -> Headers {
        self.worker.exchange(id).unwrap().borrow().response.headers.clone().unwrap()
    }
}

fn describe(effect: &Effect) -> String {
    let end = |end: &bool| if *end { " end" } else { "" };
    match effect {
        Effect::Headers { side, end_of_stream } => format!("{side:?} headers{}", end(end_of_stream)),
        Effect::Body { side, body, end_of_stream } => {
            format!("{side:?} body {}{}", String::from_utf8_lossy(&body.to_bytes()), end(end_of_stream))
        }
        Effect::Trailers { side } => format!("{side:?} trailers"),
        Effect::Abandon => "abandon".into(),
        Effect::Reset => "reset".into(),
    }
}

fn request() -> Headers {
    [(":method", "GET"), (":path", "/"), (":authority", "example"), (":scheme", "http")].into_iter().collect()
}

fn ok() -> Headers {
    [(":status", "200")].into_iter().collect()
}

fn reply(status: u16, body: &'static str) -> LocalReply {
    LocalReply { status, details: "test".into(), body: body.into(), headers: Vec::new(), grpc_status: None }
}

fn pass(_: &SharedHost, _: Callback) -> u32 {
    0
}

#[test]
fn requests_go_forward_and_responses_backward() {
    let mut bench = Bench::new().with("a", pass).with("b", pass);
    let id = bench.get();
    bench.worker.headers(id, Side::Response, ok(), true);
    assert_eq!(bench.effects(id), ["Request headers end", "Response headers end"]);
    bench.worker.close(id);
    assert_eq!(
        bench.calls(),
        [
            "a.context_create",
            "a.request_headers",
            "b.context_create",
            "b.request_headers",
            "b.response_headers",
            "a.response_headers",
            "a.log",
            "b.log",
            "a.done",
            "a.delete",
            "b.done",
            "b.delete",
        ]
    );
    assert_eq!(bench.worker.open_streams(), 0);
}

#[test]
fn a_pause_in_headers_hides_the_body_and_resuming_shows_it_to_the_same_filter() {
    let mut bench = Bench::new().with("a", |host, callback| match callback {
        Callback::RequestHeaders { .. } => 1,
        Callback::RequestBody { size, .. } => {
            assert_eq!(size, 6, "all held bytes at once");
            assert_eq!(host.borrow().buffer_bytes(BufferKind::RequestBody, 0, 99).unwrap(), "onetwo");
            0
        }
        Callback::Tick { .. } => {
            let mut host = host.borrow_mut();
            host.set_effective_context(2).unwrap();
            host.continue_stream(StreamKind::Request).unwrap();
            0
        }
        _ => 0,
    });
    let id = bench.open();
    bench.worker.headers(id, Side::Request, request(), false);
    bench.worker.body(id, Side::Request, "one".into(), false);
    bench.worker.body(id, Side::Request, "two".into(), true);
    assert!(bench.effects(id).is_empty());
    bench.worker.tick(VmId::first(), 1);
    assert_eq!(bench.effects(id), ["Request headers", "Request body onetwo end"]);
    assert!(matches!(bench.worker.next_command(), Some(Command::Wake(woken)) if woken == id));
}

#[test]
fn held_headers_let_the_filter_read_the_body_before_they_leave() {
    let mut bench = Bench::new().plugin("a", FailurePolicy::Closed, true, |host, callback| match callback {
        Callback::RequestHeaders { .. } => 1,
        Callback::RequestBody { end_of_stream: false, .. } => 1,
        Callback::RequestBody { size, .. } => {
            assert_eq!(size, 6);
            let host = host.borrow();
            host.replace_map_value(MapKind::RequestHeaders, b"x-size", b"6").unwrap();
            host.set_buffer(BufferKind::RequestBody, 0, 99, b"new").unwrap();
            0
        }
        _ => 0,
    });
    let id = bench.open();
    bench.worker.headers(id, Side::Request, request(), false);
    bench.worker.body(id, Side::Request, "one".into(), false);
    bench.worker.body(id, Side::Request, "two".into(), true);
    assert_eq!(bench.effects(id), ["Request headers", "Request body new end"]);
    let exchange = bench.worker.exchange(id).unwrap();
    assert_eq!(exchange.borrow().request.headers.as_ref().unwrap().get(b"x-size").unwrap(), "6");
}

#[test]
fn too_large_a_held_request_body_is_413() {
    let mut bench =
        Bench::new().with("a", |_, callback| u32::from(matches!(callback, Callback::RequestBody { .. })));
    let id = bench.open();
    bench.worker.headers(id, Side::Request, request(), false);
    bench.worker.body(id, Side::Request, vec![b'x'; 1024].into(), false);
    assert_eq!(bench.effects(id), ["Request headers"], "the limit itself is allowed");
    bench.worker.body(id, Side::Request, "x".into(), false);
    assert_eq!(bench.effects(id), ["abandon", "Response headers", "Response body Payload Too Large end"]);
    assert_eq!(bench.response(id).get(b":status").unwrap(), "413");
}

#[test]
fn too_large_a_held_response_body_is_a_reset_or_500_while_headers_are_held() {
    for hold in [false, true] {
        let mut bench =
            Bench::new().plugin("a", FailurePolicy::Closed, hold, move |_, callback| match callback {
                Callback::ResponseHeaders { .. } => u32::from(hold),
                Callback::ResponseBody { .. } => 1,
                _ => 0,
            });
        let id = bench.get();
        bench.worker.headers(id, Side::Response, ok(), false);
        bench.worker.body(id, Side::Response, vec![b'x'; 1025].into(), false);
        let effects = bench.effects(id);
        if hold {
            assert_eq!(bench.response(id).get(b":status").unwrap(), "500");
            assert_eq!(
                effects,
                [
                    "Request headers end",
                    "abandon",
                    "Response headers",
                    "Response body Internal Server Error end"
                ]
            );
        } else {
            assert_eq!(effects, ["Request headers end", "Response headers", "reset"]);
        }
    }
}

#[test]
fn a_stopped_side_beyond_the_limit_stops_reading_instead_of_failing() {
    let mut bench =
        Bench::new().with("a", |_, callback| u32::from(matches!(callback, Callback::RequestHeaders { .. })));
    let id = bench.open();
    bench.worker.headers(id, Side::Request, request(), false);
    assert!(bench.worker.wants(id, Side::Request));
    bench.worker.body(id, Side::Request, vec![b'x'; 4096].into(), false);
    assert!(!bench.worker.wants(id, Side::Request));
    assert!(bench.effects(id).is_empty());
}

#[test]
fn a_local_reply_passes_the_response_callbacks_of_the_filters_that_saw_the_request() {
    let mut bench = Bench::new()
        .with("a", |host, callback| match callback {
            Callback::ResponseHeaders { .. } => {
                host.borrow().add_map_value(MapKind::ResponseHeaders, b"X-Seen", b"a").unwrap();
                0
            }
            _ => 0,
        })
        .with("b", |host, callback| match callback {
            Callback::RequestHeaders { .. } => {
                host.borrow_mut().send_local_response(reply(403, "no")).unwrap();
                0
            }
            _ => 0,
        })
        .with("c", pass);
    let id = bench.get();
    assert_eq!(bench.effects(id), ["abandon", "Response headers", "Response body no end"]);
    assert_eq!(bench.response(id).get(b"x-seen").unwrap(), "a");
    bench.calls();
    bench.worker.close(id);
    let calls = bench.calls();
    assert!(calls.contains(&"c.log".to_owned()) && calls.contains(&"c.done".to_owned()), "{calls:?}");
}

#[test]
fn a_reply_from_the_response_headers_goes_to_the_client_directly() {
    let mut bench = Bench::new().with("a", pass).with("b", |host, callback| match callback {
        Callback::ResponseHeaders { .. } => {
            host.borrow_mut().send_local_response(reply(502, "bad")).unwrap();
            0
        }
        _ => 0,
    });
    let id = bench.get();
    bench.calls();
    bench.worker.headers(id, Side::Response, ok(), false);
    bench.worker.body(id, Side::Response, "ignored".into(), true);
    assert_eq!(
        bench.effects(id),
        ["Request headers end", "abandon", "Response headers", "Response body bad end"]
    );
    assert_eq!(bench.calls(), ["b.response_headers"]);
}

#[test]
fn after_a_trap_the_policy_decides_over_later_exchanges() {
    for (policy, later) in [
        (FailurePolicy::Closed, vec!["abandon", "Response headers end"]),
        (FailurePolicy::Open, vec!["Request headers end"]),
    ] {
        let mut bench = Bench::new().plugin("a", policy, false, |_, callback| match callback {
            Callback::RequestHeaders { .. } => 99,
            _ => 0,
        });
        let first = bench.get();
        assert_eq!(bench.effects(first), ["abandon", "Response headers end"]);
        assert_eq!(bench.response(first).get(b":status").unwrap(), "503");
        let second = bench.get();
        assert_eq!(bench.effects(second), later, "{policy:?}");
    }
}

#[test]
fn trailers_can_be_made_in_the_last_body_callback() {
    let mut bench = Bench::new().with("a", |host, callback| match callback {
        Callback::ResponseBody { end_of_stream: true, .. } => {
            host.borrow().add_map_value(MapKind::ResponseTrailers, b"x-sum", b"1").unwrap();
            0
        }
        _ => 0,
    });
    let id = bench.get();
    bench.worker.headers(id, Side::Response, ok(), false);
    bench.worker.body(id, Side::Response, "b".into(), true);
    assert_eq!(
        bench.effects(id),
        ["Request headers end", "Response headers", "Response body b", "Response trailers"]
    );
}

#[test]
fn a_callout_wakes_the_exchange_that_waits_for_it() {
    let mut bench = Bench::new().with("a", |host, callback| match callback {
        Callback::RequestHeaders { .. } => {
            let headers = request().entries().to_vec();
            let mut host = host.borrow_mut();
            assert_eq!(
                host.http_call(b"unknown", headers.clone(), b"", vec![], 5),
                Err(Status::BAD_ARGUMENT)
            );
            assert_eq!(host.http_call(b"bucket", headers, b"", vec![], 5), Ok(4));
            1
        }
        Callback::HttpCallResponse { token: 4, body_size: 2, .. } => {
            let mut host = host.borrow_mut();
            assert_eq!(host.buffer_bytes(BufferKind::CallResponseBody, 0, 9).unwrap(), "b1");
            host.set_effective_context(2).unwrap();
            host.replace_map_value(MapKind::RequestHeaders, b"x-bucket", b"b1").unwrap();
            host.continue_stream(StreamKind::Request).unwrap();
            0
        }
        _ => 0,
    });
    let id = bench.get();
    let Some(Command::Call { vm, call }) = bench.worker.next_command() else { panic!("no callout") };
    let body = Bytes::from_static(b"b1");
    let outcome = HttpCallOutcome::Response { headers: ok(), body, trailers: Headers::new() };
    bench.worker.call_done(vm, call.root, call.token, outcome);
    assert_eq!(bench.effects(id), ["Request headers end"]);
    let exchange = bench.worker.exchange(id).unwrap();
    assert_eq!(exchange.borrow().request.headers.as_ref().unwrap().get(b"x-bucket").unwrap(), "b1");
}

#[test]
fn maps_are_closed_after_continue_and_readable_again_in_the_log() {
    let mut bench = Bench::new().with("a", |host, callback| {
        let host = host.borrow();
        let read = host.map_value(MapKind::RequestHeaders, b":path");
        match callback {
            Callback::RequestHeaders { .. } => assert_eq!(read.unwrap(), "/"),
            Callback::ResponseHeaders { .. } => {
                assert_eq!(read, Err(Status::BAD_ARGUMENT));
                assert!(host.map_pairs(MapKind::RequestHeaders).unwrap().is_empty());
            }
            Callback::Log { .. } => {
                assert_eq!(read.unwrap(), "/");
                assert_eq!(
                    host.add_map_value(MapKind::RequestHeaders, b"a", b"b"),
                    Err(Status::BAD_ARGUMENT)
                );
            }
            _ => {}
        }
        0
    });
    let id = bench.get();
    bench.worker.headers(id, Side::Response, ok(), true);
    bench.worker.close(id);
}

#[test]
fn a_chunk_may_be_replaced_while_it_streams() {
    let mut bench = Bench::new().with("a", |host, callback| match callback {
        Callback::ResponseBody { .. } => {
            let host = host.borrow();
            host.set_buffer(BufferKind::ResponseBody, 0, 1, b"<").unwrap();
            host.set_buffer(BufferKind::ResponseBody, 99, 0, b">").unwrap();
            assert_eq!(host.set_buffer(BufferKind::ResponseBody, 1, 1, b""), Err(Status::BAD_ARGUMENT));
            0
        }
        _ => 0,
    });
    let id = bench.get();
    bench.worker.headers(id, Side::Response, ok(), false);
    bench.worker.body(id, Side::Response, "abc".into(), false);
    bench.worker.body(id, Side::Response, "def".into(), true);
    assert_eq!(
        bench.effects(id)[2..],
        ["Response body <bc>".to_owned(), "Response body <ef> end".to_owned()]
    );
}
