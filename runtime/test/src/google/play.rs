//! Plays tests: a fresh VM for each, one stream, its phases one after the other.

use super::check;
use super::driver::{Driver, Outcome, Record, Setup, Stop};
use super::expectation::Expectation;
use super::suite::{Chunks, Invocation, Phase, Suite, Test};
use crate::matcher::shown;
use crate::report::{CaseReport, Failure, Problem, Report, timeline};
use crate::sim::{Diary, LogLine, Mark};
use crate::world::World;
use bytes::Bytes;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::headers::Headers;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

/// A test that has been played.
#[derive(Debug)]
#[non_exhaustive]
pub struct Played {
    /// How it ended.
    pub report: CaseReport,
    /// What the plugin has logged, a line each: what `env.log_path` asks for.
    pub log: String,
}

/// What the tests of a file have logged, in the order of the file whichever ends first.
#[derive(Debug, Default)]
pub struct Logs(Mutex<BTreeMap<usize, String>>);

impl Logs {
    pub(crate) fn keep(&self, index: usize, log: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(index, log);
    }

    /// All lines.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(String::as_str).collect()
    }
}

/// What a test is played with.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The plugin.
    pub world: &'a World,
    /// Its configuration.
    pub configuration: &'a [u8],
    /// The options by which the command that plays it again names the plugin; may be empty.
    pub options: &'a str,
}

impl Suite {
    /// Plays all tests.
    #[must_use]
    pub fn run(&self, subject: Subject<'_>) -> Report {
        let cases = (0..self.tests.len()).filter_map(|index| self.play(index, subject));
        Report { cases: cases.map(|played| played.report).collect(), ..Report::default() }
    }

    /// Plays the test with this index; `None` where there is none.
    #[must_use]
    pub fn play(&self, index: usize, subject: Subject<'_>) -> Option<Played> {
        let test = self.tests.get(index)?;
        let first = Play::new(self, test, subject).run(Record::Callbacks);
        // Hostcalls are written down where somebody reads them.
        let shown = if first.problems.is_empty() {
            first
        } else {
            Play::new(self, test, subject).run(Record::Hostcalls)
        };
        let failure = (!shown.problems.is_empty()).then(|| Failure {
            problems: shown.problems,
            seen: shown.seen,
            rerun: rerun(&self.file, &test.name, subject),
        });
        let report = CaseReport {
            file: self.file.clone(),
            line: test.place.line(),
            name: test.name.clone(),
            world: subject.world.name().to_owned(),
            failure,
            not_portable: None,
            record: None,
        };
        let lines = shown.logs.iter().map(|line| format!("{}: {}\n", line.level.name(), line.message));
        Some(Played { report, log: lines.collect() })
    }
}

/// The command that plays one test alone.
fn rerun(file: &str, name: &str, subject: Subject<'_>) -> String {
    let name = name.replace('\'', "'\\''");
    let command = format!("cargo mesh-filter test {file} --filter '{name}'");
    if subject.options.is_empty() { command } else { format!("{command} {}", subject.options) }
}

/// One run of a test.
struct Play<'a> {
    suite: &'a Suite,
    test: &'a Test,
    subject: Subject<'a>,
    journal: Rc<Diary>,
    problems: Vec<Problem>,
    seen: Vec<String>,
}

/// What a run has given.
struct Ran {
    problems: Vec<Problem>,
    seen: Vec<String>,
    logs: Vec<LogLine>,
}

impl<'a> Play<'a> {
    fn new(suite: &'a Suite, test: &'a Test, subject: Subject<'a>) -> Self {
        let journal = Driver::journal(suite.env.time);
        Self { suite, test, subject, journal, problems: Vec::new(), seen: Vec::new() }
    }

    fn run(mut self, record: Record) -> Ran {
        if let Err((stop, phase, place)) = self.phases(record) {
            self.problems.insert(0, Problem::at(&place, stop.describe(phase)));
        }
        if !self.problems.is_empty() {
            self.seen.extend(timeline(self.journal.timeline(Mark::default())));
        }
        Ran { problems: self.problems, seen: self.seen, logs: self.journal.logs(Mark::default()) }
    }

    fn phases(
        &mut self,
        record: Record,
    ) -> Result<(), (Stop, &'static str, mesh_filter_runtime::document::Place)> {
        let test = self.test;
        let stopped = |phase: &'static str| move |stop| (stop, phase, test.place.clone());
        let setup = setup(self.suite, test, self.subject, self.suite.env.log_level, record);
        let mut driver = Driver::start(self.subject.world, setup, Rc::clone(&self.journal))
            .map_err(stopped("plugin_init"))?;
        self.log(&driver, "plugin_init", Mark::default(), &test.plugin_init);
        let begin = driver.mark();
        let stream = driver.open().map_err(stopped("stream_init"))?;
        self.log(&driver, "stream_init", begin, &test.stream_init);
        for invocation in &test.phases {
            let begin = driver.mark();
            let known = self.problems.len();
            let outcome = play(&mut driver, &stream, invocation, test.chunks)
                .map_err(|stop| (stop, invocation.phase.name(), invocation.place.clone()))?;
            check::phase(
                invocation.phase,
                &invocation.place,
                &invocation.result,
                &outcome,
                &mut self.problems,
            );
            self.log(&driver, invocation.phase.name(), begin, &invocation.result);
            if self.problems.len() > known {
                self.seen.extend(seen(invocation, &outcome));
            }
        }
        let begin = driver.mark();
        driver.destroy(&stream).map_err(stopped("stream_destroy"))?;
        self.log(&driver, "stream_destroy", begin, &test.stream_destroy);
        driver.shut_down().map_err(stopped("plugin shutdown"))
    }

    fn log(&mut self, driver: &Driver, phase: &str, since: Mark, expected: &Expectation) {
        check::log(phase, expected, &driver.logs(since), &mut self.problems);
    }
}

/// How the plugin of a test is set up.
pub(super) fn setup<'a>(
    suite: &Suite,
    test: &Test,
    subject: Subject<'a>,
    log_level: LogLevel,
    record: Record,
) -> Setup<'a> {
    let property = |(path, value): &(String, Vec<u8>)| (path.clone(), Bytes::from(value.clone()));
    Setup {
        configuration: subject.configuration,
        time: suite.env.time,
        log_level,
        properties: test.properties.iter().map(property).collect(),
        record,
    }
}

/// Plays one phase; a body that is cut is several callbacks, whose outputs are joined.
pub(super) fn play(
    driver: &mut Driver,
    stream: &super::driver::Stream,
    invocation: &Invocation,
    chunks: Option<Chunks>,
) -> Result<Outcome, Stop> {
    let side = invocation.phase.side();
    if let Phase::Headers(_) = invocation.phase {
        let mut headers = Headers::folded();
        for (name, value) in &invocation.input.headers {
            headers.append(name.clone().into(), value.clone().into());
        }
        return driver.headers(stream, side, headers);
    }
    let chunks = cut(&invocation.input.body, chunks);
    let last = chunks.len();
    let mut whole = Outcome::default();
    let mut body = Vec::new();
    for (index, chunk) in chunks.into_iter().enumerate() {
        let end = invocation.last && index + 1 == last;
        let outcome = driver.body(stream, side, chunk, end)?;
        body.extend_from_slice(&outcome.body);
        whole.paused = outcome.paused;
        if outcome.reply.is_some() {
            // Nothing follows what has been answered.
            whole.reply = outcome.reply;
            break;
        }
    }
    Ok(Outcome { body: body.into(), ..whole })
}

/// The chunks of a body: never none.
pub(super) fn cut(body: &[u8], chunks: Option<Chunks>) -> Vec<Bytes> {
    let body = Bytes::copy_from_slice(body);
    match chunks {
        None => vec![body],
        Some(Chunks::Size(size)) => {
            let starts = (0..body.len().max(1)).step_by(size.max(1));
            starts.map(|at| body.slice(at..at.saturating_add(size).min(body.len()))).collect()
        }
        Some(Chunks::Number(number)) => {
            let number = number.max(1);
            let (size, rest) = (body.len() / number, body.len() % number);
            let mut left = body;
            // The first ones are longer by one where it does not come out even.
            (0..number).map(|index| left.split_to(size + usize::from(index < rest))).collect()
        }
    }
}

/// What went into a phase and came out of it.
fn seen(invocation: &Invocation, outcome: &Outcome) -> Vec<String> {
    let answer = if outcome.paused { "paused" } else { "answered continue" };
    let mut lines = vec![format!("{}: the plugin {answer}", invocation.phase.name())];
    if let Some(reply) = &outcome.reply {
        let grpc = reply.grpc_status.map_or(-1, i64::from);
        lines.push(format!(
            "  immediate response {}, grpc_status {grpc}, details {}",
            reply.status,
            shown(reply.details.as_bytes())
        ));
    }
    let (headers, body) = check::given(outcome);
    for (name, value) in headers.iter() {
        lines.push(format!("  {}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
    }
    if !body.is_empty() {
        lines.push(format!("  body {}", shown(&body)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_cut_by_number_and_by_size() {
        let parts = |body: &str, chunks| {
            let chunks = cut(body.as_bytes(), Some(chunks)).into_iter();
            chunks.map(|chunk| String::from_utf8(chunk.to_vec()).unwrap()).collect::<Vec<_>>().join("|")
        };
        for (body, chunks, expected) in [
            ("abcde", Chunks::Number(1), "abcde"),
            ("abcde", Chunks::Number(2), "abc|de"),
            ("ab", Chunks::Number(3), "a|b|"),
            ("", Chunks::Number(2), "|"),
            ("abcde", Chunks::Size(2), "ab|cd|e"),
            ("abcd", Chunks::Size(2), "ab|cd"),
            ("ab", Chunks::Size(9), "ab"),
            ("", Chunks::Size(2), ""),
        ] {
            assert_eq!(parts(body, chunks), expected, "{body} {chunks:?}");
        }
    }
}
