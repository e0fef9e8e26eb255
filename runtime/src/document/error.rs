//! What is wrong with a document, and where.

use std::fmt;

use super::Place;

/// Lines longer than this are not shown under an error; a column in them helps nobody.
const MAX_SHOWN_LINE: usize = 400;

/// A problem at one place of a document.
///
/// Displays on one line: `bootstrap.yaml:12:7: admin.address: expected a mapping, got `8080``.
#[derive(Debug, Clone)]
pub struct Error {
    place: Place,
    problem: String,
    help: Option<String>,
}

impl Error {
    /// An error at `place`.
    pub fn new(place: &Place, problem: impl Into<String>) -> Self {
        Self { place: place.clone(), problem: problem.into(), help: None }
    }

    /// Adds what the reader of the message may do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where the problem is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to do about it, if anything is known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The message over several lines: the problem, the source line with a caret, the help.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.to_string();
        if let Some(line) = self.place.source_line().filter(|line| line.chars().count() <= MAX_SHOWN_LINE) {
            let number = self.place.line().to_string();
            let margin = " ".repeat(number.len());
            let indent: String = (line.chars())
                .take(self.place.column().saturating_sub(1))
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            text.push_str(&format!("\n{margin} |\n{number} | {line}\n{margin} | {indent}^"));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        write!(f, "{}:{}:{}: ", place.file(), place.line(), place.column())?;
        let path = place.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Error {}
