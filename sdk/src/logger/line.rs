//! One line of the log: without line breaks, whatever is in it, and of bounded length.

#[cfg(feature = "kv")]
use log::kv;
use std::fmt::{self, Write};

/// Bytes of a line at most. Lines of one proxy go through one lock, and collectors cut at 16 KiB.
const MAX_BYTES: usize = 8 << 10;

/// A line that is being written.
///
/// What came from a client must not look like another line, nor steer the terminal that shows it:
/// control characters are escaped.
#[derive(Default)]
pub(super) struct Line {
    text: String,
    /// Bytes that had no room.
    cut: usize,
}

impl Line {
    pub(super) fn of(message: fmt::Arguments<'_>) -> Self {
        let mut line = Self::default();
        // A line takes everything; only a `Display` that fails by itself ends early.
        let _ = line.write_fmt(message);
        line
    }

    #[cfg(any(feature = "kv", feature = "tracing"))]
    /// Adds `key=value`, in quotes where it would not be seen where the value ends.
    #[cfg(any(feature = "kv", feature = "tracing"))]
    pub(super) fn pair(&mut self, key: &str, value: fmt::Arguments<'_>) {
        let value = Self::of(value).finish();
        let space = if self.text.is_empty() { "" } else { " " };
        let quoted = value.is_empty() || value.contains([' ', '"', '=']);
        let _ = if quoted {
            write!(self, "{space}{key}=\"{}\"", value.replace('"', "\\\""))
        } else {
            write!(self, "{space}{key}={value}")
        };
    }

    /// Adds another line, after a space where there is something before it.
    #[cfg(feature = "tracing")]
    pub(super) fn append(&mut self, other: &Self) {
        if !other.text.is_empty() && !self.text.is_empty() && !self.text.ends_with(' ') {
            self.push(" ");
        }
        self.push(&other.text);
        self.cut += other.cut;
    }

    /// What there is of it.
    #[cfg(feature = "tracing")]
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn finish(mut self) -> String {
        if self.cut > 0 {
            let cut = self.cut;
            self.text.push_str("… (");
            self.text.push_str(&cut.to_string());
            self.text.push_str(" bytes more)");
        }
        self.text
    }

    fn push(&mut self, text: &str) {
        if self.cut == 0 && self.text.len() + text.len() <= MAX_BYTES {
            self.text.push_str(text);
            return;
        }
        for character in text.chars() {
            if self.cut == 0 && self.text.len() + character.len_utf8() <= MAX_BYTES {
                self.text.push(character);
            } else {
                self.cut += character.len_utf8();
            }
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((start, control)) = rest.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
            self.push(rest.get(..start).unwrap_or_default());
            for escaped in control.escape_default() {
                self.push(escaped.encode_utf8(&mut [0; 4]));
            }
            rest = rest.get(start + control.len_utf8()..).unwrap_or_default();
        }
        self.push(rest);
        Ok(())
    }
}

/// Key-values of `log`'s macros.
#[cfg(feature = "kv")]
impl<'kvs> kv::VisitSource<'kvs> for Line {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.pair(key.as_str(), format_args!("{value}"));
        Ok(())
    }
}
