//! Envoy's log: the lines of plugins, what the host and they called, and traps.

use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::abi::table::EXPORTS;

/// How Envoy shall write its log: thread, logger and level, then the text, which may have several lines.
pub(super) const FORMAT: &str = "[mesh-filter][%t][%n][%l] %v";
const START: &str = "[mesh-filter][";

/// What hostcalls answer where Envoy does not know the cluster. Those of gRPC know two forms of targets.
const UNKNOWN: [(&str, &[&str]); 3] =
    [("proxy_http_call", &["2"]), ("proxy_grpc_call", &["4", "10"]), ("proxy_grpc_stream", &["4", "10"])];

/// Something that the log tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A plugin logged a line.
    Line(LogLevel, String),
    /// A callback begins, or a hostcall, or one of them has ended.
    Call(String),
    /// The plugin called out to a cluster that Envoy does not know, and got this status.
    UnknownCluster(String),
    /// A callback trapped.
    Trap(&'static str, String),
}

/// Reads the log piece by piece.
#[derive(Debug, Default)]
pub(super) struct Reader {
    rest: String,
    /// The VM whose lines count, by its id.
    pub(super) vm: String,
}

/// The thread that wrote a line.
pub(super) fn thread_of(line: &str) -> Option<&str> {
    line.strip_prefix(START)?.split_once(']').map(|(thread, _)| thread)
}

impl Reader {
    /// What this piece tells, and who; `who` knows the threads that count.
    pub(super) fn read<T>(&mut self, bytes: &[u8], who: impl Fn(&str) -> Option<T>) -> Vec<(T, Event)> {
        self.rest.push_str(&String::from_utf8_lossy(bytes));
        let text = std::mem::take(&mut self.rest);
        let complete = text.rfind('\n').map_or(0, |at| at + 1);
        let (text, rest) = text.split_at_checked(complete).unwrap_or_default();
        rest.clone_into(&mut self.rest);
        let mut entries: Vec<String> = Vec::new();
        for line in text.lines() {
            match entries.last_mut() {
                // A message with line breaks.
                Some(entry) if !line.starts_with(START) => {
                    entry.push('\n');
                    entry.push_str(line);
                }
                _ => entries.push(line.to_owned()),
            }
        }
        let event = |entry: &String| Some((thread_of(entry).and_then(&who)?, self.event(entry)?));
        entries.iter().filter_map(event).collect()
    }

    fn event(&self, entry: &str) -> Option<Event> {
        let mut parts = entry.strip_prefix(START)?.splitn(3, "][").skip(1);
        let (logger, rest) = (parts.next()?, parts.next()?);
        let (level, text) = rest.split_once("] ")?;
        if logger != "wasm" {
            return None;
        }
        if let Some(said) = text.strip_prefix("wasm log") {
            // Before the message stand name, root id and VM id, as far as there are any.
            let (before, message) = said.split_once(&format!(" {}:", self.vm))?;
            let of_ids = !before.contains('\n');
            let message = message.strip_prefix(' ').unwrap_or(message);
            return of_ids.then_some(Event::Line(self::level(level)?, message.to_owned()));
        }
        if let Some(failure) = text.strip_prefix("Function: ") {
            let (callback, reason) = failure.split_once(" failed: ")?;
            let callback = EXPORTS.iter().find(|export| export.name == callback)?.name;
            return Some(Event::Trap(callback, reason.trim_end().to_owned()));
        }
        Self::call(text)
    }

    fn call(text: &str) -> Option<Event> {
        if let Some(call) = text.strip_prefix("[vm->host] ") {
            return Some(Event::Call(format!("  {}", call.trim_start_matches("env."))));
        }
        if let Some(answer) = text.strip_prefix("[vm<-host] ") {
            let (call, status) = answer.rsplit_once(" return: ").unwrap_or(("", answer));
            let unknown = UNKNOWN.iter().any(|(name, statuses)| {
                call.trim_start_matches("env.") == *name && statuses.contains(&status)
            });
            return Some(if unknown {
                Event::UnknownCluster(status.to_owned())
            } else {
                Event::Call(format!("    -> {status}"))
            });
        }
        if let Some(call) = text.strip_prefix("[host->vm] ") {
            return Some(Event::Call(call.trim_start_matches("proxy_").to_owned()));
        }
        let answer = text.strip_prefix("[host<-vm] ")?;
        let (_, answer) = answer.rsplit_once(" return: ")?;
        (answer != "void").then(|| Event::Call(format!("  -> {answer}")))
    }
}

fn level(name: &str) -> Option<LogLevel> {
    let levels = [
        ("trace", LogLevel::Trace),
        ("debug", LogLevel::Debug),
        ("info", LogLevel::Info),
        ("warning", LogLevel::Warn),
        ("error", LogLevel::Error),
        ("critical", LogLevel::Critical),
    ];
    levels.into_iter().find(|(level, _)| *level == name).map(|(_, level)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_calls_and_traps_of_the_worker_are_read() {
        let log = "[mesh-filter][7][main][info] starting\n\
            [mesh-filter][9][wasm][warning] wasm log filter root vm#1: it is: so\nand so\n\
            [mesh-filter][7][wasm][info] wasm log vm#1: of the main thread\n\
            [mesh-filter][9][wasm][info] wasm log filter vm#0: of the VM before\n\
            [mesh-filter][9][wasm][trace] [host->vm] proxy_on_request_headers(2, 5, 1)\n\
            [mesh-filter][9][wasm][trace] [vm->host] env.proxy_http_call(1, 2)\n\
            [mesh-filter][9][wasm][trace] [vm<-host] env.proxy_http_call return: 2\n\
            [mesh-filter][9][wasm][error] Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable\n";
        let mut reader = Reader { vm: "vm#1".to_owned(), ..Reader::default() };
        let (first, second) = log.as_bytes().split_at(60);
        let who = |thread: &str| (thread == "9").then_some(1);
        let mut events = reader.read(first, who);
        events.extend(reader.read(second, who));
        let expected = [
            Event::Line(LogLevel::Warn, "it is: so\nand so".to_owned()),
            Event::Call("on_request_headers(2, 5, 1)".to_owned()),
            Event::Call("  proxy_http_call(1, 2)".to_owned()),
            Event::UnknownCluster("2".to_owned()),
            Event::Trap("proxy_on_request_headers", "Uncaught RuntimeError: unreachable".to_owned()),
        ];
        assert_eq!(events, expected.map(|event| (1, event)));
        assert_eq!(thread_of("[mesh-filter][7][main][info] starting"), Some("7"));
    }
}
