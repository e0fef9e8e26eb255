//! What Envoy writes to its log: shown as it comes, and what it said last kept for errors.

use std::collections::VecDeque;
use std::io::BufRead;

/// How Envoy writes a line, which is how this project's proxy does: time, thread, level, logger, text.
pub(super) const FORMAT: &str = "[%Y-%m-%d %T.%e][%t][%l][%n] %v";
/// Most lines that are kept.
const KEPT: usize = 8;
/// What Envoy says at each start of one that is tried out, and what nobody has to do anything about there.
const USUAL: &str = "no configured limit to the number of allowed active downstream connections";

/// The newest lines of a log.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Texts of errors.
    errors: VecDeque<String>,
    /// Lines that are not in Envoy's format, such as those of its command line.
    others: VecDeque<String>,
}

impl Log {
    /// Reads a log to its end and shows each line.
    pub(super) fn read(input: impl BufRead, show: impl Fn(&str)) -> Self {
        let mut log = Self::default();
        let mut input = input;
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            if !text.contains(USUAL) {
                show(&text);
                log.keep(text.trim_end());
            }
            line.clear();
        }
        log
    }

    fn keep(&mut self, line: &str) {
        let lines = match parts(line) {
            Some(("error" | "critical", text)) => {
                self.errors.push_back(text.to_owned());
                &mut self.errors
            }
            Some(_) => return,
            None => {
                self.others.push_back(line.to_owned());
                &mut self.others
            }
        };
        if lines.len() > KEPT {
            lines.pop_front();
        }
    }

    /// Why Envoy has ended, as far as it said: the cause first.
    pub(super) fn reasons(self) -> Vec<String> {
        let lines = if self.errors.is_empty() { self.others } else { self.errors };
        let mut reasons: Vec<String> = Vec::new();
        for line in lines.iter().rev() {
            let reason = reason_of(line).trim();
            if !reason.is_empty() && !reasons.iter().any(|known| known.contains(reason)) {
                reasons.push(reason.to_owned());
            }
        }
        reasons
    }
}

/// What a line says without the bootstrap that it names, which nobody has written.
fn reason_of(line: &str) -> &str {
    let told = |begin: &str, between: &str| line.strip_prefix(begin)?.split_once(between);
    let old = told("error initializing configuration '", "': ").map(|(_, reason)| reason);
    let new = told("error `", "` initializing config '").map(|(reason, _)| reason);
    old.or(new).unwrap_or(line)
}

/// Level and text of a line in [`FORMAT`].
fn parts(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix('[')?;
    let (_time, rest) = rest.split_once("][")?;
    let (_thread, rest) = rest.split_once("][")?;
    let (level, rest) = rest.split_once("][")?;
    let (_logger, text) = rest.split_once("] ")?;
    Some((level, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_comes_first_and_the_usual_is_not_shown() {
        let text = "\
[2026-01-01 00:00:00.000][7][warning][main] there is no configured limit to the number of allowed active downstream connections.
[2026-01-01 00:00:00.000][7][info][wasm] wasm log hello: starts
[2026-01-01 00:00:00.000][7][error][wasm] Wasm VM failed to load
[2026-01-01 00:00:00.000][7][critical][main] error initializing configuration '/some/file': no such thing
no such thing
";
        let shown = std::cell::RefCell::new(String::new());
        let log = Log::read(text.as_bytes(), |line| shown.borrow_mut().push_str(line));
        assert!(!shown.borrow().contains("limit") && shown.borrow().contains("hello: starts"));
        assert_eq!(log.reasons(), ["no such thing", "Wasm VM failed to load"]);
        assert_eq!(reason_of("error `no port` initializing config 'goo.gle/debug"), "no port");
    }

    #[test]
    fn without_errors_the_last_words_are_the_reason() {
        let log = Log::read("PARSE ERROR\nunknown option\n".as_bytes(), |_| {});
        assert_eq!(log.reasons(), ["unknown option", "PARSE ERROR"]);
    }
}
