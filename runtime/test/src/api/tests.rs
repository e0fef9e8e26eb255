//! gRPC mocks in Rust, with a guest that calls out by hostcalls alone.

use crate::prelude::*;
use crate::world::{Kind, World};
use mesh_filter_runtime::abi::{BufferKind, LogLevel, StreamKind};
use mesh_filter_runtime::guest::{Callback, Guest, Trap};
use mesh_filter_runtime::host::{GrpcMethod, SharedHost};

/// Asks by a unary call or a stream, as the path says, and goes on when it has ended.
struct Asking {
    host: SharedHost,
    waiting: u32,
}

impl Guest for Asking {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        let mut host = self.host.borrow_mut();
        let log = |text: String| host.log(LogLevel::Info, text.as_bytes());
        match callback {
            Callback::RequestHeaders { context, .. } => {
                self.waiting = context;
                let path = host.property(b"request\0path").unwrap_or_default();
                let method = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let to = GrpcMethod { target: b"authz", service: b"a.Auth", method };
                if path.starts_with(b"/call") {
                    host.grpc_call(to, Vec::new(), b"who", 100).unwrap();
                } else {
                    let token = host.grpc_stream(to, Vec::new()).unwrap();
                    host.grpc_send(token, b"who", false).unwrap();
                    host.grpc_close(token).unwrap();
                }
                return Ok(Some(1));
            }
            Callback::GrpcReceive { token, size, .. } => {
                let size = usize::try_from(size).unwrap();
                let message = host.buffer_bytes(BufferKind::GrpcReceive, 0, size).unwrap();
                log(format!("got {}", String::from_utf8_lossy(&message)));
                if token % 4 == 2 {
                    return Ok(None);
                }
            }
            Callback::GrpcClose { status, .. } => log(format!("closed {status}")),
            _ => return Ok(None),
        }
        host.set_effective_context(self.waiting).unwrap();
        host.continue_stream(StreamKind::Request).unwrap();
        Ok(None)
    }
}

fn asking(sim: &Sim) -> TestFilter {
    let world = World::new(Kind::Native, |host| Ok(Box::new(Asking { host, waiting: 0 })));
    sim.start(&world, "").unwrap()
}

#[test]
fn the_newest_answer_that_fits_a_unary_call_is_given() {
    let sim = Sim::new();
    let filter = asking(&sim);
    let authz = sim.cluster("authz");
    let check = || authz.grpc("a.Auth", "Check");
    check().reply(grpc().message("alice"));
    filter.request(get("/call/Check")).expect(log(Level::Info, "got alice")).expect(status(200));
    check().message("nobody").reply(grpc().status(5));
    check().message(contains("w")).reply(grpc().status(7).text("no").delay(ms(99)));
    filter.request(get("/call/Check")).expect(log(Level::Info, "closed 7"));
    check().fail(Fault::Timeout);
    filter.request(get("/call/Check")).expect(log(Level::Info, "closed 14"));
    let calls = authz.requests();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.grpc_method() == ("a.Auth", "Check") && call.messages == ["who"]));
}

#[test]
fn a_stream_is_answered_event_by_event() {
    let sim = Sim::new();
    let filter = asking(&sim);
    let authz = sim.cluster("authz");
    let watch = || authz.grpc("a.Auth", "Watch");
    watch().at_open().reply(grpc().message("welcome").header("x-init", "a"));
    watch().message("who").reply(grpc().message("alice").delay(ms(5)));
    watch().at_end().reply(grpc().status(0).trailer("x-trail", "t"));
    let exchange = filter.request(get("/stream/Watch")).expect(log(Level::Info, "closed 0"));
    let lines: Vec<_> = exchange.logs().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(lines, ["got welcome", "got alice", "closed 0"]);
    authz.fail(Fault::Refused);
    filter.request(get("/stream/Watch")).expect(log(Level::Info, "closed 14"));
    assert!(authz.requests().iter().all(|call| call.complete && !call.cancelled));
}

#[test]
#[should_panic(expected = "by gRPC (`a.Auth/Check`, message `who`), and no mock of it is for this call")]
fn a_call_that_nothing_is_for_fails_the_test() {
    let sim = Sim::new();
    let filter = asking(&sim);
    sim.cluster("authz").grpc("a.Auth", "Other").reply(grpc().message("alice"));
    drop(filter.request(get("/call/Check")));
}
