//! Durations as text: protobuf's `0.25s` and the scenario files' `1m30s`.

use std::time::Duration;

/// The longest duration that protobuf can say: 10 000 years.
const MAX_SECONDS: u64 = 315_576_000_000;

/// Reads protobuf's JSON form of a duration that is not negative: seconds with up to nine decimals
/// and an `s`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.ends_with('.')
        || !digits(seconds)
        || seconds.is_empty()
        || !digits(fraction)
        || fraction.len() > 9
    {
        return None;
    }
    let seconds: u64 = seconds.parse().ok().filter(|seconds| *seconds <= MAX_SECONDS)?;
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    (seconds < MAX_SECONDS || nanos == 0).then(|| Duration::new(seconds, nanos))
}

/// Reads a duration with units: `1m30s`, `250ms`, `1.5s`, `2h`, `10us`, `0`.
///
/// Units go from large to small and each stands once.
#[must_use]
pub fn parse_span(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at_checked(unit_end)?;
        let (_, nanos) = units.by_ref().find(|(name, _)| *name == unit)?;
        total = total.checked_add(times(number, *nanos)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes protobuf's JSON form: `15s`, `0.25s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        return format!("{}s", duration.as_secs());
    }
    let number = format!("{}.{:09}", duration.as_secs(), duration.subsec_nanos());
    format!("{}s", number.trim_end_matches('0'))
}

/// `number` (digits, perhaps with decimals) of a unit of `unit_nanos` nanoseconds.
fn times(number: &str, unit_nanos: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || !digits(whole) || !digits(fraction) || fraction.len() > 9
    {
        return None;
    }
    let billionths: u64 = format!("{fraction:0<9}").parse().ok()?;
    let nanos = u128::from(whole.parse::<u64>().ok()?) * u128::from(unit_nanos)
        + u128::from(billionths) * u128::from(unit_nanos) / 1_000_000_000;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok().filter(|seconds| *seconds <= MAX_SECONDS)?;
    Some(Duration::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
