//! Lengths of time as configurations write them.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

/// Units, and how many nanoseconds each has.
const UNITS: [(&str, u64); 6] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Most digits after the point, and the parts of one that they tell: nanoseconds of a second.
const MAX_DIGITS: usize = 9;
const PARTS: u64 = 1_000_000_000;

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
        let scale = 10_u64.pow(u32::try_from(MAX_DIGITS - part.len()).ok()?);
        let parts = part.parse::<u64>().ok()? * scale;
        // A unit is so many of those parts, or the other way round.
        let part = if *nanos < PARTS { parts / (PARTS / nanos) } else { parts * (nanos / PARTS) };
        let nanos = whole.parse::<u64>().ok()?.checked_mul(*nanos)?.checked_add(part)?;
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

/// As it may stand in a configuration: `1.5s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(self.0).fmt(f)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A time as its `Debug` has it (`1.5s`), for messages: that one counts in 128 bits and has 3 KiB.
pub(crate) struct Shown(pub(crate) Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        let (whole, mut part, mut digits, unit) = match (seconds, nanos) {
            (1.., _) => (seconds, nanos, 9, "s"),
            (0, 1_000_000..) => ((nanos / 1_000_000).into(), nanos % 1_000_000, 6, "ms"),
            (0, 1_000..) => ((nanos / 1_000).into(), nanos % 1_000, 3, "µs"),
            (0, _) => (nanos.into(), 0, 0, "ns"),
        };
        if part == 0 {
            return write!(f, "{whole}{unit}");
        }
        while part % 10 == 0 {
            part /= 10;
            digits -= 1;
        }
        write!(f, "{whole}.{part:0digits$}{unit}")
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
            ("0.000000001h", 3_600),
            ("0.000999us", 0),
            ("1.25us", 1_250),
            ("2.999999999ms", 2_999_999),
            ("1.999999999ns", 1),
        ] {
            assert_eq!(read(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn times_are_shown_as_their_debug_has_them() {
        for nanos in [
            0,
            1,
            999,
            1_000,
            1_500,
            1_001,
            999_999,
            1_000_000,
            1_000_001,
            250_000_000,
            999_999_999,
            1_000_000_000,
            1_500_000_000,
            1_000_000_001,
            60_000_000_000,
            u64::MAX,
        ] {
            let time = Duration::from_nanos(nanos);
            assert_eq!(Shown(time).to_string(), format!("{time:?}"));
        }
        assert_eq!(Shown(Duration::MAX).to_string(), format!("{:?}", Duration::MAX));
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
