//! Protobuf's JSON rules as Envoy's YAML loader applies them.
//!
//! Field names stand in snake_case or camelCase. Envoy's loader types plain scalars by YAML 1.1, so
//! that `no`, `12` and `0x1f` are no strings to it: where a string is wanted these must be quoted.

use std::time::Duration;

use super::base64;
use crate::document::{Fields, Node, Result};

/// The longest duration that Envoy takes: what fits 63 bits of nanoseconds.
const MAX_SECONDS: u64 = 9_223_372_035;

/// How Envoy's YAML loader types a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain<'a> {
    Bool(bool),
    Integer(i64),
    Text(&'a str),
}

/// Readings of a node by protobuf's JSON rules.
pub(super) trait Proto {
    fn proto(&self, known: &[&'static str]) -> Result<Fields<'_>>;
    fn typed(&self, type_name: &'static str, known: &[&'static str]) -> Result<Fields<'_>>;
    fn type_name(&self) -> Result<String>;
    fn only(&self, what: &str) -> Result<&Self>;
    fn text(&self) -> Result<String>;
    fn nonempty(&self) -> Result<String>;
    fn header_name(&self) -> Result<String>;
    fn header_value(&self) -> Result<String>;
    fn base64(&self) -> Result<Vec<u8>>;
    fn time(&self) -> Result<Duration>;
    fn positive_duration(&self) -> Result<Duration>;
    fn timeout(&self) -> Result<Option<Duration>>;
    fn enumeration<T: Clone>(&self, values: &[(&str, i64, T)]) -> Result<T>;
}

impl Proto for Node {
    /// A message with the fields `known`.
    fn proto(&self, known: &[&'static str]) -> Result<Fields<'_>> {
        self.mapping_by(known, snake_case)
    }

    /// An `Any` that holds a message of `type_name` with the fields `known`.
    fn typed(&self, type_name: &'static str, known: &[&'static str]) -> Result<Fields<'_>> {
        if self.type_name()? != type_name {
            return Err(self.error(format!("expected the type `{type_name}`, got `{}`", self.type_name()?)));
        }
        let mut all = vec!["@type"];
        all.extend_from_slice(known);
        self.proto(&all)
    }

    /// The `@type` of an `Any`, without `type.googleapis.com/`.
    fn type_name(&self) -> Result<String> {
        let entry = self.entries()?.iter().find(|entry| entry.key == "@type" && !entry.value.is_null());
        let node = &entry.ok_or_else(|| self.error("missing field `@type`"))?.value;
        let url = node.text()?;
        match url.strip_prefix("type.googleapis.com/") {
            Some(name) => Ok(name.to_owned()),
            None => {
                Err(node.error(format!("expected a type such as `type.googleapis.com/...`, got `{url}`")))
            }
        }
    }

    /// The one item of a list.
    fn only(&self, what: &str) -> Result<&Self> {
        match self.list()? {
            [item] => Ok(item),
            items => Err(self.error(format!("expected one {what}, got {}", items.len()))),
        }
    }

    /// A string.
    fn text(&self) -> Result<String> {
        match self.scalar() {
            Some((text, true)) if self.place().is_json() || !matches!(plain(text), Plain::Text(_)) => {
                let help = format!("write \"{text}\"; Envoy reads the bare word as a number or a bool");
                Err(self.error(format!("expected a string, got `{text}` without quotes")).with_help(help))
            }
            _ => self.string().map(str::to_owned),
        }
    }

    /// A string with at least one character.
    fn nonempty(&self) -> Result<String> {
        let text = self.text()?;
        if text.is_empty() { Err(self.error("expected a string, got an empty one")) } else { Ok(text) }
    }

    /// The name of a header, in lower case.
    fn header_name(&self) -> Result<String> {
        let text = self.nonempty()?;
        let name = text.strip_prefix(':').unwrap_or(&text);
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(self.expected("the name of a header"));
        }
        Ok(text.to_ascii_lowercase())
    }

    /// A string that may stand in a header.
    fn header_value(&self) -> Result<String> {
        let text = self.text()?;
        if text.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(self.expected("the value of a header"));
        }
        Ok(text)
    }

    /// Bytes in base64.
    fn base64(&self) -> Result<Vec<u8>> {
        base64::decode(&self.text()?).ok_or_else(|| self.error("expected base64"))
    }

    /// A duration that is not negative.
    fn time(&self) -> Result<Duration> {
        let time = self.duration()?;
        if time.as_secs() > MAX_SECONDS {
            return Err(self.expected(&format!("a duration of at most `{MAX_SECONDS}s`")));
        }
        Ok(time)
    }

    /// A duration above zero.
    fn positive_duration(&self) -> Result<Duration> {
        Some(self.time()?)
            .filter(|time| !time.is_zero())
            .ok_or_else(|| self.expected("a duration above `0s`"))
    }

    /// A timeout, where zero means none.
    fn timeout(&self) -> Result<Option<Duration>> {
        Ok(Some(self.time()?).filter(|time| !time.is_zero()))
    }

    /// A value of an enumeration, by name or number.
    fn enumeration<T: Clone>(&self, values: &[(&str, i64, T)]) -> Result<T> {
        if let Some((text, true)) = self.scalar()
            && let Plain::Integer(number) = plain(text)
            && let Some((_, _, value)) = values.iter().find(|(_, known, _)| *known == number)
        {
            return Ok(value.clone());
        }
        self.choice(&values.iter().map(|(name, _, value)| (*name, value.clone())).collect::<Vec<_>>())
    }
}

/// The name of a field in the `.proto` file: `statPrefix` is `stat_prefix`.
fn snake_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 4);
    // A key that has both forms, such as `stat_Prefix`, is neither and must stay unknown.
    if key.contains('_') {
        return key.to_owned();
    }
    for character in key.chars() {
        if character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

/// Types a plain scalar as Envoy's loader does.
pub(super) fn plain(text: &str) -> Plain<'_> {
    if let Some(value) = yaml11_bool(text) {
        return Plain::Bool(value);
    }
    yaml11_integer(text).map_or(Plain::Text(text), Plain::Integer)
}

fn yaml11_bool(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let mut capitals = text.bytes().skip(1).map(|byte| byte.is_ascii_uppercase());
    let first = text.bytes().next()?.is_ascii_uppercase();
    // `true`, `True` and `TRUE`, but not `tRUE` or `TRue`.
    let uniform =
        if first { capitals.clone().all(|c| c) || !capitals.any(|c| c) } else { !capitals.any(|c| c) };
    match lower.as_str() {
        "y" | "yes" | "true" | "on" if uniform => Some(true),
        "n" | "no" | "false" | "off" if uniform => Some(false),
        _ => None,
    }
}

fn yaml11_integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    i64::try_from(if negative { -value } else { value }).ok()
}
