//! Typed readings of a scalar.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::node::quoted;
use super::suggest::suggest;
use super::{Kind, Node, Result, parse_duration, parse_span};

impl Node {
    /// The text of a scalar and whether it stands without quotes; `None` for anything else.
    #[must_use]
    pub fn scalar(&self) -> Option<(&str, bool)> {
        match self.kind() {
            Kind::Scalar { text, plain } => Some((text, *plain)),
            _ => None,
        }
    }

    /// A scalar as text, quoted or not: `no` is the text `no`, `1.10` the text `1.10`.
    ///
    /// # Errors
    /// If the node is not a scalar.
    pub fn string(&self) -> Result<&str> {
        self.scalar().map(|(text, _)| text).ok_or_else(|| self.expected("a string"))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// For anything else, also `yes`, `on`, `1` and a quoted `"true"`.
    pub fn bool(&self) -> Result<bool> {
        match self.scalar() {
            Some(("true" | "True" | "TRUE", true)) => Ok(true),
            Some(("false" | "False" | "FALSE", true)) => Ok(false),
            _ => Err(self.expected("`true` or `false`")),
        }
    }

    /// A decimal integer in `range`, quoted or not.
    ///
    /// # Errors
    /// If it is none, has a leading zero or is outside the range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Result<i64> {
        let wanted = || self.expected(&describe(&range));
        let text = self.scalar().map(|(text, _)| text).ok_or_else(wanted)?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = digits.len() > 1 && digits.starts_with('0');
        if leading_zero || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wanted());
        }
        text.parse().ok().filter(|value| range.contains(value)).ok_or_else(wanted)
    }

    /// As [`Node::integer`], for a `u32`.
    ///
    /// # Errors
    /// If it is none or outside the range.
    pub fn u32(&self, range: RangeInclusive<u32>) -> Result<u32> {
        let value = self.integer(i64::from(*range.start())..=i64::from(*range.end()))?;
        u32::try_from(value).map_err(|_| self.expected("a smaller number"))
    }

    /// A finite decimal number, quoted or not.
    ///
    /// # Errors
    /// If it is none.
    pub fn float(&self) -> Result<f64> {
        let number = |text: &str| {
            let shaped = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            text.parse::<f64>().ok().filter(|value| shaped && value.is_finite())
        };
        self.scalar().and_then(|(text, _)| number(text)).ok_or_else(|| self.expected("a number"))
    }

    /// A duration in seconds as protobuf writes it: `0.25s`, `15s`.
    ///
    /// # Errors
    /// If it is written differently, is negative or too long.
    pub fn duration(&self) -> Result<Duration> {
        (self.scalar().and_then(|(text, _)| parse_duration(text)))
            .ok_or_else(|| self.expected("a duration in seconds such as `0.25s`"))
    }

    /// A duration with units: `1m30s`, `250ms`, `2h`.
    ///
    /// # Errors
    /// If it is written differently or too long.
    pub fn span(&self) -> Result<Duration> {
        (self.scalar().and_then(|(text, _)| parse_span(text)))
            .ok_or_else(|| self.expected("a duration such as `250ms`, `15s` or `1m30s`"))
    }

    /// The value that `choices` has for this scalar.
    ///
    /// # Errors
    /// If the scalar is none of the choices; the help lists them.
    pub fn choice<T: Clone>(&self, choices: &[(&str, T)]) -> Result<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let Some((text, _)) = self.scalar() else {
            return Err(self.expected(&format!("one of {listed}")));
        };
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(value.clone()),
            None => {
                Err(self.error(format!("unknown value {}", quoted(text))).with_help(suggest(text, &names)))
            }
        }
    }
}

fn describe(range: &RangeInclusive<i64>) -> String {
    match (*range.start(), *range.end()) {
        (i64::MIN, i64::MAX) => "an integer".to_owned(),
        (least, i64::MAX) => format!("an integer of at least {least}"),
        (least, most) => format!("an integer from {least} to {most}"),
    }
}
