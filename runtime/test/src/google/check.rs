//! Compares what a plugin has made of a phase with what is expected.

use super::driver::Outcome;
use super::expectation::{Expectation, Pattern, StringMatcher};
use super::suite::Phase;
use super::tree::Placed;
use crate::matcher::{Matcher, shown};
use crate::report::Problem;
use crate::sim::LogLine;
use mesh_filter_runtime::document::Place;
use mesh_filter_runtime::exchange::LocalReply;
use mesh_filter_runtime::headers::Headers;

/// Compares a phase; a local reply's headers and body stand in place of the message's.
pub(super) fn phase(
    phase: Phase,
    place: &Place,
    expected: &Expectation,
    outcome: &Outcome,
    problems: &mut Vec<Problem>,
) {
    let name = phase.name();
    let (headers, body) = given(outcome);
    for header in &expected.has_header {
        let actual = headers.get(header.name.value.as_bytes()).map(AsRef::as_ref);
        compare(&header.value, actual, &format!("{name} header `{}`", header.name.value), problems);
    }
    for header in &expected.no_header {
        if let Some(actual) = headers.get(header.value.as_bytes()) {
            let got = if actual.is_empty() { "an empty one".to_owned() } else { shown(actual) };
            let text = format!("{name} header `{}`: expected none, got {got}", header.value);
            problems.push(Problem::at(&header.place, text));
        }
    }
    let lines: Vec<Vec<u8>> = headers.iter().map(|(name, value)| [name, b": ", value].concat()).collect();
    for matcher in &expected.headers {
        among(matcher, &lines, &format!("{name} headers"), "line", problems);
    }
    for matcher in &expected.body {
        let what = format!("{name} body");
        match (matcher.value.invert, matcher.value.pattern.fits(&body)) {
            (false, false) => {
                problems.push(Problem::at(&matcher.place, mismatch(&matcher.value.pattern, &body, &what)))
            }
            (true, true) => {
                let pattern = &matcher.value.pattern;
                let text = match pattern {
                    Pattern::Exact(_) => format!("{what}: expected anything but {}", pattern.describe()),
                    _ => format!("{what}: expected nothing {}, got {}", pattern.describe(), shown(&body)),
                };
                problems.push(Problem::at(&matcher.place, text));
            }
            _ => {}
        }
    }
    immediate(phase, place, expected, outcome, problems);
}

/// Compares the log of a phase.
pub(super) fn log(name: &str, expected: &Expectation, logs: &[LogLine], problems: &mut Vec<Problem>) {
    let lines: Vec<&[u8]> = logs.iter().map(|line| line.message.as_bytes()).collect();
    for matcher in &expected.log {
        among(matcher, &lines, &format!("{name} log"), "line", problems);
    }
}

/// The headers and the body that expectations are about.
pub(super) fn given(outcome: &Outcome) -> (Headers, Vec<u8>) {
    match &outcome.reply {
        Some(reply) => {
            let mut headers = Headers::folded();
            for (name, value) in &reply.headers {
                headers.append(name.clone(), value.clone());
            }
            (headers, reply.body.to_vec())
        }
        None => (outcome.headers.clone(), outcome.body.to_vec()),
    }
}

fn compare(expected: &Placed<Vec<u8>>, actual: Option<&[u8]>, what: &str, problems: &mut Vec<Problem>) {
    let problem = match actual {
        None => format!("{what}: expected {}, got no such header", shown(&expected.value)),
        Some(actual) => match Matcher::Equals(expected.value.clone()).check(actual) {
            Ok(()) => return,
            Err(mismatch) => mismatch.of(what).problem,
        },
    };
    problems.push(Problem::at(&expected.place, problem));
}

/// Whether one of the texts fits, or where that is wanted none.
fn among(
    matcher: &Placed<StringMatcher>,
    texts: &[impl AsRef<[u8]>],
    what: &str,
    each: &str,
    problems: &mut Vec<Problem>,
) {
    let StringMatcher { invert, pattern } = &matcher.value;
    let found = texts.iter().find(|text| pattern.fits(text.as_ref()));
    let text = match (found, invert) {
        (Some(text), true) => {
            format!("{what}: expected no {each} {}, got {}", pattern.describe(), shown(text.as_ref()))
        }
        (None, false) => {
            const SHOWN: usize = 10;
            let mut text = format!("{what}: expected a {each} {}, got ", pattern.describe());
            match texts.len() {
                0 => text.push_str("none"),
                1 => text.push_str("one other"),
                count => text.push_str(&format!("{count} others")),
            }
            for line in texts.iter().take(SHOWN) {
                text.push_str(&format!("\n    {}", shown(line.as_ref())));
            }
            if texts.len() > SHOWN {
                text.push_str(&format!("\n    ... and {} more", texts.len() - SHOWN));
            }
            text
        }
        _ => return,
    };
    problems.push(Problem::at(&matcher.place, text));
}

fn mismatch(pattern: &Pattern, actual: &[u8], what: &str) -> String {
    match pattern {
        Pattern::Exact(wanted) | Pattern::File { content: wanted, .. } => {
            match Matcher::Equals(wanted.clone()).check(actual) {
                Ok(()) => String::new(),
                Err(mismatch) => mismatch.of(what).problem,
            }
        }
        Pattern::Regex { .. } => {
            format!("{what}: expected something {}, got {}", pattern.describe(), shown(actual))
        }
    }
}

impl Pattern {
    fn describe(&self) -> String {
        match self {
            Self::Exact(wanted) => shown(wanted),
            Self::Regex { expression, .. } => format!("that `{expression}` matches as a whole"),
            Self::File { path, .. } => format!("as in the file `{path}`"),
        }
    }
}

fn immediate(
    phase: Phase,
    place: &Place,
    expected: &Expectation,
    outcome: &Outcome,
    problems: &mut Vec<Problem>,
) {
    let name = phase.name();
    let paused = if outcome.paused { "it paused" } else { "it answered continue" };
    match (&expected.immediate, &outcome.reply) {
        (Some(wanted), None) => {
            let text = format!("{name}: expected an immediate response, but the plugin sent none ({paused})");
            problems.push(Problem::at(&wanted.place, text));
        }
        (None, Some(reply)) => {
            let text = format!(
                "{name}: the plugin sent an immediate response ({}), and no `immediate` expects it",
                reply.status
            );
            problems.push(Problem::at(place, text));
        }
        (None, None) if outcome.paused && matches!(phase, Phase::Headers(_)) => {
            let text = format!(
                "{name}: the plugin paused without an immediate response, and this tester has nothing that resumes it"
            );
            problems.push(Problem::at(place, text));
        }
        (Some(wanted), Some(reply)) => reply_is(name, &wanted.value, reply, problems),
        (None, None) => {}
    }
}

fn reply_is(
    name: &str,
    wanted: &super::expectation::Immediate,
    reply: &LocalReply,
    problems: &mut Vec<Problem>,
) {
    let mut number = |wanted: &Option<Placed<i64>>, actual: i64, what: &str| {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| wanted.value != actual) {
            let text = format!("{name} immediate {what}: expected {}, got {actual}", wanted.value);
            problems.push(Problem::at(&wanted.place, text));
        }
    };
    number(&wanted.http_status, reply.status.into(), "http_status");
    number(&wanted.grpc_status, reply.grpc_status.map_or(-1, i64::from), "grpc_status");
    if let Some(wanted) = &wanted.details {
        // The host keeps details without white space, as access logs need them.
        let details = wanted.value.replace(|letter: char| letter.is_ascii_whitespace(), "_");
        if details != reply.details {
            let (expected, actual) = (shown(wanted.value.as_bytes()), shown(reply.details.as_bytes()));
            let text = format!("{name} immediate details: expected {expected}, got {actual}");
            problems.push(Problem::at(&wanted.place, text));
        }
    }
}
