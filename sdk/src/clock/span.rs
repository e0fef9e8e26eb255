//! Lengths of time as configurations write them.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

/// Units, and how many nanoseconds each has.
const UNITS: [(&str, u128); 6] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Most digits after the point: nanoseconds of a second.
const MAX_DIGITS: usize = 9;

/// A length of time in a configuration: `250ms`, `1.5s`, `5m`, `1h`.
///
/// A number with up to nine digits after the point, and one of the units `ns`, `us`, `ms`, `s`,
/// `m`, `h`. That is what Envoy writes (`1.5s`), and what people do. It is used as a [`Duration`].
///
/// ```
/// use mesh_filter::clock::Span;
/// use std::time::Duration;
///
/// let timeout: Span = serde_json::from_str("\"1.5s\"").unwrap();
/// assert_eq!(*timeout, Duration::from_millis(1500));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

impl Span {
    /// This time; what a configuration leaves out has it by `#[serde(default = ..)]`.
    #[must_use]
    pub const fn new(time: Duration) -> Self {
        Self(time)
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, nanos) =
            UNITS.iter().find_map(|(unit, nanos)| Some((text.strip_suffix(unit)?, nanos)))?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || part.len() > MAX_DIGITS {
            return None;
        }
        let scale = 10_u128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let number = whole.parse::<u128>().ok()?.checked_mul(scale)?.checked_add(part.parse().ok()?)?;
        let nanos = u64::try_from(number.checked_mul(*nanos)? / scale).ok()?;
        Some(Self(Duration::from_nanos(nanos)))
    }
}

impl Deref for Span {
    type Target = Duration;

    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "`{text}` is not a length of time: expected a number and a unit, such as `250ms`, `1.5s`, `5m` or `1h`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Duration, String> {
        let span: Result<Span, _> = serde_json::from_value(text.into());
        span.map(Into::into).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_with_a_unit_are_lengths_of_time() {
        for (text, nanos) in [
            ("0s", 0),
            ("1ns", 1),
            ("250us", 250_000),
            ("99ms", 99_000_000),
            ("1.5s", 1_500_000_000),
            ("0.000000001s", 1),
            ("5m", 300_000_000_000),
            ("1.5h", 5_400_000_000_000),
        ] {
            assert_eq!(read(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_what_was_expected() {
        for text in
            ["", "5", "s", ".5s", "5.s", "-1s", "1e3s", "5 s", "1m30s", "5d", "1.0000000001s", "99999999999h"]
        {
            assert!(read(text).unwrap_err().contains("such as `250ms`"), "{text}");
        }
    }
}
