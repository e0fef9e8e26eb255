//! What a case has done in one world, line by line, so that worlds can be compared.
//!
//! Only what every world can see is written down: what upstream, clients and mocks got, logs, metrics
//! and traps. Hostcalls, fuel and time are each world's own.

use super::check::asked;
use super::stage::Deeds;
use crate::matcher::shown;
use crate::report::Record;
use crate::sim::Finished;
use crate::traffic::Received;
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Most lines that are kept; of the others only a hash tells.
const MAX_LINES: usize = 50_000;

/// What the start is called.
const START: &str = "start";

/// Takes down what a case does, over all its runs.
#[derive(Debug, Default)]
pub(super) struct Recorder(RefCell<Lines>);

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<String>,
    more: u64,
    hash: DefaultHasher,
    step: String,
}

impl Lines {
    fn add(&mut self, line: String) {
        if self.kept.len() < MAX_LINES {
            self.kept.push(line);
        } else {
            self.more += 1;
            line.hash(&mut self.hash);
        }
    }
}

impl Recorder {
    pub(super) fn into_record(self) -> Record {
        let Lines { kept, more, hash, .. } = self.0.into_inner();
        Record { lines: kept, more, hash: hash.finish() }
    }

    /// The step with this number begins; 0 is the start of the filter, with which each run begins.
    pub(super) fn step(&self, number: usize) {
        let mut lines = self.0.borrow_mut();
        lines.step = if number == 0 { START.to_owned() } else { format!("step {number}") };
        let heading = lines.step.clone();
        lines.add(heading);
    }

    /// What came of the exchange with this number in its step.
    pub(super) fn exchange(&self, index: usize, finished: &Finished) {
        let Finished { upstream, response, reset, .. } = finished;
        let mut lines = self.0.borrow_mut();
        if index > 0 {
            let heading = format!("{}, exchange {index}", lines.step);
            lines.add(heading);
        }
        match upstream {
            Some(request) => message(&mut lines, &format!("  upstream saw {}", asked(request)), request),
            None => lines.add("  upstream was not called".to_owned()),
        }
        match response {
            Some(response) => message(&mut lines, &format!("  client got {}", response.status()), response),
            None => lines.add("  client got nothing".to_owned()),
        }
        if *reset {
            lines.add("  the stream was reset".to_owned());
        }
    }

    /// What a step did beside its exchanges. Of the start only logs and traps are compared: Envoy starts each plugin
    /// on its main thread too, in place of one that may still be about its last call.
    pub(super) fn deeds(&self, deeds: &Deeds) {
        let mut lines = self.0.borrow_mut();
        let begun = lines.step != START;
        for (cluster, calls) in deeds.callouts.iter().filter(|_| begun) {
            for call in calls {
                message(&mut lines, &format!("  callout to `{cluster}`: {}", asked(call)), call);
            }
        }
        for line in &deeds.logs {
            lines.add(format!("  log {}: {}", line.level.name(), shown(line.message.as_bytes())));
        }
        for (name, value) in deeds.metrics.iter().filter(|(_, value)| begun && **value > 0) {
            lines.add(format!("  metric {name}: {value}"));
        }
        for (callback, _) in &deeds.traps {
            lines.add(format!("  trap in {callback}"));
        }
    }
}

/// One fact a line. Names are sorted, because HTTP keeps the order of equal names only.
fn message(lines: &mut Lines, heading: &str, message: &Received) {
    lines.add(heading.to_owned());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (kind, headers) in [("", &message.headers), ("trailer ", &message.trailers)] {
        let mut pairs: Vec<_> = headers.iter().collect();
        pairs.sort_by_key(|(name, _)| name.to_vec());
        // The scheme is that of the request; that of a callout HTTP/2 adds where the plugin gives none.
        let told = |name: &[u8]| matches!(name, b":method" | b":path" | b":status" | b":scheme");
        for (name, value) in pairs.into_iter().filter(|(name, _)| !told(name)) {
            lines.add(format!("    {kind}{}: {}", text(name), text(value)));
        }
    }
    let bodies = [("body", &message.body[..])].into_iter();
    for (kind, body) in bodies.chain(message.messages.iter().map(|sent| ("message", &sent[..]))) {
        if !body.is_empty() {
            let mut hash = DefaultHasher::new();
            body.hash(&mut hash);
            lines.add(format!("    {kind} of {} bytes: {} #{:08x}", body.len(), shown(body), hash.finish()));
        }
    }
    if message.cancelled {
        lines.add("    cancelled".to_owned());
    }
}
