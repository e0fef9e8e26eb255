//! What is wrong with a text, and where.

use crate::error::told;
use serde::de::{Expected, Unexpected};
use std::fmt::{self, Display, Write as _};

/// A text that is not JSON, or does not fit its type; or a value that JSON cannot say.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}{}", InPath(.path), InText(*line, *column))]
pub struct JsonError {
    /// Keys and indices that lead to the value: `rules[1].weight`. Empty where it is the whole text.
    path: String,
    problem: String,
    /// The first line is 1. Nought where there is no text.
    line: usize,
    /// Where in the line the value ends; the first byte is 1.
    column: usize,
}

told!(JsonError);

struct InPath<'a>(&'a str);

impl Display for InPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "at `{}`: ", self.0) }
    }
}

struct InText(usize, usize);

impl Display for InText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(line, column) = self;
        if *line == 0 { Ok(()) } else { write!(f, " at line {line} column {column}") }
    }
}

impl JsonError {
    #[cold]
    pub(super) fn unwritten(problem: String) -> Self {
        Self { path: String::new(), problem, line: 0, column: 0 }
    }
}

pub(super) fn not_text(bytes: &[u8], at: usize) -> JsonError {
    let problem = Problem::new("the text is not UTF-8".to_owned());
    let start = bytes.get(..at).and_then(|start| std::str::from_utf8(start).ok()).unwrap_or_default();
    problem.place(start, at + 1)
}

/// An error on its way up: each array and object that it leaves adds a part of the path.
#[derive(Debug)]
pub(super) struct Problem(Box<Found>);

#[derive(Debug)]
struct Found {
    path: String,
    text: String,
    at: Option<usize>,
}

impl Problem {
    fn new(text: String) -> Self {
        Self(Box::new(Found { path: String::new(), text, at: None }))
    }

    /// Text that is not JSON; `at` is the number of bytes up to and with what is wrong.
    pub(super) fn syntax(text: &str, at: usize) -> Self {
        Self::new(text.to_owned()).at(at)
    }

    /// Says where it is, unless that is known.
    pub(super) fn at(mut self, at: usize) -> Self {
        self.0.at.get_or_insert(at);
        self
    }

    /// The value of this key has it.
    #[cold]
    pub(super) fn within_key(self, key: &str, at: usize) -> Self {
        self.within(key, at)
    }

    /// The element at this index has it.
    #[cold]
    pub(super) fn within_index(self, index: usize, at: usize) -> Self {
        self.within(&format!("[{index}]"), at)
    }

    fn within(self, segment: &str, at: usize) -> Self {
        let mut problem = self.at(at);
        let rest = &problem.0.path;
        let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
        problem.0.path = format!("{segment}{dot}{rest}");
        problem
    }

    /// The error as it leaves; `end` is where it is when nobody has said.
    #[cold]
    pub(super) fn place(self, text: &str, end: usize) -> JsonError {
        let Found { path, text: problem, at } = *self.0;
        let at = at.unwrap_or(end);
        let before = text.as_bytes().get(..at.min(text.len())).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        JsonError { path, problem, line, column: at - start }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for Problem {}

impl serde::de::Error for Problem {
    fn custom<T: Display>(text: T) -> Self {
        Self::new(text.to_string())
    }

    #[cold]
    #[inline(never)]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        unexpected("type", found, expected)
    }

    #[cold]
    #[inline(never)]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        unexpected("value", found, expected)
    }

    // As `serde` words it, but in one place and not in each of an object's fields.
    #[cold]
    #[inline(never)]
    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("missing field `{field}`"))
    }

    #[cold]
    #[inline(never)]
    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("duplicate field `{field}`"))
    }
}

fn unexpected(what: &str, found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
    Problem::new(format!("invalid {what}: {}, expected {expected}", Shown(found)))
}

/// What stands there, in the words of [`Unexpected`], whose own `Display` links the printing of floats.
struct Shown<'a>(Unexpected<'a>);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Unexpected::Bool(true) => "boolean `true`",
            Unexpected::Bool(false) => "boolean `false`",
            Unexpected::Unsigned(number) => return write!(f, "integer `{number}`"),
            Unexpected::Signed(number) => return write!(f, "integer `{number}`"),
            Unexpected::Float(number) => return decimal(f, number),
            Unexpected::Char(character) => return write!(f, "character `{character}`"),
            Unexpected::Str(text) => return quoted(f, text),
            Unexpected::Unit => "null",
            Unexpected::Bytes(_) => "byte array",
            Unexpected::Option => "optional value",
            Unexpected::NewtypeStruct => "newtype struct",
            Unexpected::Seq => "sequence",
            Unexpected::Map => "map",
            Unexpected::Enum => "enum",
            Unexpected::UnitVariant => "unit variant",
            Unexpected::NewtypeVariant => "newtype variant",
            Unexpected::TupleVariant => "tuple variant",
            Unexpected::StructVariant => "struct variant",
            Unexpected::Other(other) => other,
        })
    }
}

/// A text in quotes, on one line.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("string \"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\n' => f.write_str("\\n")?,
            _ if character.is_control() => write!(f, "\\u{{{:x}}}", u32::from(character))?,
            _ => f.write_char(character)?,
        }
    }
    f.write_char('"')
}

/// A number to nine places, where it is one that people write; the source's own text is shown where it is at hand.
fn decimal(f: &mut fmt::Formatter<'_>, number: f64) -> fmt::Result {
    const PLACES: u64 = 1_000_000_000;
    if number.is_nan() || number.abs() >= 9e9 {
        return f.write_str("floating point number");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let scaled = (number.abs() * 1e9 + 0.5) as u64;
    let sign = if number < 0.0 { "-" } else { "" };
    let (whole, mut rest, mut width) = (scaled / PLACES, scaled % PLACES, 9);
    while width > 1 && rest % 10 == 0 {
        rest /= 10;
        width -= 1;
    }
    write!(f, "floating point `{sign}{whole}.{rest:0width$}`")
}
