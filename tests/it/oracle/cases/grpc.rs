//! gRPC callouts: unary calls and streams, what upstreams answer to them, and what becomes of wrong calls.

use super::super::case::{Case, case};
use super::message::{Field, message};
use crate::support::grpc::METHODS;

use Field::{Message, Number, Text};

/// What every callback is asked.
const TOLD: &str = "
grpc_receive_initial_metadata:
  get_header_map_pairs 4 &pairs
  get_header_map_pairs 5 &pairs
grpc_receive:
  get_buffer_bytes 5 0 1000 &bytes
  get_status &number &bytes
  get_header_map_pairs 4 &pairs
grpc_receive_trailing_metadata:
  get_header_map_pairs 5 &pairs
  get_header_map_pairs 4 &pairs
grpc_close:
  get_status &number &bytes
  get_buffer_bytes 5 0 1000 &bytes
  get_header_map_pairs 5 &pairs
";

const GOES_ON: &str = "  set_effective_context $stream\n  continue_stream 0\n";

pub(super) fn cases() -> Vec<Case> {
    let mut all: Vec<_> = METHODS.iter().flat_map(|method| [unary(method, 1500), stream(method)]).collect();
    all.extend([
        unary("silent", 50),
        stream("echo"),
        half_closed(),
        refused(),
        binary(),
        tokens(),
        targets(),
        wrong(),
    ]);
    all
}

fn unary(method: &str, timeout: u32) -> Case {
    let program = format!(
        "request_headers:
  grpc_call 'grpc' 'a.Service' '{method}' {{'x-md'='1', 'x-rep'='1', 'x-rep'='2'}} 'abc' {timeout} &number
  return 1
{TOLD}grpc_receive:\n{GOES_ON}grpc_close:\n{GOES_ON}"
    );
    case(&format!("grpc/unary-{}", method.replace('_', "-")), &program).get("/direct")
}

fn stream(method: &str) -> Case {
    let program = format!(
        "request_headers:
  grpc_stream 'grpc' 'a.Service' '{method}' {{'x-md'='1'}} &number=call
  grpc_send $call 'one' 0
  grpc_send $call '' 0
  grpc_send $call 'three' 1
  grpc_send $call 'four' 0
  return 1
{TOLD}grpc_close:
  grpc_close $token
  grpc_close $token
  grpc_send $token 'x' 0
{GOES_ON}"
    );
    case(&format!("grpc/stream-{}", method.replace('_', "-")), &program).get("/direct")
}

fn half_closed() -> Case {
    let program = format!(
        "request_headers:
  grpc_stream 'grpc' 'a.Service' 'echo' '' &number=call
  grpc_send $call 'one' 0
  grpc_close $call
  grpc_close $call
  grpc_send $call 'x' 0
  return 1
{TOLD}grpc_close:
  grpc_send $token 'x' 0
  grpc_close $token
  grpc_cancel $token
{GOES_ON}"
    );
    case("grpc/half-closed", &program).get("/direct")
}

/// Nobody listens; the stream is told only after the call, so that the order does not hang on which connection fails first.
fn refused() -> Case {
    let program = format!(
        "request_headers:
  grpc_call 'grpc-refused' 'a.Service' 'ok' '' 'abc' 1000 &number
  return 1
{TOLD}grpc_close 1:
  grpc_stream 'grpc-refused' 'a.Service' 'ok' '' &number=call
  grpc_send $call 'one' 0
grpc_close 2:
  grpc_send $token 'x' 0
  grpc_close $token
{GOES_ON}"
    );
    case("grpc/refused", &program).get("/direct")
}

/// Metadata whose name ends with `-bin` is bytes.
fn binary() -> Case {
    let program = format!(
        "request_headers:
  grpc_call 'grpc' 'a.Service' 'ok' {{'x-a-bin'='\\0\\x01\\xff', 'x-b-bin'='', 'x-c-bin'='AAH/', 'x-a-bin'='two'}} 'abc' 1000 &number
  return 1
{TOLD}grpc_receive:\n{GOES_ON}"
    );
    case("grpc/binary-metadata", &program).get("/direct")
}

fn tokens() -> Case {
    case(
        "grpc/tokens",
        "
        request_headers:
          grpc_call 'grpc' 'a.Service' 'hold' '' 'abc' 0 &number
          grpc_stream 'grpc' 'a.Service' 'hold' '' &number
          grpc_call 'grpc' 'a.Service' 'hold' '' 'abc' 0 &number
          grpc_send 5 'a' 0
          grpc_send 4 'a' 0
          grpc_send 7 'a' 0
          grpc_send 106 'a' 0
          grpc_send 6 'a' 0
          grpc_close 4
          grpc_close 101
          grpc_close 102
          grpc_cancel 4
          grpc_cancel 101
          grpc_cancel 102
          grpc_close 5
          grpc_close 5
          grpc_cancel 9
          grpc_cancel 9
          grpc_close 6
          grpc_close 6
          grpc_cancel 6
          grpc_send 6 'a' 0
        log:
          get_status &number &bytes
        ",
    )
    .get("/direct")
}

/// Targets that are none, and one with all that is read of it.
fn targets() -> Case {
    let envoy = |name| message(&[(1, Message(message(&[(1, Text(name))])))]);
    let full = message(&[
        (1, Message(message(&[(1, Text("grpc")), (2, Text("an.authority")), (5, Number(1))]))),
        (5, Message(message(&[(1, Text("x-service")), (2, Text("v"))]))),
    ]);
    let (nowhere, empty) = (envoy("nowhere"), envoy("empty"));
    let program = format!(
        "request_headers:
  grpc_call 'nowhere' 'a.Service' 'ok' '' 'abc' 1000 &number
  grpc_stream 'nowhere' 'a.Service' 'ok' '' &number
  grpc_call '{nowhere}' 'a.Service' 'ok' '' 'abc' 1000 &number
  grpc_stream '{nowhere}' 'a.Service' 'ok' '' &number
  grpc_call '{empty}' 'a.Service' 'ok' '' 'abc' 1000 &number
  grpc_call '{full}' 'a.Service' 'ok' {{'x-own'='1'}} 'abc' 100000000 &number
  return 1
{TOLD}grpc_receive:\n{GOES_ON}"
    );
    case("grpc/targets", &program).get("/direct")
}

fn wrong() -> Case {
    case(
        "grpc/wrong-arguments",
        "
        request_headers:
          grpc_call 4294967280 16 'a.Service' 'ok' '' 'abc' 1000 &number
          grpc_call 'grpc' 4294967280 16 'ok' '' 'abc' 1000 &number
          grpc_call 'grpc' 'a.Service' 4294967280 16 '' 'abc' 1000 &number
          grpc_call 'grpc' 'a.Service' 'ok' 4294967280 16 'abc' 1000 &number
          grpc_call 'grpc' 'a.Service' 'ok' '' 4294967280 16 1000 &number
          grpc_stream 4294967280 16 'a.Service' 'ok' '' &number
          grpc_send 6 4294967280 16 0
        ",
    )
    .get("/direct")
}
