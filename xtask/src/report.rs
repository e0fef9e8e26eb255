//! Runs steps one after the other, each with a heading and a result, and counts what passed, failed or was skipped.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

/// What the steps came to so far.
#[derive(Default)]
pub(crate) struct Report {
    counts: Counts,
    remarks: Vec<String>,
    require_all: bool,
}

#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Report {
    pub(crate) fn new(require_all: bool) -> Self {
        Self { require_all, ..Self::default() }
    }

    /// Runs a command to its end. If it runs tests, they are counted; otherwise the step counts as one.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> Result<()> {
        println!("\n==> {name}: {}", shown(command));
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| {
            let program = command.get_program().display();
            format!("starting `{program}` for step `{name}`")
        })?;
        let mut tests = Counts::default();
        let output = child.stdout.take().context("a piped output is there")?;
        for line in BufReader::new(output).split(b'\n') {
            let line = line.with_context(|| format!("reading the output of step `{name}`"))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tests.add(summary(&line).unwrap_or_default());
        }
        let succeeded = child.wait().with_context(|| format!("waiting for step `{name}`"))?.success();
        if tests == Counts::default() {
            tests.passed = u64::from(succeeded);
        }
        // A run that breaks off, or does not compile, is a failure even if all tests that ran have passed.
        if !succeeded && tests.failed == 0 {
            tests.failed = 1;
        }
        self.counts.add(tests);
        let seconds = begun.elapsed().as_secs_f64();
        let result = if succeeded { "ok" } else { "FAILED" };
        println!("<== {name}: {result} in {seconds:.1} s");
        if !succeeded {
            self.remarks.push(format!("FAILED  {name}"));
        }
        Ok(())
    }

    /// Counts something as skipped, loudly; as failed where everything is required.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        println!("\n!!! {name}: SKIPPED: {reason}");
        if self.require_all {
            self.counts.failed += 1;
            self.remarks.push(format!("FAILED  {name}: missing, and --require-all was given: {reason}"));
        } else {
            self.counts.skipped += 1;
            self.remarks.push(format!("SKIPPED {name}: {reason}"));
        }
    }

    /// Prints the end of the report and says whether all is well.
    pub(crate) fn finish(self) -> bool {
        println!();
        for remark in &self.remarks {
            println!("{remark}");
        }
        let Counts { passed, failed, skipped } = self.counts;
        println!("{passed} passed, {failed} failed, {skipped} skipped");
        failed == 0
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let program = words.first().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
    [&[program.into()], words.get(1..).unwrap_or_default()].concat().join(" ")
}

/// The counts in a closing line: libtest's `test result: ok. 3 passed; 0 failed; 1 ignored; ...`, or the scenario
/// runner's `3 passed, 0 failed, 1 skipped`.
fn summary(line: &str) -> Option<Counts> {
    match line.strip_prefix("test result: ") {
        Some(result) => counts(result.split_once(". ")?.1.split("; ")),
        None if line.contains(" passed, ") => counts(line.split(", ")),
        None => None,
    }
}

fn counts<'a>(parts: impl Iterator<Item = &'a str>) -> Option<Counts> {
    let mut found = Counts::default();
    let mut any = false;
    for part in parts {
        let (number, what) = part.trim().split_once(' ')?;
        let Ok(number) = number.parse::<u64>() else { continue };
        match what {
            "passed" => found.passed = number,
            "failed" => found.failed = number,
            "ignored" | "skipped" => found.skipped = number,
            _ => continue,
        }
        any = true;
    }
    any.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{Counts, summary};

    #[test]
    fn closing_lines_are_read() {
        let line = "test result: FAILED. 11 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s";
        assert_eq!(summary(line), Some(Counts { passed: 11, failed: 2, skipped: 1 }));
        assert_eq!(
            summary("4 passed, 0 failed, 3 skipped"),
            Some(Counts { passed: 4, failed: 0, skipped: 3 })
        );
        assert_eq!(summary("4 passed, 1 failed"), Some(Counts { passed: 4, failed: 1, skipped: 0 }));
    }

    #[test]
    fn other_lines_are_not() {
        for line in ["running 3 tests", "test a ... ok", "all is passed, really", "test result: odd"] {
            assert_eq!(summary(line), None, "{line}");
        }
    }
}
