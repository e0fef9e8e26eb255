//! Bridges the `log` facade to the proxy's log.

use crate::host::{LogLevel, host};
use log::{Level, LevelFilter, Log, Metadata, Record};

struct ProxyLog;

static PROXY_LOG: ProxyLog = ProxyLog;

/// Sends what `log`'s macros write to the proxy, on every level: the proxy knows which it wants.
///
/// Does nothing when the program has a logger already, which only native tests can have.
pub(crate) fn install() {
    if log::set_logger(&PROXY_LOG).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

/// Logs a panic before the VM traps, because a trap says nothing.
#[cfg(target_arch = "wasm32")]
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let _ = host().log(LogLevel::Critical, panic.to_string().as_bytes());
    }));
}

impl Log for ProxyLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let line = record.args().to_string();
        // A log that cannot be written has nowhere to be reported.
        let _ = host().log(level, line.as_bytes());
    }

    fn flush(&self) {}
}
