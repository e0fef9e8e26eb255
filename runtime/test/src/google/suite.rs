//! A test file as a whole: its environment and its tests.

use super::expectation::Expectation;
use super::fields::Fields;
use super::files::{self, Folder};
use super::input::{self, Input};
use super::tree::{Placed, Value};
use super::{textpb, yaml};
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::document::{Document, Error, Kind, MAX_BYTES, Place, Result};
use mesh_filter_runtime::exchange::Side;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The clock of tests that set none: a plugin in Go does not start at 0.
const DEFAULT_TIME: Duration = Duration::from_millis(1);
/// Latest time that a plugin can be told, in seconds.
const MAX_SECONDS: i64 = 18_446_744_072;
/// How many of the additional streams go on in each turn.
const DEFAULT_ADVANCE_RATE: u32 = 3;
/// Most streams, and most chunks of a body.
const MAX_COUNT: i64 = 1_000_000;

/// A test file that has been read and found well-formed.
#[derive(Debug)]
pub struct Suite {
    pub(super) file: String,
    pub(super) env: Env,
    pub(super) tests: Vec<Test>,
    notes: Vec<Error>,
}

/// What all tests of a file have in common.
#[derive(Debug)]
pub(super) struct Env {
    pub(super) wasm_path: Option<Placed<PathBuf>>,
    pub(super) config_path: Option<Placed<PathBuf>>,
    pub(super) log_level: LogLevel,
    pub(super) log_path: Option<PathBuf>,
    pub(super) time: Duration,
    pub(super) additional_streams: u32,
    pub(super) advance_rate: u32,
}

/// One test: a plugin, a stream, and the phases of it.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) benchmark: bool,
    pub(super) chunks: Option<Chunks>,
    pub(super) properties: Vec<(String, Vec<u8>)>,
    pub(super) plugin_init: Expectation,
    pub(super) stream_init: Expectation,
    /// In the order in which they are played.
    pub(super) phases: Vec<Invocation>,
    pub(super) stream_destroy: Expectation,
}

/// How a body is cut.
#[derive(Debug, Clone, Copy)]
pub(super) enum Chunks {
    Number(usize),
    Size(usize),
}

/// One phase: what the plugin gets, and what it is expected to make of it.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) place: Place,
    pub(super) phase: Phase,
    pub(super) input: Input,
    pub(super) result: Expectation,
    /// No body of this side follows.
    pub(super) last: bool,
}

/// The phases of an exchange that have tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Headers(Side),
    Body(Side),
}

impl Phase {
    /// The field that describes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Headers(Side::Request) => "request_headers",
            Self::Headers(Side::Response) => "response_headers",
            Self::Body(Side::Request) => "request_body",
            Self::Body(Side::Response) => "response_body",
        }
    }
}

/// Whether a file is one of these, and not a scenario file: by its name, or by what stands at its top.
#[must_use]
pub fn is_test_file(path: &Path, text: &str) -> bool {
    if is_textpb(path) {
        return true;
    }
    let Ok(document) = Document::parse(&path.display().to_string(), text) else { return false };
    let Kind::Mapping(entries) = document.root().kind() else { return false };
    let has = |name: &str| entries.iter().any(|entry| entry.key == name);
    (has("test") || has("env")) && !has("version") && !has("scenarios")
}

/// Whether a name is one that files in text format have.
#[must_use]
pub fn is_textpb(path: &Path) -> bool {
    let endings = ["textpb", "txtpb", "textproto", "pbtxt"];
    path.extension().is_some_and(|end| endings.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

/// Reads a test file, in text format or as YAML, and the files that it names, the plugin's aside; nothing runs yet.
///
/// # Errors
/// If the file cannot be read, or anything in it is not as the format says; tells where.
pub fn load(path: &Path) -> Result<Suite> {
    let name = path.display().to_string();
    let at_start = |problem: String| Error::new(&Place::start_of(&name), problem);
    let bytes = std::fs::read(path).map_err(|error| at_start(format!("cannot read the file: {error}")))?;
    if bytes.len() > MAX_BYTES {
        return Err(at_start(format!("the file has {} bytes, the limit is {MAX_BYTES}", bytes.len())));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| at_start(format!("the file is not UTF-8: {}", error.utf8_error())))?;
    parse(path, &text)
}

/// Reads the text of a test file that would stand at `path`.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<Suite> {
    let name = path.display().to_string();
    let root = if is_textpb(path) { textpb::parse(&name, text)? } else { yaml::parse(&name, text)? };
    let folder = Folder::of(path);
    let fields = root.message(&["env", "test"])?;
    let mut notes = Vec::new();
    let env = match fields.one("env")? {
        Some(value) => Env::read(value, &folder, &mut notes)?,
        None => Env::default(),
    };
    let mut tests = Vec::new();
    for test in fields.each("test", Ok)? {
        let number = tests.len() + 1;
        tests.push(Test::read(test, number, &folder, &mut notes)?);
    }
    if tests.is_empty() {
        return Err(root.error("no `test` stands here"));
    }
    Ok(Suite { file: name, env, tests, notes })
}

impl Suite {
    /// The file, as it was named to the reader.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The module that `env.wasm_path` names, relative to the working directory.
    #[must_use]
    pub fn module(&self) -> Option<&Path> {
        self.env.wasm_path.as_ref().map(|path| path.value.as_path())
    }

    /// The configuration that `env.config_path` names; empty without one.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn configuration(&self) -> Result<Vec<u8>> {
        self.env.config_path.as_ref().map_or_else(|| Ok(Vec::new()), files::read)
    }

    /// Where `env.log_path` says that log lines go.
    #[must_use]
    pub fn log_path(&self) -> Option<&Path> {
        self.env.log_path.as_deref()
    }

    /// The tests in order: name, which need not be unique, and line.
    pub fn cases(&self) -> impl Iterator<Item = (&str, usize)> {
        self.tests.iter().map(|test| (test.name.as_str(), test.place.line()))
    }

    /// The names of the tests that are benchmarks too.
    pub fn benchmarks(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().filter(|test| test.benchmark).map(|test| test.name.as_str())
    }

    /// What stands in the file and has no effect.
    #[must_use]
    pub fn notes(&self) -> &[Error] {
        &self.notes
    }
}

impl Default for Env {
    fn default() -> Self {
        Self {
            wasm_path: None,
            config_path: None,
            log_level: LogLevel::Info,
            log_path: None,
            time: DEFAULT_TIME,
            additional_streams: 0,
            advance_rate: DEFAULT_ADVANCE_RATE,
        }
    }
}

impl Env {
    fn read(value: &Value, folder: &Folder, notes: &mut Vec<Error>) -> Result<Self> {
        let fields = value.message(&[
            "test_path",
            "wasm_path",
            "config_path",
            "log_level",
            "log_path",
            "time_secs",
            "num_additional_streams",
            "additional_stream_advance_rate",
        ])?;
        if let Some(value) = fields.one("test_path")? {
            value.text()?;
            notes.push(value.error("`test_path` is the test file itself: what stands here has no effect"));
        }
        let path = |name: &str| fields.optional(name, |value| folder.path(value));
        let number = |name: &str, most: i64| fields.optional(name, |value| value.integer(0, most));
        let count = |name: &str| -> Result<Option<u32>> {
            Ok(number(name, MAX_COUNT)?.and_then(|count| u32::try_from(count).ok()))
        };
        let seconds = number("time_secs", MAX_SECONDS)?.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Self {
            wasm_path: path("wasm_path")?,
            config_path: path("config_path")?,
            log_level: fields.optional("log_level", log_level)?.unwrap_or(LogLevel::Info),
            log_path: path("log_path")?.map(|path| path.value),
            time: seconds.filter(|seconds| *seconds > 0).map_or(DEFAULT_TIME, Duration::from_secs),
            additional_streams: count("num_additional_streams")?.unwrap_or(0),
            advance_rate: count("additional_stream_advance_rate")?.unwrap_or(DEFAULT_ADVANCE_RATE),
        })
    }
}

fn log_level(value: &Value) -> Result<LogLevel> {
    let levels = ["UNDEFINED", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"];
    Ok(match value.choice(&levels)? {
        1 => LogLevel::Trace,
        2 => LogLevel::Debug,
        4 => LogLevel::Warn,
        5 => LogLevel::Error,
        6 => LogLevel::Critical,
        _ => LogLevel::Info,
    })
}

impl Test {
    fn read(value: &Value, number: usize, folder: &Folder, notes: &mut Vec<Error>) -> Result<Self> {
        let fields = value.message(&[
            "name",
            "benchmark",
            "num_chunks",
            "chunk_size",
            "properties",
            "plugin_init",
            "stream_init",
            "request_headers",
            "request_body",
            "response_headers",
            "response_body",
            "stream_destroy",
        ])?;
        let mut lifecycle = |name: &str| -> Result<Expectation> {
            let Some(value) = fields.one(name)? else { return Ok(Expectation::default()) };
            let (expectation, unread) = Expectation::read_log(value, folder)?;
            notes.extend(unread.into_iter().map(|(field, place)| {
                Error::new(&place, format!("of `{name}` only `log` is looked at: `{field}` has no effect"))
            }));
            Ok(expectation)
        };
        let (plugin_init, stream_init) = (lifecycle("plugin_init")?, lifecycle("stream_init")?);
        let stream_destroy = lifecycle("stream_destroy")?;
        let mut phases = Vec::new();
        for side in [Side::Request, Side::Response] {
            for phase in [Phase::Headers(side), Phase::Body(side)] {
                phases.extend(invocations(&fields, phase, folder, notes)?);
            }
        }
        Ok(Self {
            place: value.place.clone(),
            name: match fields.optional("name", Value::text)? {
                Some(name) if !name.is_empty() => name.to_owned(),
                _ => format!("test {number}"),
            },
            benchmark: fields.optional("benchmark", Value::bool)?.unwrap_or(false),
            chunks: chunks(&fields, &phases)?,
            properties: fields.each("properties", property)?,
            plugin_init,
            stream_init,
            phases,
            stream_destroy,
        })
    }
}

fn invocations(
    fields: &Fields<'_>,
    phase: Phase,
    folder: &Folder,
    notes: &mut Vec<Error>,
) -> Result<Vec<Invocation>> {
    let name = phase.name();
    let mut read = |value: &Value| {
        let fields = value.message(&["input", "result"])?;
        let input = fields.optional("input", |value| match phase {
            Phase::Headers(side) => input::headers(value, side, folder),
            Phase::Body(_) => input::body(value, folder),
        })?;
        let input = input.unwrap_or_default();
        if let Some(place) = &input.unread {
            notes.push(Error::new(place, format!("a body has no headers: this has no effect in `{name}`")));
        }
        let result = fields.optional("result", |value| Expectation::read(value, folder))?;
        Ok(Invocation {
            place: value.place.clone(),
            phase,
            input,
            result: result.unwrap_or_default(),
            last: false,
        })
    };
    let mut invocations = match phase {
        Phase::Headers(_) => fields.optional(name, read)?.into_iter().collect(),
        Phase::Body(_) => fields.each(name, &mut read)?,
    };
    if let Some(last) = invocations.last_mut() {
        last.last = true;
    }
    Ok(invocations)
}

fn chunks(fields: &Fields<'_>, phases: &[Invocation]) -> Result<Option<Chunks>> {
    let Some((name, value)) = fields.exclusive(&["num_chunks", "chunk_size"])? else { return Ok(None) };
    let count = usize::try_from(value.integer(1, MAX_COUNT)?).unwrap_or(usize::MAX);
    for side in [Side::Request, Side::Response] {
        let phase = Phase::Body(side);
        let bodies = phases.iter().filter(|invocation| invocation.phase == phase).count();
        if bodies > 1 {
            let problem =
                format!("`{name}` cuts a single body, but there are {bodies} of `{}`", phase.name());
            return Err(value.error(problem).with_help("leave out one of the two"));
        }
    }
    Ok(Some(if name == "num_chunks" { Chunks::Number(count) } else { Chunks::Size(count) }))
}

fn property(value: &Value) -> Result<(String, Vec<u8>)> {
    let fields = value.message(&["path", "value"])?;
    let path = fields.optional("path", Value::text)?.unwrap_or_default();
    if path.is_empty() {
        return Err(value.error("a property needs `path`"));
    }
    Ok((path.to_owned(), fields.optional("value", Value::bytes)?.unwrap_or_default().to_vec()))
}
