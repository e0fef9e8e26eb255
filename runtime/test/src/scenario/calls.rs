//! `calls`: the callbacks of a filter in a step, in their order.
//!
//! The list is exact for the kinds of callbacks that it names; others may come between.

use super::expect::{Placed, placed};
use super::files::Folder;
use super::matchers::matcher;
use crate::matcher::Matcher;
use crate::report::Problem;
use crate::sim::Call;
use mesh_filter_runtime::document::{Node, Result};
use mesh_filter_runtime::guest::Callback;

/// A callback that a step expects.
#[derive(Debug, Clone)]
pub(crate) struct CallMatcher {
    on: &'static str,
    /// The name of the plugin; absent: any.
    filter: Option<String>,
    action: Option<Placed<Action>>,
    input: Option<Placed<Matcher>>,
    output: Option<Placed<Matcher>>,
    end: Option<Placed<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Continue,
    Pause,
}

/// What the callbacks of a kind have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An action, and whether the message ends.
    Headers,
    /// As headers, and a part of a body.
    Body,
    /// An action.
    Trailers,
    /// Nothing that could be expected.
    Other,
}

pub(super) const CALLBACKS: [(&str, Kind); 19] = [
    ("context_create", Kind::Other),
    ("vm_start", Kind::Other),
    ("configure", Kind::Other),
    ("tick", Kind::Other),
    ("request_headers", Kind::Headers),
    ("request_body", Kind::Body),
    ("request_trailers", Kind::Trailers),
    ("response_headers", Kind::Headers),
    ("response_body", Kind::Body),
    ("response_trailers", Kind::Trailers),
    ("http_call_response", Kind::Other),
    ("grpc_receive_initial_metadata", Kind::Other),
    ("grpc_receive", Kind::Other),
    ("grpc_receive_trailing_metadata", Kind::Other),
    ("grpc_close", Kind::Other),
    ("queue_ready", Kind::Other),
    ("done", Kind::Other),
    ("log", Kind::Other),
    ("delete", Kind::Other),
];

/// Reads the list.
pub(crate) fn calls(node: &Node, folder: &Folder) -> Result<Placed<Vec<Placed<CallMatcher>>>> {
    let calls = node.list()?.iter().map(|item| Ok(placed(item, call(item, folder)?)));
    Ok(placed(node, calls.collect::<Result<_>>()?))
}

fn call(node: &Node, folder: &Folder) -> Result<CallMatcher> {
    let fields = node.mapping(&["on", "filter", "action", "in", "out", "end"])?;
    let names = CALLBACKS.map(|(name, kind)| (name, (name, kind)));
    let (on, kind) = fields.required("on")?.choice(&names)?;
    let has = match kind {
        Kind::Headers => ["action", "end"].as_slice(),
        Kind::Body => &["action", "in", "out", "end"],
        Kind::Trailers => &["action"],
        Kind::Other => &[],
    };
    for name in ["action", "in", "out", "end"] {
        if let Some(node) = fields.get(name).filter(|_| !has.contains(&name)) {
            return Err(node.error(format!("`{on}` has no `{name}`")));
        }
    }
    let actions = [("continue", Action::Continue), ("pause", Action::Pause)];
    let condition = |node: &Node| Ok(placed(node, matcher(node, folder)?));
    Ok(CallMatcher {
        on,
        filter: fields.optional("filter", |node| node.string().map(str::to_owned))?,
        action: fields.optional("action", |node| Ok(placed(node, node.choice(&actions)?)))?,
        input: fields.optional("in", condition)?,
        output: fields.optional("out", condition)?,
        end: fields.optional("end", |node| Ok(placed(node, node.bool()?)))?,
    })
}

/// What does not hold of the calls.
pub(crate) fn check(
    expected: &Placed<Vec<Placed<CallMatcher>>>,
    calls: &[Call],
    problems: &mut Vec<Problem>,
) {
    let Placed { place, value: expected } = expected;
    let named = |call: &&Call| expected.iter().any(|matcher| matcher.value.is_about(call));
    let calls: Vec<&Call> = calls.iter().filter(named).collect();
    for (Placed { place, value: matcher }, call) in expected.iter().zip(&calls) {
        if !matcher.is_about(call) {
            let of =
                |filter: Option<&str>| filter.map(|filter| format!(" of `{filter}`")).unwrap_or_default();
            let wanted = of(matcher.filter.as_deref());
            let (got, by) = (name(call.callback), of(matcher.filter.as_ref().map(|_| &*call.filter)));
            let text = format!("expected a call of `{}`{wanted}, got one of `{got}`{by}", matcher.on);
            problems.push(Problem::at(place, text));
            return;
        }
        matcher.check(call, problems);
    }
    if expected.len() != calls.len() {
        let got: Vec<&str> = calls.iter().map(|call| name(call.callback)).collect();
        let got = if got.is_empty() { String::new() } else { format!(": {}", got.join(", ")) };
        let text = format!("calls: expected {}, got {}{got}", expected.len(), calls.len());
        problems.push(Problem::at(place, text));
    }
}

impl CallMatcher {
    /// Whether the call is of its kind.
    fn is_about(&self, call: &Call) -> bool {
        self.on == name(call.callback) && self.filter.as_deref().is_none_or(|filter| filter == &*call.filter)
    }

    fn check(&self, call: &Call, problems: &mut Vec<Problem>) {
        let on = self.on;
        if let Some(Placed { place, value }) = &self.action {
            let got = match call.answer {
                Some(0) => Some(Action::Continue),
                Some(_) => Some(Action::Pause),
                None => None,
            };
            if got != Some(*value) {
                let name = |action: Action| if action == Action::Continue { "continue" } else { "pause" };
                let got = got.map_or("none".to_owned(), |action| format!("`{}`", name(action)));
                let text = format!("`{on}` action: expected `{}`, got {got}", name(*value));
                problems.push(Problem::at(place, text));
            }
        }
        let (before, after) = call.body.clone().unwrap_or_default();
        for (what, expected, actual) in [("in", &self.input, before), ("out", &self.output, after)] {
            if let Some(Placed { place, value }) = expected
                && let Err(mismatch) = value.check(&actual)
            {
                let place = mismatch.place.clone().unwrap_or_else(|| place.clone());
                problems.push(Problem::at(&place, mismatch.of(&format!("`{on}` {what}")).problem));
            }
        }
        if let Some(Placed { place, value }) = &self.end
            && end(call.callback) != *value
        {
            problems.push(Problem::at(place, format!("`{on}` end: expected {value}, got {}", !value)));
        }
    }
}

fn name(callback: Callback) -> &'static str {
    callback.export().trim_start_matches("proxy_on_")
}

fn end(callback: Callback) -> bool {
    match callback {
        Callback::RequestHeaders { end_of_stream, .. }
        | Callback::RequestBody { end_of_stream, .. }
        | Callback::ResponseHeaders { end_of_stream, .. }
        | Callback::ResponseBody { end_of_stream, .. } => end_of_stream,
        _ => false,
    }
}
