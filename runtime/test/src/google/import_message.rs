//! Messages of tests, and what is expected of them, as scenarios write them.

use super::expectation::{Expectation, Pattern, StringMatcher};
use super::input::Input;
use super::notation::{bytes, hex, list, mapping, scalar};
use super::play::cut;
use super::re2;
use super::suite::{Chunks, Invocation, Phase, Test};
use super::tree::Placed;
use mesh_filter_runtime::document::Place;
use mesh_filter_runtime::exchange::Side;
use mesh_filter_runtime::headers::{Headers, is_joined};

/// Pseudo headers, and the keys beside `headers` that they are.
const PARTS: [(&str, &str); 5] = [
    (":method", "method"),
    (":path", "path"),
    (":authority", "authority"),
    (":scheme", "scheme"),
    (":status", "status"),
];

/// What a side of a scenario expects.
#[derive(Default)]
pub(super) struct Expected {
    parts: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<String>,
}

impl Expected {
    /// Adds what a phase expects. Answers what cannot be said, and why.
    pub(super) fn add<'a>(&mut self, invocation: &'a Invocation, several: bool) -> Vec<(&'a Place, String)> {
        let Invocation { phase, input, result, .. } = invocation;
        let mut skipped = Vec::new();
        let replied = result.immediate.is_some();
        if matches!(phase, Phase::Body(_)) && !replied {
            let headers = result.has_header.iter().map(|header| &header.value.place);
            let lines = result.headers.iter().filter(|matcher| !matcher.value.invert);
            for place in headers.chain(lines.map(|matcher| &matcher.place)) {
                skipped.push((place, "a body has no headers".to_owned()));
            }
        } else {
            self.add_headers(result, &folded(input), phase.side(), &mut skipped);
        }
        for matcher in &result.body {
            if several && !replied {
                skipped.push((&matcher.place, "scenarios compare bodies as a whole".to_owned()));
            } else if matches!(phase, Phase::Headers(_)) && !replied {
                skipped.push((&matcher.place, "headers have no body".to_owned()));
            } else {
                self.body.push(signed(&matcher.value));
            }
        }
        if let Some(immediate) = &result.immediate {
            if let Some(status) = &immediate.value.http_status {
                self.parts.push(("status".to_owned(), status.value.to_string()));
            }
            if let Some(status) = immediate.value.grpc_status.as_ref().filter(|status| status.value >= 0) {
                skipped.push((&status.place, "clients see a gRPC status only of gRPC requests".to_owned()));
            }
            if let Some(details) = &immediate.value.details {
                skipped.push((&details.place, "clients do not see the details of a response".to_owned()));
            }
        }
        skipped
    }

    fn add_headers<'a>(
        &mut self,
        result: &'a Expectation,
        sent: &Headers,
        side: Side,
        skipped: &mut Vec<(&'a Place, String)>,
    ) {
        let replied = result.immediate.is_some();
        let mut say = |place: &'a Place, said: Result<(), String>| {
            skipped.extend(said.err().map(|reason| (place, reason)));
        };
        for header in &result.has_header {
            let (name, value) = (header.name.value.as_str(), header.value.value.as_slice());
            let before = sent.get(name.as_bytes()).filter(|_| !replied);
            let text = std::str::from_utf8(value).ok();
            let more = before.zip(text).and_then(|(before, value)| added(before, value, name, side));
            say(&header.name.place, self.header(name, more.unwrap_or_else(|| bytes(value))));
        }
        for Placed { place, value: name } in &result.no_header {
            let added =
                ["content-length", "content-type"].iter().any(|added| name.eq_ignore_ascii_case(added));
            let said = if replied && added {
                Err(format!("a proxy adds `{name}` to responses of its own"))
            } else if name.starts_with(':') {
                Err(format!("a message always has `{name}` here"))
            } else {
                self.header(name, "absent".to_owned())
            };
            say(place, said);
        }
        for Placed { place, value: matcher } in &result.headers {
            let unclear = "scenarios compare headers by name, which this condition does not tell alone";
            let said = line(matcher).ok_or_else(|| unclear.to_owned());
            say(place, said.and_then(|(name, value)| self.header(&name, value)));
        }
    }

    /// Adds a condition on a header; says why it cannot.
    fn header(&mut self, name: &str, value: String) -> Result<(), String> {
        let lower = name.to_ascii_lowercase();
        let part = PARTS.iter().find(|(pseudo, _)| *pseudo == lower).map(|(_, part)| *part);
        if part.is_none() && !is_token(&lower) {
            return Err(format!("`{name}` is no name of a header"));
        }
        let target = if part.is_some() { &mut self.parts } else { &mut self.headers };
        let key = part.map_or(lower, str::to_owned);
        if target.iter().any(|(known, _)| *known == key) {
            return Err(format!("a second condition on `{name}`"));
        }
        target.push((key, value));
        Ok(())
    }

    /// The expectation; `otherwise` where nothing is expected in particular.
    pub(super) fn write(&self, otherwise: &str) -> String {
        let mut entries = self.parts.clone();
        if !self.headers.is_empty() {
            entries.push(("headers".to_owned(), mapping(&self.headers)));
        }
        match self.body.as_slice() {
            [] => {}
            [one] => entries.push(("body".to_owned(), one.clone())),
            all => entries.push(("body".to_owned(), format!("{{all: {}}}", list(all)))),
        }
        if entries.is_empty() { otherwise.to_owned() } else { mapping(&entries) }
    }
}

/// Adds the headers that a phase gets. Answers what cannot be sent, and why.
pub(super) fn input(invocation: &Invocation, target: &mut Vec<(String, String)>) -> Vec<String> {
    let folded = folded(&invocation.input);
    let (mut headers, mut skipped) = (Vec::new(), Vec::new());
    for (name, value) in folded.iter() {
        let name = String::from_utf8_lossy(name).into_owned();
        let Ok(value) = std::str::from_utf8(value) else {
            skipped.push(format!("header `{name}`: its value is not UTF-8"));
            continue;
        };
        let side = invocation.phase.side();
        let part = PARTS.iter().find(|(pseudo, _)| *pseudo == name);
        match part.filter(|(pseudo, _)| (*pseudo == ":status") == (side == Side::Response)) {
            Some((_, "status")) if !value.parse::<u16>().is_ok_and(|code| (200..600).contains(&code)) => {
                skipped.push(format!("no upstream ends an exchange with the status `{value}`"));
            }
            Some((_, part)) => target.push(((*part).to_owned(), scalar(value))),
            None if is_token(&name) => headers.push((name, scalar(value))),
            None => skipped.push(format!("header `{name}` cannot be sent")),
        }
    }
    target.sort_by_key(|(key, _)| PARTS.iter().position(|(_, part)| part == key));
    if !headers.is_empty() {
        target.push(("headers".to_owned(), mapping(&headers)));
    }
    skipped
}

/// The headers as the plugin gets them.
fn folded(input: &Input) -> Headers {
    let mut folded = Headers::folded();
    for (name, value) in &input.headers {
        folded.append(name.clone().into(), value.clone().into());
    }
    folded
}

/// The values of a header to which the plugin has added one: a proxy keeps most of them apart, and joins
/// the others without a space.
fn added(before: &[u8], value: &str, name: &str, side: Side) -> Option<String> {
    let before = std::str::from_utf8(before).ok().filter(|before| !before.is_empty())?;
    let more = value.strip_prefix(before)?.strip_prefix(", ")?;
    Some(if is_joined(side, name.to_ascii_lowercase().as_bytes()) {
        scalar(&format!("{before},{more}"))
    } else {
        list(&[scalar(before), scalar(more)])
    })
}

/// The body of a side, as it is cut; with the reason where it cannot be cut so.
pub(super) fn body(test: &Test, side: Side) -> Result<String, (String, String)> {
    let phase = Phase::Body(side);
    let inputs = test.phases.iter().filter(|invocation| invocation.phase == phase);
    // Scenarios have a setting for chunks of one size.
    let cuts = test.chunks.filter(|chunks| matches!(chunks, Chunks::Number(_)));
    let chunks: Vec<_> = inputs.flat_map(|invocation| cut(&invocation.input.body, cuts)).collect();
    match chunks.as_slice() {
        [] => Ok(scalar("")),
        [whole] => Ok(bytes(whole)),
        chunks => {
            let texts: Option<Vec<String>> =
                chunks.iter().map(|chunk| std::str::from_utf8(chunk).ok().map(scalar)).collect();
            match texts {
                Some(texts) => Ok(format!("{{chunks: {}}}", list(&texts))),
                None => {
                    let reason = format!("{}: chunks that are not UTF-8 come as one", phase.name());
                    Err((bytes(&chunks.concat()), reason))
                }
            }
        }
    }
}

/// A condition on a text, as it is where it is not inverted.
pub(super) fn condition(matcher: &StringMatcher) -> String {
    match &matcher.pattern {
        Pattern::Exact(wanted) => match std::str::from_utf8(wanted) {
            Ok(text) => scalar(text),
            Err(_) => format!("{{hex: \"{}\"}}", hex(wanted)),
        },
        Pattern::Regex { expression, .. } => format!("{{regex: {}}}", scalar(&whole(expression))),
        Pattern::File { path, .. } => format!("{{file: {}}}", scalar(path)),
    }
}

fn signed(matcher: &StringMatcher) -> String {
    let condition = condition(matcher);
    if matcher.invert { format!("{{not: {condition}}}") } else { condition }
}

fn whole(expression: &str) -> String {
    format!(r"\A(?:{})\z", re2::translated(expression))
}

/// Name and condition of a header, where the condition on its line tells both.
fn line(matcher: &StringMatcher) -> Option<(String, String)> {
    if matcher.invert {
        return None;
    }
    let text = match &matcher.pattern {
        Pattern::Exact(wanted) => std::str::from_utf8(wanted).ok()?,
        Pattern::Regex { expression, .. } if !expression.contains('|') => expression,
        _ => return None,
    };
    let (name, value) = text.split_once(": ")?;
    // Of a name in an expression only letters stand for themselves.
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b':');
    if !letters || name.is_empty() || value.starts_with(['*', '+', '?', '{']) {
        return None;
    }
    let value = match &matcher.pattern {
        Pattern::Regex { .. } => format!("{{regex: {}}}", scalar(&whole(value))),
        _ => scalar(value),
    };
    Some((name.to_owned(), value))
}

fn is_token(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}
