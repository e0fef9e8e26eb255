//! The report as JUnit's XML, which build servers read: a suite for each file, a test for each case.

use super::{CaseReport, Failure, PackageReport, Report};
use std::fmt::Write as _;

impl Report {
    /// The outcomes as JUnit's XML; without times, so that two runs give the same bytes.
    #[must_use]
    pub fn to_junit(&self) -> String {
        let broken = self.packages.iter().filter(|package| !package.passed).count();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let tests = self.cases.len() + self.packages.len();
        out.push_str(&format!(
            "<testsuites{}>\n",
            counts(tests, self.failed() + broken, self.not_portable())
        ));
        for package in &self.packages {
            native(&mut out, package);
        }
        for cases in self.cases.chunk_by(|one, other| (&one.file, &one.world) == (&other.file, &other.world))
        {
            suite(&mut out, cases);
        }
        out.push_str("</testsuites>\n");
        out
    }
}

fn native(out: &mut String, PackageReport { name, passed }: &PackageReport) {
    let name = escaped(name);
    let counts = counts(1, usize::from(!passed), 0);
    let _infallible = writeln!(out, "  <testsuite name=\"{name} (cargo test)\"{counts}>");
    let _infallible = write!(out, "    <testcase name=\"cargo test\" classname=\"{name}\"");
    if *passed {
        out.push_str("/>\n");
    } else {
        let message = "native tests failed: cargo has said which";
        let _infallible =
            writeln!(out, ">\n      <failure message=\"{message}\" type=\"failed\"/>\n    </testcase>");
    }
    out.push_str("  </testsuite>\n");
}

fn suite(out: &mut String, cases: &[CaseReport]) {
    let Some(first) = cases.first() else { return };
    let failed = cases.iter().filter(|case| case.failure.is_some()).count();
    let skipped = cases.iter().filter(|case| case.not_portable.is_some()).count();
    let (file, world) = (escaped(&first.file), &first.world);
    let counts = counts(cases.len(), failed, skipped);
    let _infallible = writeln!(out, "  <testsuite name=\"{file} ({world})\"{counts}>");
    for case in cases {
        let _infallible = write!(
            out,
            "    <testcase name=\"{}\" classname=\"{file}\" file=\"{file}\" line=\"{}\"",
            escaped(&case.name),
            case.line
        );
        match (&case.failure, &case.not_portable) {
            (None, Some(reason)) => {
                let reason = escaped(reason);
                let _infallible =
                    writeln!(out, ">\n      <skipped message=\"not portable: {reason}\"/>\n    </testcase>");
            }
            (None, None) => out.push_str("/>\n"),
            (Some(failure), _) => {
                let _infallible = writeln!(
                    out,
                    ">\n      <failure message=\"{}\" type=\"failed\">{}</failure>\n    </testcase>",
                    escaped(first_problem(failure)),
                    // Only in attributes would line breaks be lost.
                    escaped(&case.to_string()).replace("&#10;", "\n"),
                );
            }
        }
    }
    out.push_str("  </testsuite>\n");
}

fn first_problem(failure: &Failure) -> &str {
    failure.problems.first().map_or("failed", |problem| &problem.text)
}

fn counts(tests: usize, failures: usize, skipped: usize) -> String {
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

/// Text for attributes and elements; what XML 1.0 cannot hold becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control < ' ' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
