//! Plays a script of host functions and logs what each answers, and each callback with its arguments.
//!
//! Settings: lines `PHASE CALL ARGUMENTS`; a line is played whenever that callback comes. Callbacks are named as in the
//! ABI, without `proxy_on_`. Of a call's arguments `@` is the token that the last call answered, `$` the one that the
//! callback brought, `*` the last segment of the request's path; bytes are written as text or, after `0x`, in hexadecimal digits; `-` is nothing. The calls stand in
//! [`play`]. It is written by hand because the `proxy-wasm` crate panics on most of the statuses that this is about.

#![expect(unsafe_code, reason = "exports of the ABI")]

use std::alloc::{Layout, alloc};
use std::cell::{Cell, RefCell};
use std::ptr::null_mut;

// Not by way of the library, which would bring the exports of `proxy-wasm`.
#[path = "../src/raw.rs"]
pub mod raw;

thread_local! {
    static SCRIPT: RefCell<String> = const { RefCell::new(String::new()) };
    /// The token that the last call answered.
    static LAST: Cell<u32> = const { Cell::new(0) };
    /// The newest stream context.
    static STREAM: Cell<u32> = const { Cell::new(0) };
    /// Whether a callback that is running is to answer Pause.
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

/// Logs the callback, then plays its lines; whether it is to answer Pause.
fn reach(phase: &str, told: &str, token: u32) -> u32 {
    raw::log(2, &format!("{phase}{told}"));
    PAUSED.set(false);
    let script = SCRIPT.with_borrow(Clone::clone);
    for line in script.lines().filter_map(|line| line.trim().strip_prefix(phase)?.strip_prefix(' ')) {
        let mut words = line.split(' ');
        let call = words.next().unwrap_or_default();
        let answer = play(call, &words.collect::<Vec<_>>(), token);
        raw::log(2, &format!("{phase}: {line} = {answer}"));
    }
    PAUSED.get().into()
}

fn play(call: &str, words: &[&str], token: u32) -> String {
    let word = |index: usize| words.get(index).copied().unwrap_or("-");
    let text = |index: usize| if word(index) == "-" { "" } else { word(index) };
    let number = |index: usize| match word(index) {
        "@" => LAST.get(),
        "$" => token,
        "stream" => STREAM.get(),
        other => other.parse().unwrap_or_default(),
    };
    let path_end = raw::header(0, ":path").1;
    let path_end = String::from_utf8_lossy(&path_end);
    let named = if word(2) == "*" { path_end.rsplit('/').next().unwrap_or_default() } else { text(2) };
    let to = |target| raw::Method { target, service: text(1), method: named };
    match call {
        "pause" => {
            PAUSED.set(true);
            "ok".to_owned()
        }
        "resume" => raw::continue_stream(number(0)).to_string(),
        "effective" => raw::set_effective_context(number(0)).to_string(),
        "register" => started(raw::register_queue(text(0))),
        "resolve" => started(raw::resolve_queue(text(0), text(1))),
        "enqueue" => raw::enqueue(number(0), &bytes(word(1))).to_string(),
        "dequeue" => shown(&raw::dequeue(number(0))),
        "foreign" => shown(&raw::foreign(text(0), &bytes(word(1)))),
        "set" => raw::set_property(&path(word(0)), &bytes(word(1))).to_string(),
        "get" => shown(&raw::property_at(&path(word(0)))),
        "header" => raw::replace_header(number(0), text(1), text(2).as_bytes()).to_string(),
        "status" => {
            let (status, code, message) = raw::status();
            format!("{status} {code} `{}`", message.escape_ascii())
        }
        "pairs" => shown(&raw::pairs(number(0))),
        "buffer" => shown(&raw::buffer(number(0), 0, 1 << 20)),
        "http" => {
            let headers = [(":method", "GET"), (":path", text(1)), (":authority", text(0))];
            started(raw::http_call(text(0), &headers, number(2)))
        }
        "grpc_call" => started(raw::grpc_call(
            to(&bytes(word(0))),
            &metadata(words.get(5..)),
            &bytes(word(3)),
            number(4),
        )),
        "grpc_stream" => started(raw::grpc_stream(to(&bytes(word(0))), &metadata(words.get(3..)))),
        "grpc_send" => raw::grpc_send(number(0), &bytes(word(1)), word(2) == "end").to_string(),
        "grpc_close" => raw::grpc_close(number(0)).to_string(),
        "grpc_cancel" => raw::grpc_cancel(number(0)).to_string(),
        _ => "no such call".to_owned(),
    }
}

/// Status and token; the token is kept for `@`.
fn started((status, token): (u32, u32)) -> String {
    if status == 0 {
        LAST.set(token);
    }
    format!("{status} token {token}")
}

fn shown((status, value): &raw::Answer) -> String {
    format!("{status} `{}`", value.escape_ascii())
}

/// A property's path, whose segments are separated by slashes here.
fn path(word: &str) -> Vec<u8> {
    bytes(word).into_iter().map(|byte| if byte == b'/' { 0 } else { byte }).collect()
}

fn bytes(word: &str) -> Vec<u8> {
    match word.strip_prefix("0x") {
        Some(digits) => digits
            .as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect(),
        None if word == "-" => Vec::new(),
        None => word.as_bytes().to_vec(),
    }
}

fn metadata<'a>(words: Option<&[&'a str]>) -> Vec<(&'a str, &'a str)> {
    words.unwrap_or_default().iter().filter_map(|word| word.split_once('=')).collect()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    // SAFETY: the host never asks for nothing, so the layout has a size.
    Layout::array::<u8>(size).map_or(null_mut(), |layout| unsafe { alloc(layout) })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    if parent != 0 {
        STREAM.set(context);
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(_root: u32, size: usize) -> u32 {
    let (_, configuration) = raw::buffer(7, 0, size);
    SCRIPT.set(String::from_utf8_lossy(&configuration).into_owned());
    reach("configure", "", 0);
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_context: u32, _count: u32, _end: u32) -> u32 {
    reach("request_headers", "", 0)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(_context: u32, _count: u32, _end: u32) -> u32 {
    reach("response_headers", "", 0)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(_context: u32) {
    reach("log", "", 0);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_queue_ready(_root: u32, token: u32) {
    reach("queue_ready", "", token);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(_root: u32, token: u32, headers: u32, body: usize, trailers: u32) {
    reach("http_call_response", &format!(" {token} {headers} {body} {trailers}"), token);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive_initial_metadata(_root: u32, token: u32, count: u32) {
    reach("grpc_receive_initial_metadata", &format!(" {token} {count}"), token);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive(_root: u32, token: u32, size: usize) {
    reach("grpc_receive", &format!(" {token} {size}"), token);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive_trailing_metadata(_root: u32, token: u32, count: u32) {
    reach("grpc_receive_trailing_metadata", &format!(" {token} {count}"), token);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_close(_root: u32, token: u32, status: u32) {
    reach("grpc_close", &format!(" {token} {status}"), token);
}
