//! What happened in a simulation, in order: callbacks, callouts, log lines, traps.

use super::calls::{self, Call};
use super::clock::VirtualClock;
use super::meter::{Meter, Stopwatch};
use super::shared::lock;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::guest::{Callback, Guest, Trap};
use mesh_filter_runtime::host::{LogRecord, LogSink, SharedHost, Trace};
use std::collections::VecDeque;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Most events of the timeline that are kept; only the newest ones are ever shown.
const MAX_EVENTS: usize = 20_000;

/// The record of a simulation.
#[derive(Debug)]
pub(crate) struct Journal {
    clock: Arc<VirtualClock>,
    pages: Mutex<Pages>,
    /// Callbacks are kept with their bodies.
    keeps_calls: AtomicBool,
    pub(crate) meter: Meter,
}

#[derive(Debug, Default)]
struct Pages {
    timeline: VecDeque<(Duration, String)>,
    /// Events of the timeline that are not kept any more.
    forgotten: usize,
    logs: Vec<LogLine>,
    traps: Vec<(&'static str, Trap)>,
    calls: Vec<Call>,
}

/// A line that a plugin has logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Level.
    pub level: LogLevel,
    /// Text without the prefix that proxies add.
    pub message: String,
}

/// A position in a journal: what is older belongs to an earlier step.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    timeline: usize,
    logs: usize,
    traps: usize,
    calls: usize,
}

impl Journal {
    pub(crate) fn new(clock: Arc<VirtualClock>) -> Self {
        Self { clock, pages: Mutex::default(), keeps_calls: AtomicBool::new(false), meter: Meter::default() }
    }

    /// The current end.
    pub(crate) fn mark(&self) -> Mark {
        let pages = lock(&self.pages);
        let timeline = pages.forgotten + pages.timeline.len();
        Mark { timeline, logs: pages.logs.len(), traps: pages.traps.len(), calls: pages.calls.len() }
    }

    pub(crate) fn note(&self, event: String) {
        let mut pages = lock(&self.pages);
        pages.timeline.push_back((self.clock.elapsed(), event));
        if pages.timeline.len() > MAX_EVENTS {
            pages.timeline.pop_front();
            pages.forgotten += 1;
        }
    }

    /// Takes down a line that a plugin has logged.
    pub(crate) fn line(&self, level: LogLevel, message: String) {
        self.note(format!("  log {}: {}", level.name(), message.replace('\n', " ")));
        lock(&self.pages).logs.push(LogLine { level, message });
    }

    /// Takes a trap down, which happened in this callback.
    #[cfg(feature = "envoy")]
    pub(crate) fn trap(&self, callback: &'static str, trap: Trap) {
        lock(&self.pages).traps.push((callback, trap));
    }

    /// Log lines since then.
    pub(crate) fn logs(&self, since: Mark) -> Vec<LogLine> {
        lock(&self.pages).logs.iter().skip(since.logs).cloned().collect()
    }

    /// Traps since then, with the callbacks in which they happened.
    pub(crate) fn traps(&self, since: Mark) -> Vec<(&'static str, Trap)> {
        lock(&self.pages).traps.iter().skip(since.traps).cloned().collect()
    }

    /// From now on callbacks are kept with their bodies.
    pub(crate) fn keep_calls(&self) {
        self.keeps_calls.store(true, Ordering::Relaxed);
    }

    fn keeps_calls(&self) -> bool {
        self.keeps_calls.load(Ordering::Relaxed)
    }

    /// Callbacks since then, where they are kept.
    pub(crate) fn calls(&self, since: Mark) -> Vec<Call> {
        lock(&self.pages).calls.iter().skip(since.calls).cloned().collect()
    }

    /// One line for each event since then, with the time since its first.
    pub(crate) fn timeline(&self, since: Mark) -> Vec<String> {
        let pages = lock(&self.pages);
        let mut events =
            pages.timeline.iter().skip(since.timeline.saturating_sub(pages.forgotten)).peekable();
        let start = events.peek().map_or(Duration::ZERO, |(at, _)| *at);
        events.map(|(at, event)| format!("+{:<8} {event}", span(at.saturating_sub(start)))).collect()
    }
}

/// A duration as scenario files write it, in its largest fitting unit.
fn span(duration: Duration) -> String {
    match duration.as_nanos() {
        0 => "0ms".to_owned(),
        nanos if nanos % 1_000_000_000 == 0 => format!("{}s", nanos / 1_000_000_000),
        nanos if nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => format!("{}us", nanos / 1_000),
        nanos => format!("{nanos}ns"),
    }
}

/// The journal in the hands of one worker.
#[derive(Debug)]
pub(crate) struct Diary {
    pub(crate) journal: Arc<Journal>,
    /// Which worker writes, where there are several.
    pub(crate) worker: Option<usize>,
}

impl Deref for Diary {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.journal
    }
}

impl Diary {
    pub(crate) fn note(&self, event: String) {
        match self.worker {
            Some(worker) => self.journal.note(format!("{worker}: {event}")),
            None => self.journal.note(event),
        }
    }
}

impl LogSink for Diary {
    fn level(&self) -> LogLevel {
        LogLevel::Trace
    }

    fn record(&self, record: &LogRecord<'_>) {
        self.line(record.level, record.message.to_owned());
    }
}

impl Trace for Diary {
    fn hostcall(&self, line: String) {
        self.note(format!("  {line}"));
    }
}

/// A guest whose callbacks are written down.
pub(crate) struct Watched {
    guest: Box<dyn Guest>,
    host: SharedHost,
    diary: Rc<Diary>,
    /// The plugin's name.
    filter: Arc<str>,
    number: usize,
}

impl Watched {
    /// The guest of a plugin of this name.
    pub(crate) fn new(filter: &str, guest: Box<dyn Guest>, host: SharedHost, diary: Rc<Diary>) -> Self {
        let number = diary.journal.meter.number();
        Self { guest, host, diary, filter: filter.into(), number }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.diary.journal.meter.remove(self.number);
    }
}

impl Guest for Watched {
    fn call(&mut self, callback: Callback) -> Result<Option<u32>, Box<Trap>> {
        self.diary.note(describe(callback));
        let body = || self.diary.journal.keeps_calls().then(|| calls::body(&self.host, callback)).flatten();
        let body_before = body();
        let before = self.guest.usage();
        let clock = Stopwatch::start();
        let answer = self.guest.call(callback);
        let cpu = clock.elapsed();
        if self.diary.journal.keeps_calls() {
            let answer = answer.as_ref().ok().copied().flatten();
            let body = body_before.zip(body());
            let filter = Arc::clone(&self.filter);
            lock(&self.diary.journal.pages).calls.push(Call { filter, callback, answer, body });
        }
        let used = before.zip(self.guest.usage()).map(|(before, after)| {
            self.diary.journal.meter.add(self.number, callback.export(), before, after, cpu);
            let (fuel, hostcalls) = (after.fuel - before.fuel, after.hostcalls - before.hostcalls);
            format!("fuel {fuel}, {hostcalls} hostcalls")
        });
        match &answer {
            Ok(Some(number)) => match (meaning(callback, *number), used) {
                (Some(answer), Some(used)) => self.diary.note(format!("  -> {answer} ({used})")),
                (Some(answer), None) => self.diary.note(format!("  -> {answer}")),
                (None, Some(used)) => self.diary.note(format!("  -> done ({used})")),
                (None, None) => {}
            },
            Ok(None) => self.diary.note("  -> not exported".to_owned()),
            Err(trap) => {
                // The frames stand beside the problem.
                let text = trap.to_string();
                self.diary.note(format!("  -> {}", text.lines().next().unwrap_or_default()));
                lock(&self.diary.journal.pages).traps.push((callback.export(), Trap::clone(trap)));
            }
        }
        answer
    }
}

fn describe(callback: Callback) -> String {
    let name = callback.export().trim_start_matches("proxy_");
    let end = |end: bool| if end { ", end of stream" } else { "" };
    match callback {
        Callback::RequestHeaders { end_of_stream, count, .. }
        | Callback::ResponseHeaders { end_of_stream, count, .. } => {
            format!("{name} ({count} headers{})", end(end_of_stream))
        }
        Callback::RequestBody { end_of_stream, size, .. }
        | Callback::ResponseBody { end_of_stream, size, .. } => {
            format!("{name} ({size} bytes{})", end(end_of_stream))
        }
        Callback::HttpCallResponse { headers, body_size, .. } => {
            format!("{name} ({headers} headers, {body_size} bytes)")
        }
        _ => name.to_owned(),
    }
}

fn meaning(callback: Callback, answer: u32) -> Option<&'static str> {
    match (callback, answer) {
        (Callback::RequestHeaders { .. } | Callback::ResponseHeaders { .. }, 0)
        | (Callback::RequestBody { .. } | Callback::ResponseBody { .. }, 0)
        | (Callback::RequestTrailers { .. } | Callback::ResponseTrailers { .. }, 0) => Some("continue"),
        (Callback::RequestHeaders { .. } | Callback::ResponseHeaders { .. }, _)
        | (Callback::RequestBody { .. } | Callback::ResponseBody { .. }, _)
        | (Callback::RequestTrailers { .. } | Callback::ResponseTrailers { .. }, _) => Some("pause"),
        (Callback::VmStart { .. } | Callback::Configure { .. }, 0) => Some("false"),
        _ => None,
    }
}
