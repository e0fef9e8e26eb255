//! What may be called in which callback: every map, every buffer, every other host function, with its status.

use super::super::case::{Case, Ends, case};

/// A callback, the maps that are open in it, what else the program needs to get there.
struct Phase {
    name: &'static str,
    /// Maps that are not set, because the exchange has to go on.
    open: &'static [u32],
    around: &'static str,
    ends: Ends,
}

const QUEUE: &str =
    "configure:\n  register_shared_queue 'NAME' &number=queue\n  enqueue_shared_queue $queue 'x'\n";
const CALLOUT: &str = "request_headers:\n  CALL\n  return 1\nhttp_call_response:\n  set_effective_context $stream\n  continue_stream 0\n";
const UNARY: &str = "request_headers:
  grpc_call 'grpc' 'a.Service' 'ok' '' 'abc' 1000 &number
  return 1
grpc_receive:
  set_effective_context $stream
  continue_stream 0
";

const STREAM: &str = "request_headers:
  grpc_stream 'grpc' 'a.Service' 'ok' '' &number=call
  grpc_send $call 'abc' 1
  return 1
grpc_close:
  set_effective_context $stream
  continue_stream 0
";

fn phases() -> Vec<Phase> {
    let plain = |name, open| Phase { name, open, around: "", ends: Ends::Deleted };
    let mut all: Vec<_> = [
        ("context_create", [].as_slice()),
        ("vm_start", &[]),
        ("configure", &[]),
        ("request_headers", &[0]),
        ("request_body", &[]),
        ("response_headers", &[2]),
        ("response_body", &[]),
        ("response_trailers", &[3]),
        ("log", &[]),
        ("done", &[]),
        ("delete", &[]),
    ]
    .into_iter()
    .map(|(name, open)| plain(name, open))
    .collect();
    let tick = "configure:\n  set_tick_period_milliseconds 1\ntick:\n  set_tick_period_milliseconds 0\n";
    all.push(Phase { name: "tick", open: &[], around: tick, ends: Ends::Line("the end") });
    all.push(Phase { name: "queue_ready", open: &[], around: QUEUE, ends: Ends::Line("the end") });
    all.push(Phase { name: "http_call_response", open: &[], around: CALLOUT, ends: Ends::Deleted });
    for name in ["grpc_receive_initial_metadata", "grpc_receive"] {
        all.push(Phase { name, open: &[], around: UNARY, ends: Ends::Deleted });
    }
    for name in ["grpc_receive_trailing_metadata", "grpc_close"] {
        all.push(Phase { name, open: &[], around: STREAM, ends: Ends::Deleted });
    }
    all
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for phase in phases() {
        let groups = [
            ("maps", maps(&phase)),
            ("buffers", buffers()),
            ("calls", CALLS.to_owned()),
            ("streams", streams(&phase)),
        ];
        for (group, calls) in groups {
            let name = format!("phases/{group}-in-{}", phase.name.replace('_', "-"));
            let program = format!("{}:\n{}", phase.name, calls);
            // What leads on to the next callback comes last.
            let program = match phase.ends {
                Ends::Line(end) => format!("{}{program}  log {end}\n", phase.around.replace("NAME", &name)),
                _ => format!("{program}{}", phase.around),
            };
            all.push(case(&name, &program).ends(phase.ends).post("/a.Service/ok", "abcde"));
        }
    }
    all
}

fn maps(phase: &Phase) -> String {
    let mut calls = String::new();
    for map in 0..9 {
        calls += &format!(
            "  get_header_map_value {map} ':path' &bytes\n  get_header_map_value {map} 'x-probe' &bytes\n  \
             get_header_map_pairs {map} &size\n  add_header_map_value {map} 'x-probe' '1'\n  \
             replace_header_map_value {map} 'x-probe' '2'\n  remove_header_map_value {map} 'x-probe'\n"
        );
        if !phase.open.contains(&map) {
            calls += &format!(
                "  set_header_map_pairs {map} {{'x-probe'='3'}}\n  get_header_map_size {map} &number\n"
            );
        }
    }
    calls
}

fn buffers() -> String {
    let of = |buffer| {
        format!(
            "  get_buffer_status {buffer} &number &number\n  get_buffer_bytes {buffer} 0 3 &bytes\n  \
             set_buffer_bytes {buffer} 1 1 'x'\n"
        )
    };
    // Buffer 8 leads to whatever buffer the VM looked at last.
    (0..8).chain([9]).map(of).collect()
}

const CALLS: &str = "
  get_status &number &bytes
  get_log_level &number
  log 2 'x'
  get_current_time_nanoseconds 4294967295
  define_metric 0 'oracle_phases.a' &number=metric
  increment_metric $metric 1
  record_metric 999 1
  get_metric 999 &long
  set_shared_data 'oracle_phases' 4294967280 16 0
  get_shared_data 'oracle_phases' &bytes &number
  resolve_shared_queue '' 'oracle_phases' &number
  enqueue_shared_queue 999 'x'
  dequeue_shared_queue 999 &bytes
  get_property 'plugin_name' &bytes
  get_property 'request' &bytes
  get_property 'nothing' &bytes
  set_property 'mine' 'x'
  call_foreign_function 'nothing' '' &bytes
  call_foreign_function 'clear_route_cache' '' &bytes
  http_call 'nowhere' {':method'='GET', ':path'='/', ':authority'='a'} '' '' 1000 &number
  http_call 'empty' {':method'='GET', ':path'='/', ':authority'='a'} '' '' 1000 &number
  grpc_call 'nowhere' 'a.Service' 'ok' '' '' 1000 &number
  grpc_stream 'nowhere' 'a.Service' 'ok' '' &number
  grpc_send 6 'x' 0
  grpc_close 6
  grpc_cancel 5
";

/// Continuing what is not paused makes Envoy go on twice, and crash.
fn streams(phase: &Phase) -> String {
    let mut calls = "
  continue_stream 2
  continue_stream 3
  continue_stream 9
  close_stream 2
  close_stream 3
  close_stream 9
  set_effective_context 999
  set_effective_context 1
  get_header_map_value 0 ':path' &bytes
  set_effective_context 0
  done
"
    .to_owned();
    // A local reply in the last callbacks of a stream makes Envoy crash.
    if matches!(phase.name, "vm_start" | "configure" | "tick" | "queue_ready") {
        calls += "  send_local_response 403 '' 'x' '' -1\n  continue_stream 0\n  continue_stream 1\n  close_stream 0\n";
    }
    calls
}
