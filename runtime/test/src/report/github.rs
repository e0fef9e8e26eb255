//! The failures as workflow commands of GitHub Actions, which show them beside the files' lines.

use super::{CaseReport, Report, Verdict};
use std::fmt::Write as _;

impl Report {
    /// An annotation for each problem and each case that is not portable or differs in
    /// another world, and for each package whose native tests failed.
    #[must_use]
    pub fn to_github(&self) -> String {
        let mut out = String::new();
        for package in self.packages.iter().filter(|package| !package.passed) {
            let title = property(&format!("{} failed", package.name));
            let _infallible =
                writeln!(out, "::error title={title}::native tests failed: see what cargo says");
        }
        for case in &self.cases {
            annotations(&mut out, case);
        }
        for comparison in self.compared() {
            if let Verdict::Differs { one, other, difference } = &comparison.verdict {
                let title = property(&format!("{} differs: - {one}, + {other}", comparison.name));
                let file = property(comparison.file.strip_prefix("./").unwrap_or(comparison.file));
                let (line, text) = (comparison.line, data(&difference.join("\n")));
                let _infallible = writeln!(out, "::warning file={file},line={line},title={title}::{text}");
            }
        }
        out
    }
}

fn annotations(out: &mut String, case: &CaseReport) {
    if let Some(reason) = &case.not_portable {
        let title = property(&format!("{} is not portable ({})", case.name, case.world));
        let file = property(case.file.strip_prefix("./").unwrap_or(&case.file));
        let line = case.line;
        let _infallible = writeln!(out, "::notice file={file},line={line},title={title}::{}", data(reason));
    }
    let Some(failure) = &case.failure else { return };
    let title = property(&format!("{} failed ({})", case.name, case.world));
    for (index, problem) in failure.problems.iter().enumerate() {
        let (file, line, column) = match &problem.place {
            Some(place) => (place.file(), place.line(), place.column()),
            None => (case.file.as_str(), case.line, 1),
        };
        let rerun = if index == 0 { format!("\nrerun: {}", failure.rerun) } else { String::new() };
        let _infallible = writeln!(
            out,
            "::error file={},line={line},col={column},title={title}::{}",
            // Paths are relative to the repository there, and nothing else is taken for one.
            property(file.strip_prefix("./").unwrap_or(file)),
            data(&format!("{}{rerun}", problem.text)),
        );
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
