//! Turns the engine's errors into traps: the reason, and the guest's frames with file and line.

use super::engine::Engine;
use super::module::Module;
use super::state::{RestrictedCall, State, UnknownCall};
use super::symbols::{Place, Symbols};
use crate::guest::{Trap, TrapReason};
use wasmtime::{Caller, FrameInfo, FrameSymbol, Store, WasmBacktrace};

/// Whether the error came from the guest's own code.
pub(super) fn is_trap(error: &wasmtime::Error) -> bool {
    error.is::<wasmtime::Trap>()
        || error.is::<WasmBacktrace>()
        || error.is::<RestrictedCall>()
        || error.is::<UnknownCall>()
}

/// Describes the error of a call that `store` has just ended.
pub(super) fn describe(
    engine: &Engine,
    module: &Module,
    store: &Store<State>,
    error: &wasmtime::Error,
) -> Trap {
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let backtrace =
        backtrace.map(|backtrace| frames(backtrace, module.symbols(), MAX_LINES)).unwrap_or_default();
    Trap { reason: reason(engine, store, error), backtrace, hostcalls: store.data().calls.lines() }
}

fn reason(engine: &Engine, store: &Store<State>, error: &wasmtime::Error) -> TrapReason {
    if let Some(RestrictedCall { hostcall }) = error.downcast_ref() {
        return TrapReason::Restricted { hostcall };
    }
    if let Some(UnknownCall { function }) = error.downcast_ref() {
        return TrapReason::Unknown { function: function.clone() };
    }
    let limits = engine.limits();
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::Interrupt) => {
            let limit = limits.cpu_per_call.unwrap_or_default().as_millis();
            TrapReason::CpuLimit { limit_ms: u64::try_from(limit).unwrap_or(u64::MAX) }
        }
        Some(wasmtime::Trap::OutOfFuel) => {
            TrapReason::FuelLimit { limit: limits.fuel_per_call.unwrap_or(u64::MAX) }
        }
        // A guest that is refused memory aborts, which by itself tells nothing.
        _ if store.data().memory_limit.refused => {
            TrapReason::MemoryLimit { limit: store.data().memory_limit.bytes() }
        }
        Some(trap) => {
            let message = trap.to_string();
            TrapReason::Guest(message.strip_prefix("wasm trap: ").unwrap_or(&message).to_owned())
        }
        None => TrapReason::Guest(error.root_cause().to_string()),
    }
}

/// The line of the guest's own code that has led to the hostcall which runs: `file:line`.
///
/// It is looked up once for each way through the code; symbols take long to read.
pub(super) fn caller_of(caller: &mut Caller<'_, State>) -> Option<String> {
    let backtrace = WasmBacktrace::force_capture(&*caller);
    let way: Vec<Option<usize>> = backtrace.frames().iter().map(FrameInfo::module_offset).collect();
    if let Some(known) = caller.data().places.get(&way) {
        return known.clone();
    }
    let lines = frames(&backtrace, caller.data().symbols.as_ref(), MAX_SEARCHED);
    let place = lines.iter().find_map(|line| own_place(line));
    caller.data_mut().places.insert(way, place.clone());
    place
}

/// The place of a frame, unless it is of a library: those have absolute paths.
fn own_place(line: &str) -> Option<String> {
    let (_, place) = line.rsplit_once(" at ")?;
    let own = !place.starts_with('/') && !place.starts_with(WORKSPACE_SDK) && place.contains(':');
    own.then(|| place.to_owned())
}

/// Where an SDK is that stands in one workspace with the plugin: its path is relative, but it is a library.
const WORKSPACE_SDK: &str = "sdk/src/";
/// Most frames that are searched for the plugin's own.
const MAX_SEARCHED: usize = 200;

/// `function at file:line`, innermost first; inlined functions have frames of their own.
fn frames(backtrace: &WasmBacktrace, symbols: Option<&Symbols>, limit: usize) -> Vec<String> {
    let side = symbols.map(Symbols::read);
    let mut lines = Vec::new();
    for frame in backtrace.frames() {
        let name = frame.func_name().or_else(|| side.as_ref()?.function(frame.func_index())).map(demangle);
        let places = match (&side, frame.module_offset()) {
            (Some(side), Some(offset)) => side.places(offset),
            _ => frame.symbols().iter().map(place).collect(),
        };
        let number = || format!("function {}", frame.func_index());
        if places.is_empty() {
            let name = name.clone().unwrap_or_else(number);
            lines.push(match frame.module_offset() {
                Some(offset) => format!("{name} at offset {offset:#x}"),
                None => name,
            });
        }
        let last = places.len().saturating_sub(1);
        for (index, place) in places.into_iter().enumerate() {
            // The function itself is the last; its own name is longer than the one beside the line.
            let own = name.clone().filter(|_| index == last);
            let function = own.or(place.function).unwrap_or_else(number);
            lines.push(match place.file {
                Some((file, Some(line))) => format!("{function} at {file}:{line}"),
                Some((file, None)) => format!("{function} at {file}"),
                None => function,
            });
        }
    }
    lines.truncate(limit);
    lines
}

fn place(symbol: &FrameSymbol) -> Place {
    Place {
        function: symbol.name().map(demangle),
        file: symbol.file().map(|file| (file.to_owned(), symbol.line())),
    }
}

/// Most lines of a backtrace, as many as Envoy shows.
const MAX_LINES: usize = 20;

/// Names as they stand in the source: Rust's without their hash, C++'s with parameters.
pub(super) fn demangle(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return format!("{rust:#}");
    }
    match cpp_demangle::Symbol::new(name) {
        Ok(symbol) if name.starts_with("_Z") => symbol.demangle().unwrap_or_else(|_| name.to_owned()),
        _ => name.to_owned(),
    }
}
