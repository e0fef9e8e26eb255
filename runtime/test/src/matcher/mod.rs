//! What a value is compared with: equality, parts, patterns, numbers, JSON.

mod diff;
mod header;
mod json;

pub(crate) use diff::difference;
pub(crate) use header::HeaderMatcher;
pub use json::JsonPattern;
pub(crate) use json::Shape;

use mesh_filter_runtime::document::Place;
use regex::bytes::Regex;

/// Most characters of a value that a message shows.
const SHOWN: usize = 300;

/// A condition on a value: a header, a body, a log line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Matcher {
    /// The value is exactly this.
    Equals(Vec<u8>),
    /// The other condition does not hold.
    Not(Box<Matcher>),
    /// This is part of the value.
    Contains(Vec<u8>),
    /// The value starts with this.
    Starts(Vec<u8>),
    /// The value ends with this.
    Ends(Vec<u8>),
    /// The expression matches a part of the value; `^` and `$` anchor it.
    Regex(Regex),
    /// The value as a whole is like this: `*` stands for anything, `?` for one byte.
    Glob {
        /// As it is written.
        glob: String,
        /// The same as an expression.
        regex: Regex,
    },
    /// One of the conditions holds.
    OneOf(Vec<Matcher>),
    /// All conditions hold.
    All(Vec<Matcher>),
    /// The number of bytes fulfils the condition.
    Len(Box<Matcher>),
    /// The value is a number below this.
    Lt(f64),
    /// The value is a number above this.
    Gt(f64),
    /// The value is a number from here to there, both included.
    Between(f64, f64),
    /// The value is JSON that has everything which the pattern names.
    Json(Box<JsonPattern>),
    /// The value is JSON and equals this.
    JsonEquals(serde_json::Value),
    /// There is a value, and it is not empty.
    Present,
    /// There is no value, or it is empty.
    Absent,
}

/// Why a value does not fulfil a condition.
#[derive(Debug, Clone)]
pub(crate) struct Mismatch {
    pub(crate) problem: String,
    /// Where the condition stands, if it is known more exactly than by the caller.
    pub(crate) place: Option<Place>,
}

impl Mismatch {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), place: None }
    }

    /// Says at the beginning what the value is.
    pub(crate) fn of(mut self, what: &str) -> Self {
        self.problem = format!("{what}: {}", self.problem);
        self
    }
}

impl Matcher {
    /// A condition from a regular expression.
    ///
    /// # Errors
    /// When the expression is not valid; says why.
    pub fn regex(expression: &str) -> Result<Self, String> {
        let shortened = |error: regex::Error| {
            let text = error.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        };
        Regex::new(expression).map(Self::Regex).map_err(shortened)
    }

    /// A condition from a pattern with `*` and `?`.
    ///
    /// # Errors
    /// When the pattern is too long.
    pub fn glob(glob: &str) -> Result<Self, String> {
        let part = |character: char| match character {
            '*' => "(?s-u:.*)".to_owned(),
            '?' => "(?s-u:.)".to_owned(),
            other => regex::escape(other.encode_utf8(&mut [0; 4])),
        };
        let expression: String = glob.chars().map(part).collect();
        let regex = Regex::new(&format!("\\A{expression}\\z")).map_err(|_| "the pattern is too long")?;
        Ok(Self::Glob { glob: glob.to_owned(), regex })
    }

    /// Compares.
    pub(crate) fn check(&self, actual: &[u8]) -> Result<(), Mismatch> {
        let holds = match self {
            Self::Equals(expected) => expected == actual,
            Self::Not(inner) => inner.check(actual).is_err(),
            Self::Contains(part) => contains(actual, part),
            Self::Starts(start) => actual.starts_with(start),
            Self::Ends(end) => actual.ends_with(end),
            Self::Regex(regex) | Self::Glob { regex, .. } => regex.is_match(actual),
            Self::OneOf(choices) => choices.iter().any(|choice| choice.check(actual).is_ok()),
            Self::All(parts) => return parts.iter().try_for_each(|part| part.check(actual)),
            Self::Len(length) => {
                return length
                    .check(actual.len().to_string().as_bytes())
                    .map_err(|mismatch| mismatch.of("number of bytes"));
            }
            Self::Lt(limit) => number(actual).is_some_and(|actual| actual < *limit),
            Self::Gt(limit) => number(actual).is_some_and(|actual| actual > *limit),
            Self::Between(from, to) => number(actual).is_some_and(|actual| (*from..=*to).contains(&actual)),
            Self::Json(pattern) => return pattern.check_bytes(actual),
            Self::JsonEquals(expected) => {
                serde_json::from_slice::<serde_json::Value>(actual).is_ok_and(|actual| actual == *expected)
            }
            Self::Present => !actual.is_empty(),
            Self::Absent => actual.is_empty(),
        };
        if holds {
            return Ok(());
        }
        let mut problem = format!("expected {}, got {}", self.describe(), shown(actual));
        if let Self::Equals(expected) = self
            && let Some(difference) = difference(expected, actual)
        {
            problem.push_str(&format!("\n    {difference}"));
        }
        Err(Mismatch::new(problem))
    }

    /// The condition in words, for "expected ...".
    pub(crate) fn describe(&self) -> String {
        let list = |matchers: &[Self], word: &str| {
            matchers.iter().map(Self::describe).collect::<Vec<_>>().join(&format!(" {word} "))
        };
        match self {
            Self::Equals(expected) => shown(expected),
            Self::Not(inner) => format!("not {}", inner.describe()),
            Self::Contains(part) => format!("something that contains {}", shown(part)),
            Self::Starts(start) => format!("something that starts with {}", shown(start)),
            Self::Ends(end) => format!("something that ends with {}", shown(end)),
            Self::Regex(regex) => format!("a match of `{regex}`"),
            Self::Glob { glob, .. } => format!("something like `{glob}`"),
            Self::OneOf(choices) => list(choices, "or"),
            Self::All(parts) => list(parts, "and"),
            Self::Len(length) => format!("a length of {}", length.describe()),
            Self::Lt(limit) => format!("a number below {limit}"),
            Self::Gt(limit) => format!("a number above {limit}"),
            Self::Between(from, to) => format!("a number from {from} to {to}"),
            Self::Json(_) => "matching JSON".to_owned(),
            Self::JsonEquals(value) => format!("the JSON `{value}`"),
            Self::Present => "something".to_owned(),
            Self::Absent => "nothing".to_owned(),
        }
    }
}

impl From<&str> for Matcher {
    fn from(text: &str) -> Self {
        Self::Equals(text.as_bytes().to_vec())
    }
}

impl From<String> for Matcher {
    fn from(text: String) -> Self {
        Self::Equals(text.into_bytes())
    }
}

/// A value in a message: text in backticks, shortened, on one line.
pub(crate) fn shown(value: &[u8]) -> String {
    if value.is_empty() {
        return "nothing".to_owned();
    }
    let text = String::from_utf8_lossy(value);
    let line: String = text.chars().take(SHOWN).flat_map(escaped).collect();
    if text.chars().nth(SHOWN).is_some() {
        format!("`{line}`... ({} bytes)", value.len())
    } else {
        format!("`{line}`")
    }
}

fn escaped(character: char) -> impl Iterator<Item = char> {
    // Quotes stay readable: values are often JSON or HTML.
    let plain = matches!(character, '"' | '\'' | '\\') || !character.is_control();
    let escape = (!plain).then(|| character.escape_default());
    plain.then_some(character).into_iter().chain(escape.into_iter().flatten())
}

fn contains(value: &[u8], part: &[u8]) -> bool {
    part.is_empty() || value.windows(part.len()).any(|window| window == part)
}

fn number(value: &[u8]) -> Option<f64> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    #[test]
    fn each_condition_holds_where_it_says() {
        let holds: [(Matcher, &str); 15] = [
            ("a".into(), "a"),
            (Matcher::Not(Box::new("a".into())), "b"),
            (Matcher::Contains(text("b")), "abc"),
            (Matcher::Starts(text("ab")), "abc"),
            (Matcher::Ends(text("bc")), "abc"),
            (Matcher::regex("^a.c$").unwrap(), "abc"),
            (Matcher::glob("/v?/*.x").unwrap(), "/v1/a\nb.x"),
            (Matcher::glob("").unwrap(), ""),
            (Matcher::glob("a*").unwrap(), "a"),
            (Matcher::OneOf(vec!["a".into(), "b".into()]), "b"),
            (Matcher::All(vec![Matcher::Gt(1.0), Matcher::Lt(3.0)]), "2"),
            (Matcher::Len(Box::new("3".into())), "abc"),
            (Matcher::Between(1.0, 2.0), "2"),
            (Matcher::JsonEquals(serde_json::json!({"a": 1})), "{ \"a\":1 }"),
            (Matcher::Absent, ""),
        ];
        for (matcher, value) in holds {
            assert!(matcher.check(value.as_bytes()).is_ok(), "{matcher:?} on {value:?}");
            let not = Matcher::Not(Box::new(matcher));
            assert!(not.check(value.as_bytes()).is_err(), "{not:?} on {value:?}");
        }
    }

    #[test]
    fn a_mismatch_says_what_was_expected_and_what_came() {
        let says = |matcher: Matcher, value: &str| matcher.check(value.as_bytes()).unwrap_err().problem;
        assert_eq!(says("200".into(), "503"), "expected `200`, got `503`");
        assert_eq!(
            says(Matcher::Contains(text("x")), ""),
            "expected something that contains `x`, got nothing"
        );
        assert_eq!(says(Matcher::Len(Box::new("2".into())), "abc"), "number of bytes: expected `2`, got `3`");
        assert_eq!(says(Matcher::Lt(1.0), "x\ty"), "expected a number below 1, got `x\\ty`");
        assert!(says("a".into(), &"b".repeat(1000)).ends_with("... (1000 bytes)"));
    }

    #[test]
    fn a_glob_is_about_the_whole_value_and_nothing_else_in_it_has_a_meaning() {
        for (glob, value) in
            [("a*b", "xab"), ("a*b", "abx"), ("a.c", "abc"), ("[ab]", "a"), ("?", "ab"), ("", "a")]
        {
            let problem = Matcher::glob(glob).unwrap().check(value.as_bytes()).unwrap_err().problem;
            assert_eq!(problem, format!("expected something like `{glob}`, got `{value}`"));
        }
        assert!(Matcher::glob("a?").unwrap().check(b"a\xff").is_ok());
    }

    #[test]
    fn a_broken_expression_is_refused() {
        assert!(Matcher::regex("(").unwrap_err().contains("unclosed group"));
    }
}
