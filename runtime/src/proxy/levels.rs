//! Log levels that can be changed while the proxy runs, and where plugins' lines go.

use super::date::Civil;
use crate::abi::LogLevel;
use crate::host::{LogRecord, LogSink};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names of the loggers, as the admin page lists them.
pub(super) const LOGGERS: [&str; 8] =
    ["admin", "config", "connection", "http", "main", "router", "upstream", "wasm"];

/// The level of each logger.
#[derive(Debug)]
pub(super) struct Levels([AtomicU32; LOGGERS.len()]);

impl Default for Levels {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU32::new(LogLevel::Info.number())))
    }
}

impl Levels {
    /// The level of a logger; `None` for unknown names.
    pub(super) fn level(&self, logger: &str) -> Option<LogLevel> {
        let level = self.of(logger)?.load(Ordering::Relaxed);
        LogLevel::from_number(level)
    }

    /// Changes one logger; whether it is known.
    pub(super) fn set(&self, logger: &str, level: LogLevel) -> bool {
        let found = self.of(logger);
        if let Some(value) = found {
            value.store(level.number(), Ordering::Relaxed);
        }
        found.is_some()
    }

    /// Changes all loggers.
    pub(super) fn set_all(&self, level: LogLevel) {
        for value in &self.0 {
            value.store(level.number(), Ordering::Relaxed);
        }
    }

    fn of(&self, logger: &str) -> Option<&AtomicU32> {
        let index = LOGGERS.iter().position(|name| *name == logger)?;
        self.0.get(index)
    }
}

/// Writes plugins' lines to standard error in Envoy's form.
#[derive(Debug)]
pub(super) struct PluginLog {
    levels: Arc<Levels>,
    worker: usize,
}

impl PluginLog {
    pub(super) fn new(levels: Arc<Levels>, worker: usize) -> Self {
        Self { levels, worker }
    }
}

impl LogSink for PluginLog {
    fn level(&self) -> LogLevel {
        self.levels.level("wasm").unwrap_or(LogLevel::Info)
    }

    fn record(&self, record: &LogRecord<'_>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let Civil { year, month, day, hour, minute, second } = Civil::new(now.as_secs());
        let line = format!(
            "[{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{:03}][{}][{}][wasm] {record}\n",
            now.subsec_millis(),
            self.worker,
            record.level.name(),
        );
        // Where standard error is closed there is nobody to tell.
        let _written = io::stderr().lock().write_all(line.as_bytes());
    }
}
