//! The only place that prints.
//!
//! Data goes to standard output, everything that accompanies it to standard error: a pipe
//! receives data alone. Colour appears on a terminal only, and never under `NO_COLOR`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::failure::Failure;

/// In which form a command gives its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Where a command's words go.
#[derive(Debug)]
pub(crate) struct Output {
    quiet: bool,
    colour: bool,
    /// Lines on standard error may be written again.
    live: bool,
}

/// Width of the verb column, as in cargo's own progress lines.
const VERB_WIDTH: usize = 12;
/// Most characters of a live line after its verb: a line that wraps could not be written again.
const LIVE_WIDTH: usize = 64;

impl Output {
    /// Output for this process.
    pub(crate) fn new(quiet: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let live = !quiet && !dumb && std::io::stderr().is_terminal();
        Self { quiet, colour: wanted && !dumb && std::io::stderr().is_terminal(), live }
    }

    /// Whether progress is hidden.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Data, as text.
    pub(crate) fn data(&self, text: &str) {
        // A reader that has gone away, as `head` does, is not an error of ours.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Data, as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> crate::failure::Result<()> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::failed("the result has no JSON form").because(&error))?;
        self.data(&(text + "\n"));
        Ok(())
    }

    /// A line of progress, in cargo's form.
    pub(crate) fn progress(&self, verb: &str, message: &str) {
        if !self.quiet {
            self.notice(&format!("{} {message}\n", self.paint("1;32", &format!("{verb:>VERB_WIDTH$}"))));
        }
    }

    /// Whether [`Self::live`] shows anything.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// A line of progress that takes the place of the one before; `None` takes it away.
    pub(crate) fn live(&self, line: Option<(&str, &str)>) {
        if self.live {
            let line = line.map(|(verb, message)| {
                let message: String = message.chars().filter(|c| !c.is_control()).take(LIVE_WIDTH).collect();
                format!("{} {message}", self.paint("1;36", &format!("{verb:>VERB_WIDTH$}")))
            });
            self.notice(&format!("\r\x1b[2K{}", line.unwrap_or_default()));
        }
    }

    /// Text that accompanies the data, as it is.
    pub(crate) fn aside(&self, text: &str) {
        self.notice(text);
    }

    /// Something to know, without being an error.
    pub(crate) fn warning(&self, message: &str) {
        self.notice(&format!("{}: {message}\n", self.paint("1;33", "warning")));
    }

    /// Why the command ends; gives its exit code.
    pub(crate) fn failure(&self, failure: &Failure) -> ExitCode {
        let mut text = format!("{}: {}\n", self.paint("1;31", "error"), failure.message);
        for cause in &failure.causes {
            text.push_str(&format!("  caused by: {cause}\n"));
        }
        if let Some(help) = &failure.help {
            text.push_str(&format!("{}: {help}\n", self.paint("1;36", "help")));
        }
        self.notice(&text);
        failure.exit.into()
    }

    /// Lets what libraries log appear on standard error.
    pub(crate) fn start_log(&self) {
        let level = if self.quiet { tracing::Level::WARN } else { tracing::Level::INFO };
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(self.colour);
        // It fails only where a log has been started already.
        let _ = log.with_target(false).with_max_level(level).try_init();
    }

    fn notice(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A number of bytes, for people.
pub(crate) fn bytes(count: usize) -> String {
    const KIB: usize = 1024;
    match count {
        0..=9_999 => format!("{count} B"),
        10_000..=9_999_999 => format!("{}.{} KiB", count / KIB, count % KIB * 10 / KIB),
        _ => format!("{}.{} MiB", count / KIB / KIB, count / KIB % KIB * 10 / KIB),
    }
}
