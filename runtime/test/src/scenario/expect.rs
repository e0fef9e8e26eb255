//! Expectations of a step as the file writes them, each with its place.

use super::budget::Budget;
use super::calls::{CallMatcher, calls};
use super::distribution::Distribution;
use super::earlier::{self, Comparison};
use super::files::Folder;
use super::grpc::{self, GrpcExpectation};
use super::matchers::{BodyMatcher, header, matcher};
use super::message::{REQUEST_PARTS, header_name};
use super::properties;
use crate::matcher::{HeaderMatcher, Matcher};
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::document::{Error, Fields, Kind, Node, Place, Result};

/// Something and where the file says it.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) place: Place,
    pub(crate) value: T,
}

/// What a step expects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expect {
    pub(crate) upstream: Option<Placed<Arrival>>,
    pub(crate) response: Option<Placed<Arrival>>,
    pub(crate) log: Vec<Placed<LogMatcher>>,
    pub(crate) metrics: Vec<(String, Placed<Matcher>)>,
    pub(crate) callouts: Vec<(String, Placed<Callouts>)>,
    /// How many exchanges of the step get which status.
    pub(crate) statuses: Option<Placed<Vec<(u16, usize)>>>,
    pub(crate) trap: Option<Placed<Matcher>>,
    /// Properties by path, of each exchange.
    pub(crate) set_properties: Vec<(String, Placed<Matcher>)>,
    /// Shared values by key, after the step.
    pub(crate) shared_data: Vec<(String, Placed<Matcher>)>,
    pub(crate) budget: Option<Placed<Budget>>,
    pub(crate) calls: Option<Placed<Vec<Placed<CallMatcher>>>>,
    pub(crate) distribution: Option<Placed<Distribution>>,
    /// With exchanges of earlier steps.
    pub(crate) comparisons: Vec<Placed<Comparison>>,
}

/// Whether and how a message arrives.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    /// It does not: the upstream is not called, the client sees a reset.
    Missing,
    /// It does, and looks like this.
    Message(Box<MessageMatcher>),
}

/// Conditions on a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct MessageMatcher {
    pub(crate) headers: Vec<HeaderExpectation>,
    pub(crate) body: Option<Placed<BodyMatcher>>,
    pub(crate) trailers: Vec<HeaderExpectation>,
    /// Of callouts only: that they are of gRPC, and how.
    pub(crate) grpc: Option<Box<Placed<GrpcExpectation>>>,
}

/// A condition on one header or trailer.
#[derive(Debug, Clone)]
pub(crate) struct HeaderExpectation {
    pub(crate) name: String,
    /// What messages call it.
    pub(crate) label: String,
    pub(crate) matcher: Placed<HeaderMatcher>,
}

/// A condition on log lines.
#[derive(Debug, Clone)]
pub(crate) struct LogMatcher {
    pub(crate) level: Option<LogLevel>,
    pub(crate) message: Option<Matcher>,
    /// How many lines; without it one or more.
    pub(crate) count: Option<usize>,
}

/// A condition on the callouts to one cluster.
#[derive(Debug, Clone)]
pub(crate) enum Callouts {
    Count(Matcher),
    /// Exactly these, in this order.
    Requests(Vec<MessageMatcher>),
}

const LEVELS: [(&str, LogLevel); 6] = [
    ("trace", LogLevel::Trace),
    ("debug", LogLevel::Debug),
    ("info", LogLevel::Info),
    ("warn", LogLevel::Warn),
    ("error", LogLevel::Error),
    ("critical", LogLevel::Critical),
];

/// What only steps with requests may expect.
const OF_REQUESTS: [&str; 8] =
    ["upstream", "response", "count", "set_properties", "distribution", "same_as", "field", "transitions"];

/// What all steps may expect.
const EFFECTS: [&str; 7] = ["log", "metrics", "callouts", "trap", "shared_data", "budget", "calls"];

/// Most of anything that a step counts.
const MAX_COUNT: u32 = 10_000_000;

impl Expect {
    /// Reads `expect` of a step with a request.
    pub(crate) fn of_request(node: &Node, folder: &Folder) -> Result<Self> {
        let mut known = OF_REQUESTS.to_vec();
        known.extend(EFFECTS);
        let fields = node.mapping(&known)?;
        let mut expect = Self::effects(&fields, folder)?;
        expect.upstream = fields
            .optional("upstream", |node| arrival(node, folder, &REQUEST_PARTS, "not_called", "called"))?;
        expect.response = fields.optional("response", |node| {
            arrival(node, folder, &[("status", ":status")], "reset", "present")
        })?;
        let set = fields.optional("set_properties", |node| properties::expected(node, folder))?;
        expect.set_properties = set.unwrap_or_default();
        expect.statuses = fields.optional("count", statuses)?;
        expect.distribution =
            fields.optional("distribution", |node| Ok(placed(node, Distribution::read(node)?)))?;
        expect.comparisons.extend(earlier::same_as(&fields)?);
        expect
            .comparisons
            .extend(fields.optional("transitions", |node| Ok(placed(node, earlier::transitions(node)?)))?);
        Ok(expect)
    }

    /// Whether it is about all exchanges of a step together.
    pub(crate) fn is_about_all(&self) -> bool {
        self.statuses.is_some() || self.distribution.is_some() || !self.comparisons.is_empty()
    }

    /// Reads `expect` of a step without a request.
    pub(crate) fn of_time(node: &Node, folder: &Folder) -> Result<Self> {
        Self::effects(&node.mapping(&EFFECTS)?, folder)
    }

    fn effects(fields: &Fields<'_>, folder: &Folder) -> Result<Self> {
        let mut expect = Self { log: fields.each("log", |node| log(node, folder))?, ..Self::default() };
        if let Some(node) = fields.get("metrics") {
            for entry in node.entries()? {
                let matcher = placed(&entry.value, matcher(&entry.value, folder)?);
                expect.metrics.push((entry.key.clone(), matcher));
            }
        }
        if let Some(node) = fields.get("shared_data") {
            for entry in node.entries()? {
                let matcher = placed(&entry.value, matcher(&entry.value, folder)?);
                expect.shared_data.push((entry.key.clone(), matcher));
            }
        }
        if let Some(node) = fields.get("callouts") {
            for entry in node.entries()? {
                let callouts = match entry.value.kind() {
                    Kind::List(items) => {
                        let request = |item: &Node| callout(item, folder);
                        Callouts::Requests(items.iter().map(request).collect::<Result<_>>()?)
                    }
                    _ => Callouts::Count(matcher(&entry.value, folder)?),
                };
                expect.callouts.push((entry.key.clone(), placed(&entry.value, callouts)));
            }
        }
        expect.trap = fields.optional("trap", |node| trap(node, folder))?;
        expect.budget = fields.optional("budget", |node| Ok(placed(node, Budget::read(node)?)))?;
        expect.calls = fields.optional("calls", |node| calls(node, folder))?;
        Ok(expect)
    }
}

fn arrival(
    node: &Node,
    folder: &Folder,
    parts: &[(&'static str, &str)],
    missing: &str,
    there: &str,
) -> Result<Placed<Arrival>> {
    if node.scalar().is_some() {
        let whole = Arrival::Message(Box::default());
        return Ok(placed(node, node.choice(&[(missing, Arrival::Missing), (there, whole)])?));
    }
    Ok(placed(node, Arrival::Message(Box::new(message(node, folder, parts)?))))
}

fn callout(node: &Node, folder: &Folder) -> Result<MessageMatcher> {
    let entries = node.entries()?;
    if !entries.iter().any(|entry| entry.key == "grpc") {
        return message(node, folder, &REQUEST_PARTS);
    }
    let fields = node.mapping(&["grpc", "headers"])?;
    let call = fields.required("grpc")?;
    Ok(MessageMatcher {
        headers: headers(&fields, "headers", "header", folder)?,
        grpc: Some(Box::new(placed(call, grpc::expectation(call, folder)?))),
        ..MessageMatcher::default()
    })
}

fn message(node: &Node, folder: &Folder, parts: &[(&'static str, &str)]) -> Result<MessageMatcher> {
    let mut known = vec!["headers", "body", "trailers"];
    known.extend(parts.iter().map(|(name, _)| *name));
    let fields = node.mapping(&known)?;
    let mut message = MessageMatcher::default();
    for (name, pseudo) in parts {
        if let Some(value) = fields.get(name) {
            message.headers.push(HeaderExpectation {
                name: (*pseudo).to_owned(),
                label: (*name).to_owned(),
                matcher: placed(value, header(value, folder)?),
            });
        }
    }
    message.headers.extend(headers(&fields, "headers", "header", folder)?);
    message.body = fields.optional("body", |node| Ok(placed(node, BodyMatcher::read(node, folder)?)))?;
    message.trailers = headers(&fields, "trailers", "trailer", folder)?;
    Ok(message)
}

fn headers(fields: &Fields<'_>, field: &str, kind: &str, folder: &Folder) -> Result<Vec<HeaderExpectation>> {
    let Some(node) = fields.get(field) else { return Ok(Vec::new()) };
    let expectation = |entry: &mesh_filter_runtime::document::Entry| {
        header_name(&entry.key).map_err(|problem| Error::new(&entry.place, problem))?;
        Ok(HeaderExpectation {
            name: entry.key.to_ascii_lowercase(),
            label: format!("{kind} `{}`", entry.key),
            matcher: placed(&entry.value, header(&entry.value, folder)?),
        })
    };
    node.entries()?.iter().map(expectation).collect()
}

fn log(node: &Node, folder: &Folder) -> Result<Placed<LogMatcher>> {
    let fields = node.mapping(&["level", "message", "count"])?;
    let line = LogMatcher {
        level: fields.optional("level", |node| node.choice(&LEVELS))?,
        message: fields.optional("message", |node| matcher(node, folder))?,
        count: fields.optional("count", count)?,
    };
    if line.level.is_none() && line.message.is_none() {
        return Err(node.error("a log line needs `level` or `message`"));
    }
    Ok(placed(node, line))
}

fn trap(node: &Node, folder: &Folder) -> Result<Placed<Matcher>> {
    if node.scalar().is_some() {
        return Ok(placed(node, node.choice(&[("present", Matcher::Present)])?));
    }
    let message = node.mapping(&["message"])?.required("message")?;
    Ok(placed(message, matcher(message, folder)?))
}

fn statuses(node: &Node) -> Result<Placed<Vec<(u16, usize)>>> {
    let fields = node.mapping(&["status"])?;
    let status = fields.required("status")?;
    let mut counts = Vec::new();
    for entry in status.entries()? {
        let code = entry.key.parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        let code =
            code.ok_or_else(|| Error::new(&entry.place, format!("`{}` is not an HTTP status", entry.key)))?;
        counts.push((code, count(&entry.value)?));
    }
    Ok(placed(status, counts))
}

pub(crate) fn count(node: &Node) -> Result<usize> {
    node.u32(0..=MAX_COUNT).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

pub(crate) fn placed<T>(node: &Node, value: T) -> Placed<T> {
    Placed { place: node.place().clone(), value }
}
