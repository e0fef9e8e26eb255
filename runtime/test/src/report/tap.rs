//! The report as TAP, version 14: a test point for each package and case, failures as YAML blocks.

use super::{CaseReport, Failure, Report, Verdict};
use serde_json::Value;
use std::fmt::Write as _;

impl Report {
    /// The outcomes as TAP 14.
    #[must_use]
    pub fn to_tap(&self) -> String {
        let mut out = format!("TAP version 14\n1..{}\n", self.packages.len() + self.cases.len());
        let mut number = 0;
        let mut point = |out: &mut String, passed: bool, description: &str, skipped: Option<&String>| {
            number += 1;
            let not = if passed { "" } else { "not " };
            let skip = skipped.map(|reason| format!(" # SKIP not portable: {}", escaped(reason)));
            let skip = skip.unwrap_or_default();
            let _infallible = writeln!(out, "{not}ok {number} - {}{skip}", escaped(description));
        };
        for package in &self.packages {
            point(&mut out, package.passed, &format!("native tests of {}", package.name), None);
        }
        for case in &self.cases {
            let CaseReport { file, name, world, .. } = case;
            let description = format!("{file}: {name} ({world})");
            point(&mut out, case.failure.is_none(), &description, case.not_portable.as_ref());
            if let Some(failure) = &case.failure {
                diagnostics(&mut out, case, failure);
            }
        }
        if self.not_run > 0 {
            let _infallible = writeln!(out, "# {} not run", self.not_run);
        }
        for comparison in self.compared() {
            if matches!(comparison.verdict, Verdict::Differs { .. }) {
                comparison.to_string().lines().for_each(|line| out.push_str(&format!("# {line}\n")));
            }
        }
        if let Some(tally) = self.tally() {
            let _infallible = writeln!(out, "# worlds: {tally}");
        }
        out
    }
}

/// Scalars are written as JSON, which is YAML too and needs no further care.
fn diagnostics(out: &mut String, case: &CaseReport, failure: &Failure) {
    let text = |text: &str| Value::from(text).to_string();
    let first = failure.problems.first();
    let place = first.and_then(|problem| problem.place.as_ref());
    let (line, column) = place.map_or((case.line, 1), |place| (place.line(), place.column()));
    let message = first.map_or("failed", |problem| &problem.text);
    let _infallible = writeln!(
        out,
        "  ---\n  message: {}\n  severity: fail\n  at: {{file: {}, line: {line}, column: {column}}}\n  rerun: {}\n  report:",
        text(message),
        text(&case.file),
        text(&failure.rerun),
    );
    for line in case.to_string().lines() {
        let _infallible = writeln!(out, "    - {}", text(line));
    }
    out.push_str("  ...\n");
}

/// A description: one line, without the characters that begin a directive.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace(char::is_control, " ")
}
