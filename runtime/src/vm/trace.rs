//! Tells whoever traces a VM of its hostcalls: arguments and results as the guest's memory has them.

use super::memory;
use super::state::State;
use super::trap;
use crate::abi::table::{Chapter, Import};
use crate::abi::{BufferKind, MapKind, MetricKind, Status, StreamKind};
use crate::host::trace::{self, Part, SHOWN};
use wasmtime::Caller;

/// What the parameters of a hostcall are, a letter each.
///
/// `t` text, `P` a property's path, `p` pairs, each a pointer and a size; `v` and `q`
/// bytes and pairs that the guest has got, by pointers to both; `w` and `W` results of 32 and 64 bits by pointer; `n` and `g` numbers without and with
/// a sign; `m`, `u`, `s`, `k` kinds of maps, buffers, streams and metrics.
fn shape(name: &str) -> Option<&'static str> {
    Some(match name {
        "proxy_get_log_level" => "w",
        "proxy_get_current_time_nanoseconds" => "W",
        "proxy_get_header_map_value" => "mtv",
        "proxy_add_header_map_value" | "proxy_replace_header_map_value" => "mtt",
        "proxy_remove_header_map_value" => "mt",
        "proxy_get_header_map_pairs" => "mq",
        "proxy_set_header_map_pairs" => "mp",
        "proxy_get_header_map_size" => "mw",
        "proxy_get_buffer_status" => "uww",
        "proxy_get_buffer_bytes" => "unnv",
        "proxy_set_buffer_bytes" => "unnt",
        "proxy_get_configuration" => "v",
        "proxy_continue_stream" | "proxy_close_stream" => "s",
        "proxy_send_local_response" => "nttpg",
        "proxy_get_shared_data" => "tvw",
        "proxy_set_shared_data" => "ttn",
        "proxy_register_shared_queue" => "tw",
        "proxy_resolve_shared_queue" => "ttw",
        "proxy_dequeue_shared_queue" => "nv",
        "proxy_enqueue_shared_queue" => "nt",
        "proxy_http_call" => "tptpnw",
        "proxy_get_status" => "wv",
        "proxy_grpc_call" => "tttptnw",
        "proxy_grpc_stream" => "tttpw",
        "proxy_grpc_send" => "ntn",
        "proxy_define_metric" => "ktw",
        "proxy_get_metric" => "nW",
        "proxy_get_property" => "Pv",
        "proxy_set_property" => "Pt",
        "proxy_call_foreign_function" => "ttv",
        _ => return None,
    })
}

/// A part whose bytes are copied out of the guest.
enum Owned {
    Text(Vec<u8>),
    Path(Vec<u8>),
    Number(i128),
    Word(&'static str),
    Pairs(usize),
}

impl Owned {
    fn part(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Path(path) => Part::Path(path),
            Self::Number(number) => Part::Number(*number),
            Self::Word(word) => Part::Word(word),
            Self::Pairs(count) => Part::Pairs(*count),
        }
    }
}

/// Tells of a hostcall that has been answered.
///
/// Log lines have a sink of their own. Of WASI only clock and random bytes say something about a plugin.
pub(super) fn tell(caller: &mut Caller<'_, State>, import: &'static Import, params: &[u64], code: u32) {
    let Some(sink) = caller.data().trace.clone() else { return };
    let shown = match import.chapter {
        Chapter::Wasi => matches!(import.name, "clock_time_get" | "random_get"),
        Chapter::Emscripten => false,
        _ => import.name != "proxy_log",
    };
    if !shown {
        return;
    }
    let mut arguments = Vec::new();
    let mut results = Vec::new();
    if let Some(shape) = shape(import.name) {
        read(caller, shape, params, &mut arguments, &mut results);
    } else if import.chapter != Chapter::Wasi {
        let signed = |(value, letter): (&u64, char)| match letter {
            'I' => Owned::Number(value.cast_signed().into()),
            _ => Owned::Number((*value).into()),
        };
        arguments.extend(params.iter().zip(import.params.chars()).map(signed));
    }
    let arguments: Vec<Part<'_>> = arguments.iter().map(Owned::part).collect();
    let results: Vec<Part<'_>> = results.iter().map(Owned::part).collect();
    let number = format!("error {code}");
    let results = match code {
        0 => Ok(results.as_slice()),
        _ if import.chapter == Chapter::Wasi => Err(number.as_str()),
        code => Err(Status(code).name()),
    };
    let mut line = trace::line(import.name, &arguments, results);
    if let Some(place) = trap::caller_of(caller) {
        line.push_str(&format!("  ({place})"));
    }
    sink.hostcall(line);
}

fn read(
    caller: &mut Caller<'_, State>,
    shape: &str,
    params: &[u64],
    arguments: &mut Vec<Owned>,
    results: &mut Vec<Owned>,
) {
    let mut params = params.iter().copied();
    let mut next = || params.next().unwrap_or_default();
    for letter in shape.chars() {
        match letter {
            't' => arguments.push(Owned::Text(bytes(caller, next(), next()))),
            'P' => arguments.push(Owned::Path(bytes(caller, next(), next()))),
            'p' => arguments.push(Owned::Pairs(pairs(caller, next(), next()))),
            'n' => arguments.push(Owned::Number(next().into())),
            'g' => {
                let number = u32::try_from(next()).unwrap_or_default();
                arguments.push(Owned::Number(number.cast_signed().into()));
            }
            'm' => arguments.push(named(next(), MapKind::from_number, MapKind::word)),
            'u' => arguments.push(named(next(), BufferKind::from_number, BufferKind::word)),
            's' => arguments.push(named(next(), StreamKind::from_number, StreamKind::word)),
            'k' => arguments.push(named(next(), MetricKind::from_number, MetricKind::word)),
            'v' | 'q' => {
                let (pointer, size) = (word(caller, next()), word(caller, next()));
                results.push(if letter == 'q' {
                    Owned::Pairs(pairs(caller, pointer, size))
                } else {
                    Owned::Text(bytes(caller, pointer, size))
                });
            }
            'w' => results.push(Owned::Number(word(caller, next()).into())),
            'W' => {
                let mut number = [0; 8];
                memory::peek(caller, next(), &mut number);
                results.push(Owned::Number(u64::from_le_bytes(number).into()));
            }
            _ => {
                next();
            }
        }
    }
}

/// The kind with this number.
fn named<K>(number: u64, kind: fn(u32) -> Option<K>, word: fn(K) -> &'static str) -> Owned {
    let kind = u32::try_from(number).ok().and_then(kind);
    kind.map_or(Owned::Number(number.into()), |kind| Owned::Word(word(kind)))
}

fn word(caller: &mut Caller<'_, State>, pointer: u64) -> u64 {
    let mut number = [0; 4];
    memory::peek(caller, pointer, &mut number);
    u32::from_le_bytes(number).into()
}

/// The bytes, or as many as are shown; the rest is there as zeros, so that the length is right.
fn bytes(caller: &mut Caller<'_, State>, pointer: u64, size: u64) -> Vec<u8> {
    let size = usize::try_from(size).unwrap_or_default();
    let mut bytes = vec![0; size.min(SHOWN)];
    memory::peek(caller, pointer, &mut bytes);
    // What lies beyond the memory was refused; a number of the guest's must not cost memory here.
    bytes.resize(size.min(MAX_LENGTH), 0);
    bytes
}

/// The count at the beginning of serialised pairs.
fn pairs(caller: &mut Caller<'_, State>, pointer: u64, size: u64) -> usize {
    let count = if size < 4 { 0 } else { word(caller, pointer) };
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Longest length that is told.
const MAX_LENGTH: usize = 1 << 20;
