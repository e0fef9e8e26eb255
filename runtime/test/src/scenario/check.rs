//! Compares what a step did with what it expects.

use super::calls;
use super::earlier::Named;
use super::expect::{Arrival, Callouts, Expect, HeaderExpectation, LogMatcher, MessageMatcher, Placed};
use super::grpc::GrpcExpectation;
use super::stage::Deeds;
use crate::matcher::Mismatch;
use crate::report::Problem;
use crate::sim::{Finished, LogLine};
use crate::traffic::Received;
use bytes::Bytes;
use mesh_filter_runtime::abi::LogLevel;
use mesh_filter_runtime::document::Place;
use std::collections::BTreeMap;

/// What of the expectations about one exchange does not hold.
pub(crate) fn exchange(expect: &Expect, finished: &Finished, problems: &mut Vec<Problem>) {
    match (&expect.upstream, &finished.upstream) {
        (None, _) => {}
        (Some(Placed { value: Arrival::Missing, .. }), None) => {}
        (Some(Placed { value: Arrival::Missing, place }), Some(request)) => {
            problems
                .push(Problem::at(place, format!("expected no upstream request, got {}", asked(request))));
        }
        (Some(Placed { value: Arrival::Message(_), place }), None) => {
            problems
                .push(Problem::at(place, "expected an upstream request, but the upstream was not called"));
        }
        (Some(Placed { value: Arrival::Message(matcher), .. }), Some(request)) => {
            message(matcher, request, "upstream", problems);
        }
    }
    match (&expect.response, &finished.response) {
        (None, _) => {}
        (Some(Placed { value: Arrival::Missing, .. }), _) if finished.reset => {}
        (Some(Placed { value: Arrival::Missing, place }), response) => {
            let got =
                response.as_ref().map_or("nothing".to_owned(), |got| format!("status {}", got.status()));
            problems.push(Problem::at(place, format!("expected a reset, got {got}")));
        }
        (Some(Placed { place, .. }), None) => {
            problems.push(Problem::at(place, "expected a response, got a reset"));
        }
        (Some(Placed { value: Arrival::Message(matcher), place }), Some(response)) => {
            message(matcher, response, "response", problems);
            if finished.reset {
                problems.push(Problem::at(place, "expected a whole response, got a reset before its end"));
            }
        }
    }
    for (path, Placed { place, value }) in &expect.set_properties {
        let set = finished.set_properties.get(path).map(Vec::as_slice).unwrap_or_default();
        if let Err(mismatch) = value.check(set) {
            problems.push(problem(place, mismatch.of(&format!("property `{path}`"))));
        }
    }
    if expect.response.is_none() && expect.statuses.is_none() && finished.reset {
        problems.push(Problem::nowhere("the stream was reset, which the step does not expect"));
    }
}

fn message(matcher: &MessageMatcher, message: &Received, what: &str, problems: &mut Vec<Problem>) {
    let mut header = |expectation: &HeaderExpectation, headers| {
        let Placed { place, value } = &expectation.matcher;
        if let Err(mismatch) = value.check(headers, &expectation.name) {
            problems.push(problem(place, mismatch.of(&format!("{what} {}", expectation.label))));
        }
    };
    matcher.headers.iter().for_each(|expectation| header(expectation, &message.headers));
    matcher.trailers.iter().for_each(|expectation| header(expectation, &message.trailers));
    if let Some(Placed { place, value }) = &matcher.body
        && let Err(mismatch) = value.check(&message.body)
    {
        problems.push(problem(place, mismatch.of(&format!("{what} body"))));
    }
}

fn grpc(expected: &Placed<GrpcExpectation>, call: &Received, what: &str, problems: &mut Vec<Problem>) {
    let GrpcExpectation { service, method, messages, ended, cancelled } = &expected.value;
    let names = call.grpc_method();
    for (name, expected, actual) in [("service", service, names.0), ("method", method, names.1)] {
        if let Some(Placed { place, value }) = expected
            && let Err(mismatch) = value.check(actual.as_bytes())
        {
            problems.push(problem(place, mismatch.of(&format!("{what} {name}"))));
        }
    }
    if let Some(Placed { place, value }) = messages {
        if value.len() == call.messages.len() {
            for (expected, message) in value.iter().zip(&call.messages) {
                if let Err(mismatch) = expected.value.check(message) {
                    problems.push(problem(&expected.place, mismatch.of(&format!("{what} message"))));
                }
            }
        } else {
            let text = format!("{what}: expected {} messages, got {}", value.len(), call.messages.len());
            problems.push(Problem::at(place, text));
        }
    }
    for (name, expected, actual) in
        [("ended", ended, call.complete), ("cancelled", cancelled, call.cancelled)]
    {
        if let Some(Placed { place, value }) = expected
            && *value != actual
        {
            problems.push(Problem::at(place, format!("{what} {name}: expected {value}, got {actual}")));
        }
    }
}

/// What of the expectations about the step as a whole does not hold.
pub(crate) fn step(expect: &Expect, deeds: &Deeds, named: &Named, problems: &mut Vec<Problem>) {
    if let Some(Placed { place, value }) = &expect.statuses {
        statuses(place, value, &deeds.exchanges, problems);
    }
    for (name, Placed { place, value }) in &expect.metrics {
        let actual = deeds.metrics.get(name).copied().unwrap_or(0);
        if let Err(mismatch) = value.check(actual.to_string().as_bytes()) {
            let mut mismatch = mismatch.of(&format!("metric `{name}`"));
            if !deeds.metrics.contains_key(name) {
                let known: Vec<&str> = deeds.metrics.keys().map(String::as_str).collect();
                mismatch.problem.push_str(&format!(" (not defined; defined: {})", known.join(", ")));
            }
            problems.push(problem(place, mismatch));
        }
    }
    for (cluster, Placed { place, value }) in &expect.callouts {
        let calls = deeds.callouts.get(cluster).map(Vec::as_slice).unwrap_or_default();
        callouts(cluster, place, value, calls, problems);
    }
    if let Some(Placed { place, value }) = &expect.distribution {
        value.check(place, &deeds.exchanges, problems);
    }
    for Placed { place, value } in &expect.comparisons {
        value.check(place, &deeds.exchanges, named, problems);
    }
    if let Some(expected) = &expect.calls {
        calls::check(expected, &deeds.calls, problems);
    }
    logs(expect, deeds, problems);
    traps(expect, deeds, problems);
    if let Some(budget) = &expect.budget {
        budget.value.check(&deeds.cost, problems);
    }
    problems.extend(deeds.problems.iter().map(Problem::nowhere));
}

/// What of the expectations about shared values does not hold.
pub(crate) fn shared_data(
    expect: &Expect,
    value: impl Fn(&str) -> Option<Bytes>,
    problems: &mut Vec<Problem>,
) {
    for (key, Placed { place, value: matcher }) in &expect.shared_data {
        if let Err(mismatch) = matcher.check(&value(key).unwrap_or_default()) {
            problems.push(problem(place, mismatch.of(&format!("shared value `{key}`"))));
        }
    }
}

fn statuses(place: &Place, expected: &[(u16, usize)], exchanges: &[Finished], problems: &mut Vec<Problem>) {
    let mut actual: BTreeMap<u16, usize> = BTreeMap::new();
    for exchange in exchanges {
        *actual.entry(exchange.response.as_ref().map_or(0, Received::status)).or_default() += 1;
    }
    let expected: BTreeMap<u16, usize> = expected.iter().copied().filter(|(_, count)| *count > 0).collect();
    if actual != expected {
        let listed = |counts: &BTreeMap<u16, usize>| {
            let name = |status: u16| if status == 0 { "reset".to_owned() } else { status.to_string() };
            counts
                .iter()
                .map(|(status, count)| format!("{}: {count}", name(*status)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let problem = format!("statuses: expected {{{}}}, got {{{}}}", listed(&expected), listed(&actual));
        problems.push(Problem::at(place, problem));
    }
}

fn callouts(
    cluster: &str,
    place: &Place,
    expected: &Callouts,
    calls: &[Received],
    problems: &mut Vec<Problem>,
) {
    match expected {
        Callouts::Count(matcher) => {
            if let Err(mismatch) = matcher.check(calls.len().to_string().as_bytes()) {
                problems.push(problem(place, mismatch.of(&format!("callouts to `{cluster}`"))));
            }
        }
        Callouts::Requests(requests) => {
            if requests.len() != calls.len() {
                let text =
                    format!("callouts to `{cluster}`: expected {}, got {}", requests.len(), calls.len());
                problems.push(Problem::at(place, text));
                return;
            }
            for (matcher, call) in requests.iter().zip(calls) {
                let what = format!("callout to `{cluster}`");
                message(matcher, call, &what, problems);
                if let Some(expected) = &matcher.grpc {
                    grpc(expected, call, &what, problems);
                }
            }
        }
    }
}

fn logs(expect: &Expect, deeds: &Deeds, problems: &mut Vec<Problem>) {
    let lines = &deeds.logs;
    let mut taken = vec![false; lines.len()];
    for Placed { place, value } in &expect.log {
        let found: Vec<usize> = (lines.iter().enumerate())
            .filter(|(index, line)| is(value, line) && !taken.get(*index).copied().unwrap_or(true))
            .map(|(index, _)| index)
            .collect();
        let wrong = match value.count {
            None if found.is_empty() => Some("expected such a log line, got none".to_owned()),
            Some(count) if count != found.len() => {
                Some(format!("expected {count} such log lines, got {}", found.len()))
            }
            _ => None,
        };
        problems.extend(wrong.map(|text| Problem::at(place, text)));
        let takes = value.count.unwrap_or(1);
        for index in found.into_iter().take(takes) {
            if let Some(taken) = taken.get_mut(index) {
                *taken = true;
            }
        }
    }
    for (line, taken) in lines.iter().zip(taken) {
        // A plugin that traps may say why before: `traps` shows it with the trap.
        if line.level >= LogLevel::Error && !taken && deeds.traps.is_empty() {
            let level = line.level.name();
            let text = format!("a line at level {level} that the step does not expect: {}", line.message);
            problems.push(Problem::nowhere(text));
        }
    }
}

fn is(matcher: &LogMatcher, line: &LogLine) -> bool {
    matcher.level.is_none_or(|level| level == line.level)
        && matcher.message.as_ref().is_none_or(|message| message.check(line.message.as_bytes()).is_ok())
}

fn traps(expect: &Expect, deeds: &Deeds, problems: &mut Vec<Problem>) {
    let logged = deeds.logs.iter().filter(|line| line.level >= LogLevel::Error);
    let logged: Vec<&str> = logged.map(|line| line.message.trim()).filter(|line| !line.is_empty()).collect();
    match (&expect.trap, deeds.traps.as_slice()) {
        (None, traps) => {
            for (callback, trap) in traps {
                let trap = trap.to_string();
                let (reason, frames) = trap.split_once('\n').unwrap_or((&trap, ""));
                let mut lines = vec![format!("in `{callback}` {reason}")];
                // A native filter's trap is its panic; a module's says only that it trapped.
                lines.extend(
                    logged.iter().filter(|line| !trap.contains(**line)).map(|line| line.replace('\n', " ")),
                );
                lines.extend(frames.lines().map(str::to_owned));
                problems.push(Problem::nowhere(lines.join("\n    ")));
            }
        }
        (Some(Placed { place, .. }), []) => problems.push(Problem::at(place, "expected a trap, got none")),
        (Some(Placed { place, value }), traps) => {
            let mut text: Vec<String> = logged.iter().map(|line| (*line).to_owned()).collect();
            text.extend(traps.iter().map(|(_, trap)| trap.to_string()));
            if let Err(mismatch) = value.check(text.join("\n").as_bytes()) {
                problems.push(problem(place, mismatch.of("trap")));
            }
        }
    }
}

/// A request as messages name it.
pub(crate) fn asked(request: &Received) -> String {
    let part = |name| request.header(name).unwrap_or_default().to_owned();
    format!("{} {}", part(":method"), part(":path"))
}

fn problem(place: &Place, mismatch: Mismatch) -> Problem {
    Problem::at(mismatch.place.as_ref().unwrap_or(place), mismatch.problem)
}
