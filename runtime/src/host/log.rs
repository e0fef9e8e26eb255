//! Log lines of plugins, with the prefix that Envoy gives them.

use super::Host;
use crate::abi::LogLevel;
use std::fmt;

/// Where log lines of plugins go.
pub trait LogSink {
    /// The least level that is wanted.
    fn level(&self) -> LogLevel;
    /// Takes a line of at least that level.
    fn record(&self, record: &LogRecord<'_>);
}

/// One line.
#[derive(Debug)]
pub struct LogRecord<'a> {
    /// Level.
    pub level: LogLevel,
    /// Plugin name; absent in callbacks of the root context, as in Envoy.
    pub name: Option<&'a str>,
    /// `root_id` of the plugin.
    pub root_id: &'a str,
    /// `vm_id` of its VM.
    pub vm_id: &'a str,
    /// Text, as the guest sent it.
    pub message: &'a str,
}

impl fmt::Display for LogRecord<'_> {
    /// Envoy's form: `wasm log[ name][ root_id][ vm_id]: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm log")?;
        for part in [self.name.unwrap_or_default(), self.root_id, self.vm_id] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}

impl Host {
    /// Logs a line of the current context, cut where it is longer than the quota.
    pub fn log(&self, level: LogLevel, message: &[u8]) {
        if level < self.services.log.level() {
            return;
        }
        let shown = message.get(..self.services.quotas.log_line).unwrap_or(message);
        let message = String::from_utf8_lossy(shown);
        let plugin = self.plugin_of(self.effective);
        self.services.log.record(&LogRecord {
            level,
            name: plugin
                .filter(|_| self.streams.contains_key(&self.effective))
                .map(|plugin| plugin.name.as_str()),
            root_id: plugin.map_or("", |plugin| plugin.root_id.as_str()),
            vm_id: &self.vm.id,
            message: &message,
        });
    }

    /// The level below which nothing is logged.
    #[must_use]
    pub fn log_level(&self) -> LogLevel {
        self.services.log.level()
    }

    /// Logs, once per VM, that a function is not there yet.
    pub fn log_missing(&mut self, function: &'static str) {
        if self.reported_missing.insert(function) {
            let message = format!("`{function}` is not supported by this host; it answers InternalFailure");
            self.log(LogLevel::Warn, message.as_bytes());
        }
    }

    /// Tells the proxy's own log, once per VM, that a function is not among what the plugin may call.
    pub fn log_restricted(&mut self, function: &'static str) {
        if self.reported_missing.insert(function) {
            let plugin = self.plugin_of(self.effective).map_or("", |plugin| plugin.name.as_str());
            tracing::error!(
                plugin,
                "`{function}` was called, which the plugin's capabilities do not include"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_of_the_prefix_are_left_out() {
        let record =
            LogRecord { level: LogLevel::Info, name: Some("n"), root_id: "", vm_id: "v", message: "hello" };
        assert_eq!(record.to_string(), "wasm log n v: hello");
    }
}
