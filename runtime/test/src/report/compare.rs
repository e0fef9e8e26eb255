//! Whether a case did the same in all worlds that played it, and where not.

use super::{CaseReport, Report};
use crate::lines::{self, Line};
use serde_json::{Value, json};
use std::fmt;

/// Most lines that a difference shows.
const MAX_LINES: usize = 24;

/// What a case has done in one world: a line for each fact, those of a step under its heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub(crate) lines: Vec<String>,
    /// So many lines have not been kept,
    pub(crate) more: u64,
    /// only this hash of them.
    pub(crate) hash: u64,
}

impl Record {
    /// As JSON, for another process.
    pub(crate) fn to_json(&self) -> Value {
        json!({"lines": self.lines, "more": self.more, "hash": self.hash})
    }

    /// `None` where it is none.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let lines = value.get("lines")?.as_array()?.iter();
        Some(Self {
            lines: lines.map(|line| line.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            more: value.get("more")?.as_u64()?,
            hash: value.get("hash")?.as_u64()?,
        })
    }
}

/// A case that several worlds have been asked to play.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison<'a> {
    /// The scenario file, as it was named to the reader.
    pub file: &'a str,
    /// Line of the scenario.
    pub line: usize,
    /// Name, variables replaced.
    pub name: &'a str,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a case in several worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// All of them saw the same.
    Same,
    /// Two did not.
    Differs {
        /// The one.
        one: String,
        /// The other.
        other: String,
        /// The step, then lines with `-` for the one and `+` for the other.
        difference: Vec<String>,
    },
    /// The others saw the same, but this one cannot play it.
    NotPortable {
        /// The world.
        world: String,
        /// Why not.
        reason: String,
    },
}

/// How many cases did the same in all worlds, and how many not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// So many did the same everywhere.
    pub same: usize,
    /// So many did not.
    pub differ: usize,
    /// So many were not to be had in one world at least.
    pub not_portable: usize,
}

impl Report {
    /// The cases that more than one world has been asked to play, in the order of the report.
    #[must_use]
    pub fn compared(&self) -> Vec<Comparison<'_>> {
        let key = |case: &CaseReport| (case.file.clone(), case.line, case.name.clone());
        let all = || self.elsewhere.iter().chain(&self.cases);
        let mut seen = std::collections::BTreeMap::<_, Vec<&CaseReport>>::new();
        for case in all().filter(|case| case.record.is_some() || case.not_portable.is_some()) {
            seen.entry(key(case)).or_default().push(case);
        }
        let take = |case: &CaseReport| seen.remove(&key(case)).filter(|worlds| worlds.len() > 1);
        self.cases.iter().filter_map(take).filter_map(|worlds| compare(&worlds)).collect()
    }

    /// The numbers of [`Self::compared`]; `None` where nothing was compared.
    #[must_use]
    pub fn tally(&self) -> Option<Tally> {
        let compared = self.compared();
        let mut tally = Tally::default();
        for comparison in &compared {
            match comparison.verdict {
                Verdict::Same => tally.same += 1,
                Verdict::Differs { .. } => tally.differ += 1,
                Verdict::NotPortable { .. } => tally.not_portable += 1,
            }
        }
        (!compared.is_empty()).then_some(tally)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} same, {} differ, {} not portable", self.same, self.differ, self.not_portable)
    }
}

impl fmt::Display for Comparison<'_> {
    /// A difference in full; otherwise one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, name, verdict } = self;
        match verdict {
            Verdict::Same => writeln!(f, "same   {name} ({file}:{line})"),
            Verdict::NotPortable { world, reason } => {
                writeln!(f, "skip   {name} ({file}:{line}, {world}): not portable: {reason}")
            }
            Verdict::Differs { one, other, difference } => {
                writeln!(f, "differs {name} ({file}:{line}): - {one}, + {other}")?;
                difference.iter().try_for_each(|line| writeln!(f, "  {line}"))
            }
        }
    }
}

impl Comparison<'_> {
    pub(super) fn to_json(&self) -> Value {
        let Self { file, line, name, verdict } = self;
        let (word, rest) = match verdict {
            Verdict::Same => ("same", Value::Null),
            Verdict::NotPortable { world, reason } => {
                ("not_portable", json!({"world": world, "reason": reason}))
            }
            Verdict::Differs { one, other, difference } => {
                ("differs", json!({"one": one, "other": other, "difference": difference}))
            }
        };
        json!({"file": file, "line": line, "name": name, "verdict": word, "detail": rest})
    }
}

/// The first world with a record is what the others are held against.
fn compare<'a>(worlds: &[&'a CaseReport]) -> Option<Comparison<'a>> {
    let first = worlds.first()?;
    let mut played = worlds.iter().filter_map(|case| case.record.as_ref().map(|record| (*case, record)));
    let differs = played.next().and_then(|(one, record)| {
        played.find_map(|(other, theirs)| {
            let (one, other) = (one.world.clone(), other.world.clone());
            difference(record, theirs).map(|difference| Verdict::Differs { one, other, difference })
        })
    });
    let lacking = || {
        worlds.iter().find_map(|case| {
            let (world, reason) = (case.world.clone(), case.not_portable.clone()?);
            Some(Verdict::NotPortable { world, reason })
        })
    };
    let verdict = differs.or_else(lacking).unwrap_or(Verdict::Same);
    Some(Comparison { file: &first.file, line: first.line, name: &first.name, verdict })
}

/// What differs in two records, under the step and the message that it belongs to; `None` where they are the same.
fn difference(one: &Record, other: &Record) -> Option<Vec<String>> {
    if one == other {
        return None;
    }
    let ours: Vec<&str> = one.lines.iter().map(String::as_str).collect();
    let theirs: Vec<&str> = other.lines.iter().map(String::as_str).collect();
    let (mut out, mut differing) = (Vec::new(), 0);
    // The step and the message of a line, until they have been told.
    let (mut step, mut message) = (None, None);
    for line in lines::compare(&ours, &theirs) {
        let (sign, line) = match line {
            Line::Both(line) if line.starts_with("    ") => continue,
            Line::Both(line) if line.starts_with(' ') => {
                message = Some(line);
                continue;
            }
            Line::Both(line) => {
                (step, message) = (Some(line), None);
                continue;
            }
            Line::One(line) => ('-', line),
            Line::Other(line) => ('+', line),
        };
        differing += 1;
        if differing <= MAX_LINES {
            out.extend(step.take().map(str::to_owned));
            out.extend(message.take().filter(|_| line.starts_with("    ")).map(str::to_owned));
            out.push(format!("{sign} {line}"));
        }
    }
    match differing {
        0 => out.push(format!("later than the {} lines that are kept of it", ours.len())),
        1..=MAX_LINES => {}
        more => out.push(format!("... {} more lines", more - MAX_LINES)),
    }
    Some(out)
}
