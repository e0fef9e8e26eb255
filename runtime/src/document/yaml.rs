//! Writes YAML in block style that every YAML reader types alike, those of YAML 1.1 too.

use serde_json::Value;

/// Words that some reader takes for something else than a text.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A tree to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Yaml {
    /// A text.
    Text(String),
    /// A number, `true`, `false` or `null`.
    Bare(String),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in this order.
    Mapping(Vec<(String, Yaml)>),
}

impl From<&Value> for Yaml {
    /// Members stand in the alphabet's order, as `kubectl` writes them.
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                let mut entries: Vec<_> =
                    members.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect();
                entries.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Mapping(entries)
            }
            bare => Self::bare(bare),
        }
    }
}

impl Yaml {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// What stands bare.
    pub fn bare(value: impl ToString) -> Self {
        Self::Bare(value.to_string())
    }

    /// A mapping, in this order.
    pub fn mapping<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Mapping(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The document.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = String::new();
        self.block(&mut text, 0);
        text
    }

    /// Writes a list or mapping whose first line the caller has indented.
    fn block(&self, out: &mut String, indent: usize) {
        let margin = " ".repeat(indent);
        match self {
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { &margin });
                    out.push_str("- ");
                    item.inside_list(out, indent + 2);
                }
            }
            Self::Mapping(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { &margin });
                    out.push_str(&scalar(key));
                    out.push(':');
                    value.after_key(out, indent);
                }
            }
            Self::Text(_) | Self::Bare(_) => {
                self.leaf(out, indent);
                out.push('\n');
            }
        }
    }

    fn inside_list(&self, out: &mut String, indent: usize) {
        if self.is_empty() {
            out.push_str(self.empty());
        } else {
            self.block(out, indent);
        }
    }

    fn after_key(&self, out: &mut String, indent: usize) {
        match self {
            _ if self.is_empty() => {
                out.push(' ');
                out.push_str(self.empty());
            }
            Self::Text(_) | Self::Bare(_) => {
                out.push(' ');
                self.leaf(out, indent + 2);
                out.push('\n');
            }
            // Lists stand at the indentation of their key.
            Self::List(_) => {
                out.push_str(&format!("\n{}", " ".repeat(indent)));
                self.block(out, indent);
            }
            Self::Mapping(_) => {
                out.push_str(&format!("\n{}", " ".repeat(indent + 2)));
                self.block(out, indent + 2);
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::List(items) if items.is_empty())
            || matches!(self, Self::Mapping(entries) if entries.is_empty())
    }

    fn empty(&self) -> &'static str {
        if matches!(self, Self::List(_)) { "[]\n" } else { "{}\n" }
    }

    /// A scalar; a text of several lines is a literal block where that keeps every byte.
    fn leaf(&self, out: &mut String, indent: usize) {
        match self {
            Self::Text(text) if fits_block(text) => {
                out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
                for line in text.lines() {
                    out.push('\n');
                    if !line.is_empty() {
                        out.push_str(&" ".repeat(indent));
                        out.push_str(line);
                    }
                }
            }
            Self::Text(text) => out.push_str(&scalar(text)),
            Self::Bare(text) => out.push_str(text),
            Self::List(_) | Self::Mapping(_) => {}
        }
    }
}

fn fits_block(text: &str) -> bool {
    let first = text.chars().next();
    let printable =
        |c: char| c == '\n' || c == ' ' || c.is_ascii_graphic() || (c > '\u{a0}' && c.is_alphanumeric());
    text.trim_end_matches('\n').contains('\n')
        && !text.ends_with("\n\n")
        && first.is_some_and(|c| !c.is_whitespace())
        && text.chars().all(printable)
        && text.lines().all(|line| !line.ends_with(' '))
}

/// A scalar on one line: bare where no reader can take it for anything but a string.
fn scalar(text: &str) -> String {
    let begins = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/');
    let inside = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    if begins && inside && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    quoted(text)
}

/// In double quotes, with the escapes of YAML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' ' => out.push(' '),
            c if c.is_ascii_graphic() || (c > '\u{a0}' && c.is_alphanumeric()) => out.push(c),
            c => out.push_str(&escape(u32::from(c))),
        }
    }
    out.push('"');
    out
}

fn escape(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}
