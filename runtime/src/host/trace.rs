//! Who hears of hostcalls, for tests that show what a plugin did, and how a call reads as a line.

use std::fmt::Write as _;

/// Hears of hostcalls.
pub trait Trace {
    /// A hostcall has been answered, as [`line`] writes it.
    fn hostcall(&self, line: String);
}

/// An argument or a result of a hostcall.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Part<'a> {
    /// A name, a value, a message.
    Text(&'a [u8]),
    /// The path of a property, whose parts are separated by zeros.
    Path(&'a [u8]),
    /// A number.
    Number(i128),
    /// The name of a number that the ABI names.
    Word(&'static str),
    /// So many pairs of names and values.
    Pairs(usize),
}

/// Most bytes of a text that a line shows.
pub const SHOWN: usize = 80;

/// `name("argument", 1) -> "result"`: without `proxy_`; in place of results stands why there are none.
#[must_use]
pub fn line(name: &str, arguments: &[Part<'_>], results: Result<&[Part<'_>], &str>) -> String {
    let mut line = format!("{}(", name.strip_prefix("proxy_").unwrap_or(name));
    list(&mut line, arguments);
    line.push(')');
    match results {
        Ok([]) => {}
        Ok(results) => {
            line.push_str(" -> ");
            list(&mut line, results);
        }
        Err(why) => {
            let _infallible = write!(line, " -> {why}");
        }
    }
    line
}

fn list(line: &mut String, parts: &[Part<'_>]) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            line.push_str(", ");
        }
        let _infallible = match part {
            Part::Text(text) => write!(line, "\"{}\"{}", start(text), more(text)),
            Part::Path(path) => {
                let dotted: Vec<u8> = path.iter().map(|byte| if *byte == 0 { b'.' } else { *byte }).collect();
                write!(line, "\"{}\"{}", start(&dotted), more(path))
            }
            Part::Number(number) => write!(line, "{number}"),
            Part::Word(word) => write!(line, "{word}"),
            Part::Pairs(1) => write!(line, "1 pair"),
            Part::Pairs(count) => write!(line, "{count} pairs"),
        };
    }
}

fn start(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.get(..SHOWN).unwrap_or(text));
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

fn more(text: &[u8]) -> String {
    if text.len() > SHOWN { format!(".. ({} bytes)", text.len()) } else { String::new() }
}
