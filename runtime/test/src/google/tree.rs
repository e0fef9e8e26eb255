//! A message as both forms of a file write it: fields in order, each with its place.

use mesh_filter_runtime::document::{Error, Place, Result};

/// Something and where the file says it.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) place: Place,
    pub(super) value: T,
}

/// A field of a message.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    /// Where its name stands.
    pub(super) place: Place,
    pub(super) value: Value,
}

/// The value of a field, or one of a list.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Message(Vec<Field>),
    List(Vec<Value>),
    Scalar {
        /// As it was written, escapes resolved.
        bytes: Vec<u8>,
        form: Form,
    },
}

/// How a scalar was written, which in text format decides what it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotes: a string.
    Quoted,
    /// Without quotes: a number, a name.
    Word,
    /// As a scalar of YAML, which is whatever is wanted.
    Any,
}

impl Value {
    pub(super) fn error(&self, problem: impl Into<String>) -> Error {
        Error::new(&self.place, problem)
    }

    /// The error `expected <expected>, got <what stands here>`.
    pub(super) fn expected(&self, expected: &str) -> Error {
        self.error(format!("expected {expected}, got {}", self.describe()))
    }

    fn describe(&self) -> String {
        const SHOWN: usize = 60;
        match &self.kind {
            Kind::Message(_) => "a message".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Scalar { bytes, form } => {
                let text: String = String::from_utf8_lossy(bytes).escape_debug().collect();
                let head: String = text.chars().take(SHOWN).collect();
                let more = if head.len() < text.len() { "..." } else { "" };
                let string = if *form == Form::Quoted { "the string " } else { "" };
                format!("{string}`{head}{more}`")
            }
        }
    }

    /// A scalar's bytes where it may be a string.
    pub(super) fn bytes(&self) -> Result<&[u8]> {
        match &self.kind {
            Kind::Scalar { bytes, form: Form::Quoted | Form::Any } => Ok(bytes),
            Kind::Scalar { .. } => {
                Err(self.expected("a string in quotes").with_help("strings stand in quotes: \"..\" or '..'"))
            }
            _ => Err(self.expected("a string")),
        }
    }

    /// A string, which is UTF-8.
    pub(super) fn text(&self) -> Result<&str> {
        std::str::from_utf8(self.bytes()?).map_err(|error| {
            self.error(format!("expected text in UTF-8, got a string with other bytes after {}", {
                let valid = error.valid_up_to();
                if valid == 1 { "1 byte".to_owned() } else { format!("{valid} bytes") }
            }))
        })
    }

    /// A scalar without quotes, as text.
    fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { bytes, form: Form::Word | Form::Any } => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// An integer from `least` to `most`: decimal, `0x` hexadecimal or with a leading 0 octal.
    pub(super) fn integer(&self, least: i64, most: i64) -> Result<i64> {
        self.word().and_then(number).filter(|number| (least..=most).contains(number)).ok_or_else(|| {
            match (least, most) {
                (least, i64::MAX) => self.expected(&format!("an integer of at least {least}")),
                _ => self.expected(&format!("an integer from {least} to {most}")),
            }
        })
    }

    /// `true` or `false`.
    pub(super) fn bool(&self) -> Result<bool> {
        match self.word() {
            Some("true" | "True" | "t" | "1") => Ok(true),
            Some("false" | "False" | "f" | "0") => Ok(false),
            _ => Err(self.expected("`true` or `false`")),
        }
    }

    /// A value of an enum, by its name or number.
    pub(super) fn choice(&self, names: &[&'static str]) -> Result<usize> {
        let listed = || {
            let name = |(number, name): (usize, &&str)| format!("`{name}` ({number})");
            names.iter().enumerate().map(name).collect::<Vec<_>>().join(", ")
        };
        let word = self.word().ok_or_else(|| self.expected(&format!("one of {}", listed())))?;
        let by_number = || usize::try_from(number(word)?).ok().filter(|number| *number < names.len());
        (names.iter().position(|name| *name == word)).or_else(by_number).ok_or_else(|| {
            let near = mesh_filter_runtime::document::suggest(word, names);
            let help = match near.split_once('?') {
                Some((near, _)) => format!("{near}? known here: {}", listed()),
                None => format!("known here: {}", listed()),
            };
            self.error(format!("unknown value `{word}`")).with_help(help)
        })
    }
}

/// An integer as text format writes it.
fn number(word: &str) -> Option<i64> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits.trim_start_matches('0'), 8),
        None => (digits, 10),
    };
    let digits = if digits.is_empty() && radix == 8 { "0" } else { digits };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn integers_are_decimal_octal_or_hexadecimal() {
        for (word, value) in
            [("0", 0), ("12", 12), ("-3", -3), ("0x1F", 31), ("0Xff", 255), ("017", 15), ("00", 0)]
        {
            assert_eq!(number(word), Some(value), "{word}");
        }
        for word in ["", "-", "1.5", "1e3", "08", "0x", "0xg", "1f", "+1", "ten", "99999999999999999999"] {
            assert_eq!(number(word), None, "{word}");
        }
    }
}
