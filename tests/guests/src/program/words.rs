//! The arguments of a call as words, and what it gave back as text.
//!
//! * `12`, `-1` is a number, `$name` one that was kept: `$id` is the context that runs, `$stream` the newest stream,
//!   `$token` the token of a callout's answer or of a queue;
//! * `'text'` is an address and a size; `\n`, `\0`, `\xNN`, `\'` and `\\` as in Rust; `'x'*1000` repeats it;
//! * `{'name'='value', ...}` is an address and a size of encoded pairs;
//! * `&number`, `&long` are addresses of four and eight bytes to fill, `&odd` of eight that are not aligned;
//!   `&number=name` keeps what came;
//! * `&bytes`, `&pairs`, `&map`, `&size` are two addresses, for an address and a size; shown are the bytes, the pairs, the
//!   pairs in order of their names, the size; `&some` fills eight bytes as `&long` does and shows only that they are filled.

use super::memory::{Out, returned};
use super::{STATE, calls};

/// How many bytes of a value are shown.
const SHOWN: usize = 200;

enum Output {
    Number(Option<String>),
    Long,
    Odd,
    Bytes,
    Pairs,
    Map,
    Size,
    Some,
}

/// A number as it stands in a program.
pub(super) fn number(word: &str) -> Option<u64> {
    match word.strip_prefix('$') {
        Some(name) => STATE.with_borrow(|state| state.variables.get(name).copied()),
        None => word.parse::<i64>().ok().map(i64::cast_unsigned),
    }
}

/// Calls a host function and tells its status and outputs.
pub(super) fn call(name: &str, words: &str) -> String {
    let (mut arguments, mut inputs, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = words.trim();
    while !rest.is_empty() {
        if let Some(output) = rest.strip_prefix('&') {
            let (word, after) = output.split_once(' ').unwrap_or((output, ""));
            let Some(kind) = Output::of(word) else { return format!("no output `{word}`") };
            let out = Out::untouched();
            match kind {
                Output::Bytes | Output::Pairs | Output::Map | Output::Size => {
                    arguments.extend([out.address(), out.address() + 4]);
                }
                Output::Odd => arguments.push(out.address() + 1),
                Output::Number(_) | Output::Long | Output::Some => arguments.push(out.address()),
            }
            outputs.push((kind, out));
            rest = after.trim_start();
        } else if rest.starts_with(['\'', '{']) {
            let Some((bytes, after)) = value(rest) else { return format!("no value `{rest}`") };
            let input = Out::of(&bytes);
            arguments.extend([input.address(), input.size()]);
            inputs.push(input);
            rest = after.trim_start();
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            let Some(number) = number(word) else { return format!("no number `{word}`") };
            arguments.push(number);
            rest = after.trim_start();
        }
    }
    let Some(status) = calls::call(name, &arguments) else { return format!("no such call {arguments:?}") };
    outputs.iter().fold(status.to_string(), |told, (kind, out)| format!("{told} {}", kind.show(out)))
}

impl Output {
    fn of(word: &str) -> Option<Self> {
        Some(match word.split_once('=').unwrap_or((word, "")) {
            ("number", name) => Self::Number(Some(name.to_owned()).filter(|name| !name.is_empty())),
            ("long", "") => Self::Long,
            ("odd", "") => Self::Odd,
            ("bytes", "") => Self::Bytes,
            ("pairs", "") => Self::Pairs,
            ("map", "") => Self::Map,
            ("size", "") => Self::Size,
            ("some", "") => Self::Some,
            _ => return None,
        })
    }

    fn show(&self, out: &Out) -> String {
        let u32_at = |offset| out.written(offset).map(u32::from_le_bytes);
        let u64_at = |offset| out.written(offset).map(u64::from_le_bytes);
        let shown = match self {
            Self::Number(name) => {
                if let (Some(name), Some(value)) = (name, u32_at(0)) {
                    STATE.with_borrow_mut(|state| state.variables.insert(name.clone(), u64::from(value)));
                }
                u32_at(0).map(|value| value.to_string())
            }
            Self::Long => u64_at(0).map(|value| value.to_string()),
            Self::Odd => u64_at(1).map(|value| value.to_string()),
            Self::Some => u32_at(0).map(|_| "(filled)".to_owned()),
            Self::Bytes | Self::Pairs | Self::Map | Self::Size => match (u32_at(0), u32_at(4)) {
                (Some(0), Some(0)) => Some("null".to_owned()),
                (Some(address), Some(size)) => Some(self.value(&returned(address, size))),
                (None, None) => None,
                (address, size) => Some(format!("address {}, size {size:?}", address.is_some())),
            },
        };
        shown.unwrap_or_else(|| "-".to_owned())
    }

    fn value(&self, bytes: &[u8]) -> String {
        match self {
            Self::Size => format!("({} bytes)", bytes.len()),
            Self::Pairs | Self::Map => {
                let shown = |mut pairs: Vec<String>| {
                    if matches!(self, Self::Map) {
                        pairs.sort();
                    }
                    format!("{{{}}}", pairs.join(", "))
                };
                pairs(bytes).map_or_else(|| format!("not pairs: {}", quoted(bytes)), shown)
            }
            _ => quoted(bytes),
        }
    }
}

fn quoted(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN) {
        Some(start) => format!("'{}'... ({} bytes)", start.escape_ascii(), bytes.len()),
        None => format!("'{}'", bytes.escape_ascii()),
    }
}

/// Encoded pairs as texts.
fn pairs(bytes: &[u8]) -> Option<Vec<String>> {
    let word = |index: usize| {
        let four = bytes.get(index * 4..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*four)).ok()
    };
    let count = word(0)?;
    let mut at = 4 + 8 * count;
    let mut shown = Vec::new();
    for index in 0..count {
        let mut part = |size: usize| {
            let part = bytes.get(at..at + size)?;
            let nul = bytes.get(at + size)?;
            at += size + 1;
            (*nul == 0).then(|| quoted(part))
        };
        let (name, value) = (part(word(1 + 2 * index)?)?, part(word(2 + 2 * index)?)?);
        shown.push(format!("{name}={value}"));
    }
    (at == bytes.len()).then_some(shown)
}

/// The text or the pairs at the beginning, and what follows.
fn value(words: &str) -> Option<(Vec<u8>, &str)> {
    let Some(mut rest) = words.strip_prefix('{') else { return text(words) };
    let mut entries = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((encode(&entries)?, after));
        }
        let (name, after) = text(rest)?;
        let (value, after) = text(after.strip_prefix('=')?)?;
        entries.push((name, value));
        rest = after;
    }
}

fn encode(entries: &[(Vec<u8>, Vec<u8>)]) -> Option<Vec<u8>> {
    let size = |bytes: &[u8]| Some(u32::try_from(bytes.len()).ok()?.to_le_bytes());
    let mut encoded = u32::try_from(entries.len()).ok()?.to_le_bytes().to_vec();
    for (name, value) in entries {
        encoded.extend(size(name)?);
        encoded.extend(size(value)?);
    }
    for part in entries.iter().flat_map(|(name, value)| [name, value]) {
        encoded.extend(part);
        encoded.push(0);
    }
    Some(encoded)
}

fn text(words: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut characters = words.strip_prefix('\'')?.chars();
    loop {
        match characters.next()? {
            '\'' => break,
            '\\' => bytes.push(match characters.next()? {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                '0' => 0,
                'x' => u8::try_from(characters.next()?.to_digit(16)? * 16 + characters.next()?.to_digit(16)?)
                    .ok()?,
                other => u8::try_from(other).ok()?,
            }),
            other => bytes.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    let rest = characters.as_str();
    let Some(times) = rest.strip_prefix('*') else { return Some((bytes, rest)) };
    let end = times.find(|character: char| !character.is_ascii_digit()).unwrap_or(times.len());
    let (times, rest) = times.split_at(end);
    Some((bytes.repeat(times.parse().ok()?), rest))
}
