//! Turns the engine's errors into traps: the reason, and the guest's frames with file and line.

use super::engine::Engine;
use super::state::{RestrictedCall, State};
use crate::guest::{Trap, TrapReason};
use wasmtime::{Store, WasmBacktrace};

/// Whether the error came from the guest's own code.
pub(super) fn is_trap(error: &wasmtime::Error) -> bool {
    error.is::<wasmtime::Trap>() || error.is::<WasmBacktrace>() || error.is::<RestrictedCall>()
}

/// Describes the error of a call that `store` has just ended.
pub(super) fn describe(engine: &Engine, store: &Store<State>, error: &wasmtime::Error) -> Trap {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    Trap { reason: reason(engine, store, error), backtrace }
}

fn reason(engine: &Engine, store: &Store<State>, error: &wasmtime::Error) -> TrapReason {
    if let Some(RestrictedCall { hostcall }) = error.downcast_ref() {
        return TrapReason::Restricted { hostcall };
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
        Some(trap) => TrapReason::Guest(trap.to_string()),
        None => TrapReason::Guest(error.root_cause().to_string()),
    }
}

/// `function at file:line`, innermost first; inlined functions have frames of their own.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let mut lines = Vec::new();
    for frame in backtrace.frames() {
        let function = frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), demangle);
        if frame.symbols().is_empty() {
            lines.push(match frame.module_offset() {
                Some(offset) => format!("{function} at offset {offset:#x}"),
                None => function,
            });
            continue;
        }
        for symbol in frame.symbols() {
            let name = symbol.name().map_or_else(|| function.clone(), demangle);
            lines.push(match (symbol.file(), symbol.line()) {
                (Some(file), Some(line)) => format!("{name} at {file}:{line}"),
                (Some(file), None) => format!("{name} at {file}"),
                _ => name,
            });
        }
    }
    lines.truncate(MAX_LINES);
    lines
}

/// Most lines of a backtrace, as many as Envoy shows.
const MAX_LINES: usize = 20;

/// Names as they stand in the source: Rust's without their hash, C++'s with parameters.
fn demangle(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return format!("{rust:#}");
    }
    match cpp_demangle::Symbol::new(name) {
        Ok(symbol) if name.starts_with("_Z") => symbol.demangle().unwrap_or_else(|_| name.to_owned()),
        _ => name.to_owned(),
    }
}
