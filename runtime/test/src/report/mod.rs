//! What a run of scenarios says: one outcome for each case, and for a failed one why.
//!
//! Reports hold no wall time, so that two runs give the same bytes. The forms for other tools are
//! in `json`, `junit`, `tap` and `github`.

mod compare;
mod elsewhere;
mod github;
mod json;
mod junit;
mod tap;
mod timeline;

use mesh_filter_runtime::document::Place;
use std::fmt;

pub use compare::{Comparison, Record, Tally, Verdict};
pub use elsewhere::RECORDS_VARIABLE;
pub(crate) use elsewhere::wanted as records_wanted;
pub(crate) use timeline::timeline;

/// The outcomes of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Packages whose own tests `cargo test` has run.
    pub packages: Vec<PackageReport>,
    /// In the order of the files.
    pub cases: Vec<CaseReport>,
    /// So many cases were left out after a failure.
    pub not_run: usize,
    /// What other test programs have played of the same cases: not counted, but compared with.
    pub elsewhere: Vec<CaseReport>,
}

/// The outcome of a package's own tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageReport {
    /// The package.
    pub name: String,
    /// All of them passed.
    pub passed: bool,
}

/// The outcome of one case.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaseReport {
    /// The scenario file, as it was named to the reader.
    pub file: String,
    /// Line of the scenario.
    pub line: usize,
    /// Name, variables replaced.
    pub name: String,
    /// `native`, `wasm`, `envoy` or `envoy@VERSION`.
    pub world: String,
    /// Why it failed; `None` where it did not.
    pub failure: Option<Failure>,
    /// Why it was not played: this world does not have what it needs. Then it has neither passed nor failed.
    pub not_portable: Option<String>,
    /// What it did, where that was to be kept.
    pub record: Option<Record>,
}

/// Why a case failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// What does not hold, most telling first.
    pub problems: Vec<Problem>,
    /// What happened in the step, a line each.
    pub seen: Vec<String>,
    /// How to run this case alone.
    pub rerun: String,
}

/// Something that is not as expected, and the expectation's place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Problem {
    /// Where; `None` where no line of the file says it.
    pub place: Option<Place>,
    /// What.
    pub text: String,
}

impl Problem {
    pub(crate) fn at(place: &Place, text: impl Into<String>) -> Self {
        Self { place: Some(place.clone()), text: text.into() }
    }

    pub(crate) fn nowhere(text: impl Into<String>) -> Self {
        Self { place: None, text: text.into() }
    }
}

impl Problem {
    /// Without the source line: `LINE:COLUMN: TEXT`, or the text alone.
    #[must_use]
    pub fn brief(&self) -> String {
        match &self.place {
            Some(place) => format!("{}:{}: {}", place.line(), place.column(), self.text),
            None => self.text.clone(),
        }
    }
}

impl Report {
    /// The problems of all cases that failed, in order.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.cases.iter().filter_map(|case| case.failure.as_ref()).flat_map(|failure| &failure.problems)
    }

    /// Number of cases that passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.cases.len() - self.failed() - self.not_portable()
    }

    /// Number of cases that their world could not play.
    #[must_use]
    pub fn not_portable(&self) -> usize {
        self.cases.iter().filter(|case| case.not_portable.is_some()).count()
    }

    /// Number of cases that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| case.failure.is_some()).count()
    }

    /// Adds the outcomes of another run.
    pub fn extend(&mut self, other: Self) {
        self.packages.extend(other.packages);
        self.cases.extend(other.cases);
        self.not_run += other.not_run;
        self.elsewhere.extend(other.elsewhere);
    }
}

impl fmt::Display for Report {
    /// A line for each case, then the failures in full, then the count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.cases {
            let mark = match (&case.failure, &case.not_portable) {
                (Some(_), _) => "FAILED",
                (None, Some(_)) => "skip",
                (None, None) => "ok",
            };
            write!(f, "{mark:<6} {} ({}:{}, {})", case.name, case.file, case.line, case.world)?;
            match &case.not_portable {
                Some(reason) => writeln!(f, ": not portable: {reason}")?,
                None => writeln!(f)?,
            }
        }
        for case in self.cases.iter().filter(|case| case.failure.is_some()) {
            write!(f, "\n{case}")?;
        }
        let compared = self.compared();
        let differing = compared.iter().filter(|case| matches!(case.verdict, Verdict::Differs { .. }));
        for comparison in differing.clone() {
            write!(f, "\n{comparison}")?;
        }
        if self.failed() > 0 || differing.count() > 0 {
            writeln!(f)?;
        }
        write!(f, "{} passed, {} failed", self.passed(), self.failed())?;
        if self.not_portable() > 0 {
            write!(f, ", {} not portable", self.not_portable())?;
        }
        match self.not_run {
            0 => writeln!(f)?,
            count => writeln!(f, ", {count} not run")?,
        }
        self.tally().map_or(Ok(()), |tally| writeln!(f, "worlds: {tally}"))
    }
}

impl fmt::Display for CaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = &self.not_portable {
            return writeln!(f, "{}: {}: not portable: {reason}", self.file, self.name);
        }
        let Some(failure) = &self.failure else {
            return writeln!(f, "{}: {}: ok", self.file, self.name);
        };
        writeln!(f, "{}: {} failed ({})", self.file, self.name, self.world)?;
        for problem in &failure.problems {
            write!(f, "{problem}")?;
        }
        for line in &failure.seen {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  rerun: {}", failure.rerun)
    }
}

/// Longest line that is shown whole; of a longer one the part around the place is shown.
const MAX_LINE: usize = 120;

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = &self.place else { return writeln!(f, "  {}", self.text) };
        writeln!(f, "  {}:{}:{}: {}", place.file(), place.line(), place.column(), self.text)?;
        let Some(line) = place.source_line() else { return Ok(()) };
        let column = place.column().saturating_sub(1);
        let first = if line.chars().count() > MAX_LINE { column.saturating_sub(MAX_LINE / 2) } else { 0 };
        let part: String =
            line.chars().skip(first).take(MAX_LINE).map(|c| if c == '\t' { ' ' } else { c }).collect();
        let number = place.line().to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "  {number} | {part}")?;
        writeln!(f, "  {margin} | {}^", " ".repeat(column - first))
    }
}
