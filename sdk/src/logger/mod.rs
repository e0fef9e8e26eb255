//! Logs of filters: the `log` facade and `tracing`, on the proxy's log.
//!
//! One statement is one line (`line`): text, then `key=value`s. What the proxy does not want is not
//! even formatted: its level is known here, and asked for again now and then.

mod limit;
mod line;
#[cfg(feature = "tracing")]
mod spans;

pub use limit::{More, due};

use crate::host::{LogLevel, host};
use crate::vm;
use limit::Limits;
use line::Line;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::{Cell, RefCell};

/// After so many statements the proxy is asked again which level it wants.
const REFRESH: u32 = 64;

/// What the logger remembers in a VM.
#[derive(Default)]
pub(crate) struct Memory {
    /// What the proxy wants; `None` until it may be asked.
    level: Cell<Option<LevelFilter>>,
    /// Statements since it was asked.
    statements: Cell<u32>,
    limits: RefCell<Limits>,
}

struct ProxyLog;

static PROXY_LOG: ProxyLog = ProxyLog;

/// Sends what `log`'s macros write to the proxy.
///
/// Does nothing when the program has a logger already, which only native tests can have.
pub(crate) fn install() {
    if log::set_logger(&PROXY_LOG).is_ok() {
        // `Log::enabled` knows better: the proxy's level changes while the filter runs.
        log::set_max_level(LevelFilter::Trace);
    }
    #[cfg(feature = "tracing")]
    spans::install();
}

/// Logs a panic before the VM traps, because a trap says nothing.
#[cfg(target_arch = "wasm32")]
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let _ = host().log(LogLevel::Critical, Line::of(format_args!("{panic}")).finish().as_bytes());
    }));
}

/// Asks the proxy which level it wants. While a module is initialised that is not allowed.
pub(crate) fn refresh() {
    let level = match host().get_log_level() {
        // One that does not tell gets everything, and chooses itself.
        Ok(0) | Err(_) => LevelFilter::Trace,
        Ok(1) => LevelFilter::Debug,
        Ok(2) => LevelFilter::Info,
        Ok(3) => LevelFilter::Warn,
        Ok(4) => LevelFilter::Error,
        Ok(_) => LevelFilter::Off,
    };
    let vm = vm::current();
    vm.log.level.set(Some(level));
    vm.log.statements.set(0);
}

/// Whether the proxy wants lines of this level.
fn wants(level: Level) -> bool {
    let memory = &vm::current().log;
    if memory.level.get().is_some() {
        let statements = memory.statements.get() + 1;
        memory.statements.set(statements);
        if statements >= REFRESH {
            refresh();
        }
    }
    memory.level.get().is_none_or(|wanted| level <= wanted)
}

fn write(level: Level, line: &str) {
    let level = match level {
        Level::Trace => LogLevel::Trace,
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    };
    // A log that cannot be written has nowhere to be reported.
    let _ = host().log(level, line.as_bytes());
}

impl Log for ProxyLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        wants(metadata.level())
    }

    fn log(&self, record: &Record<'_>) {
        if !wants(record.level()) {
            return;
        }
        #[cfg_attr(not(feature = "kv"), expect(unused_mut, reason = "key-values follow the text"))]
        let mut line = Line::of(*record.args());
        // Neither the visitor nor the line fails.
        #[cfg(feature = "kv")]
        let _ = record.key_values().visit(&mut line);
        write(record.level(), &line.finish());
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests;
