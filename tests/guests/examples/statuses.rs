//! Calls host functions wrongly, and in wrong phases, and logs the status of each as `PHASE CALL = STATUS`.
//!
//! It is written by hand because the `proxy-wasm` crate panics on most of these statuses.

#![expect(unsafe_code, reason = "exports of the ABI")]

use std::alloc::{Layout, alloc};
use std::ptr::null_mut;

// Not by way of the library, which would bring the exports of `proxy-wasm`.
#[path = "../src/raw.rs"]
pub mod raw;

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    // SAFETY: the host never asks for nothing, so the layout has a size.
    Layout::array::<u8>(size).map_or(null_mut(), |layout| unsafe { alloc(layout) })
}

fn tell(phase: &str, call: &str, status: u32) {
    raw::log(2, &format!("{phase} {call} = {status}"));
}

fn probe(phase: &str) {
    tell(phase, "log at level 9", raw::log(9, "never seen"));
    for map in 0..10 {
        tell(phase, &format!("get_header_map_value {map} x-not-there"), raw::header(map, "x-not-there").0);
        tell(phase, &format!("get_header_map_size {map}"), raw::header_map_size(map).0);
        tell(
            phase,
            &format!("replace_header_map_value {map} x-probe"),
            raw::replace_header(map, "x-probe", b"1"),
        );
    }
    for buffer in 0..10 {
        tell(phase, &format!("get_buffer_bytes {buffer} 0 10"), raw::buffer(buffer, 0, 10).0);
    }
    tell(phase, "get_buffer_bytes 0 overflowing", raw::buffer(0, usize::MAX, usize::MAX).0);
    tell(phase, "set_buffer_bytes 7", raw::set_buffer(7, 0, 0, b"x"));
    for path in
        ["", "no.such.property", "plugin_name", "request", "request.headers.x-not-there", "response.code"]
    {
        tell(phase, &format!("get_property `{path}`"), raw::property(path).0);
    }
    // Continuing what is not paused makes Envoy 1.40.0 go on twice, and crash.
    for stream in [2, 3, 9] {
        tell(phase, &format!("continue_stream {stream}"), raw::continue_stream(stream));
    }
    tell(phase, "get_metric 999", raw::metric(999).0);
    tell(phase, "increment_metric 999", raw::increment_metric(999, 1));
    tell(phase, "set_effective_context 999", raw::set_effective_context(999));
    tell(phase, "done", raw::done());
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(_context: u32, _parent: u32) {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(_root: u32, _size: usize) -> u32 {
    probe("configure");
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _count: u32, _end: u32) -> u32 {
    probe("request_headers");
    0
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(_context: u32, _size: usize, _end: u32) -> u32 {
    probe("request_body");
    0
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(_context: u32, _count: u32, _end: u32) -> u32 {
    probe("response_headers");
    0
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(_context: u32, _size: usize, _end: u32) -> u32 {
    probe("response_body");
    0
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(_context: u32) {
    probe("log");
}
