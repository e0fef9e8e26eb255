//! Moments: as configurations write them (RFC 3339, in UTC), and the calendar behind them.

use mesh_filter::clock;
use serde::{Deserialize, Deserializer, de};
use std::time::{Duration, UNIX_EPOCH};

const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1000;
/// 9999-12-31T23:59:59.999Z: years have four digits.
const LAST: i64 = 253_402_300_799_999;

/// A moment of the wall clock, to the millisecond, in the years 1970 to 9999: `2026-01-01T00:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// What calendar and clock show at a moment, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "there is no more to a calendar")]
pub struct Civil {
    /// 1970 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Moment {
    /// What the proxy's clock shows.
    #[must_use]
    pub fn now() -> Self {
        let since_1970 = clock::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_1970.as_millis()).unwrap_or(LAST).min(LAST))
    }

    /// So many milliseconds after 1970 began; `None` before that, and after the year 9999.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        (0..=LAST).contains(&millis).then_some(Self(millis))
    }

    /// So many seconds after 1970 began.
    #[must_use]
    pub fn from_secs(seconds: i64) -> Option<Self> {
        Self::from_millis(seconds.checked_mul(1000)?)
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// How much later than another moment it is; `None` where it is earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<Duration> {
        u64::try_from(self.0 - earlier.0).ok().map(Duration::from_millis)
    }

    /// The same time of day, so many milliseconds later; the calendar's last moment where there is none.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_millis()).unwrap_or(LAST);
        Self(self.0.saturating_add(span).min(LAST))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`, with up to three digits of a fraction.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z')?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if fraction.is_empty() || fraction.len() > 3 {
            return None;
        }
        let (date, time) = whole.split_once('T')?;
        let (date, time) = (date.as_bytes(), time.as_bytes());
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *date else { return None };
        let [h0, h1, b':', i0, i1, b':', s0, s1] = *time else { return None };
        let scale = [100, 10, 1].get(fraction.len() - 1)?;
        let millis = number(fraction.as_bytes())?.checked_mul(*scale)?;
        Self::of(
            &[y0, y1, y2, y3],
            &[m0, m1],
            &[d0, d1],
            [&[h0, h1], &[i0, i1], &[s0, s1]],
            i64::from(millis),
        )
    }

    /// Reads `YYYYMMDDTHHMMSSZ`, the basic format of ISO 8601.
    #[must_use]
    pub fn from_basic(text: &[u8]) -> Option<Self> {
        let [y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, i0, i1, s0, s1, b'Z'] = *text else { return None };
        Self::of(&[y0, y1, y2, y3], &[m0, m1], &[d0, d1], [&[h0, h1], &[i0, i1], &[s0, s1]], 0)
    }

    fn of(year: &[u8], month: &[u8], day: &[u8], time: [&[u8]; 3], millis: i64) -> Option<Self> {
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let [hour, minute, second] = time.map(number);
        let (hour, minute, second) = (hour?, minute?, second?);
        if year < 1970 || !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = i64::from((hour * 60 + minute) * 60 + second);
        Self::from_millis(days_before(year, month, day) * MILLIS_A_DAY + seconds * 1000 + millis)
    }

    /// What calendar and clock show.
    #[must_use]
    pub fn civil(self) -> Civil {
        let (days, rest) = (self.0 / MILLIS_A_DAY, self.0 % MILLIS_A_DAY / 1000);
        let mut year = 1970 + u32::try_from(days / 366).unwrap_or_default();
        while days_before(year + 1, 1, 1) <= days {
            year += 1;
        }
        let month = (1..=12).rev().find(|month| days_before(year, *month, 1) <= days).unwrap_or(1);
        let small = |number: i64| u8::try_from(number).unwrap_or_default();
        Civil {
            year: u16::try_from(year).unwrap_or_default(),
            month: small(i64::from(month)),
            day: small(days - days_before(year, month, 1) + 1),
            hour: small(rest / 3600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// `YYYYMMDDTHHMMSSZ`, the basic format of ISO 8601.
    #[must_use]
    pub fn basic(self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }
}

/// Up to nine digits.
fn number(digits: &[u8]) -> Option<u32> {
    let is_number = digits.len() < 10 && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to this one.
fn days_before(year: u32, month: u32, day: u32) -> i64 {
    let past = i64::from(year) - 1;
    // 719162 days lie before 1970 in the calendar that is drawn on to the year 1.
    let years = past * 365 + past / 4 - past / 100 + past / 400 - 719_162;
    let months: u32 = (1..month).map(|earlier| days_of(year, earlier)).sum();
    years + i64::from(months + day) - 1
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_rfc3339(&text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "`{text}` is not a moment: expected UTC, such as `2026-01-31T12:00:00Z`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        Moment::from_rfc3339(text).map(Moment::millis)
    }

    #[test]
    fn moments_are_counted_from_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.001Z", 1),
            ("1970-01-01T00:00:00.5Z", 500),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2015-08-30T12:36:00Z", 1_440_938_160_000),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            ("9999-12-31T23:59:59.999Z", LAST),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        assert_eq!(Moment::from_basic(b"20150830T123600Z"), Moment::from_rfc3339("2015-08-30T12:36:00Z"));
    }

    #[test]
    fn the_calendar_finds_each_day_again() {
        for day in (0..LAST / MILLIS_A_DAY).step_by(13).chain([59, 789, 790, 11_016, LAST / MILLIS_A_DAY]) {
            let moment = Moment::from_millis(day * MILLIS_A_DAY + 86_399_999).unwrap();
            let back = Moment::from_basic(moment.basic().as_bytes()).unwrap();
            assert_eq!(back.millis(), moment.millis() - 999, "{moment:?} {}", moment.basic());
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+00:00",
            "2026-01-01 00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.0000Z",
            "2026-01-01T00:00:00.-1Z",
            "+026-01-01T00:00:00Z",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn times_end_with_the_calendar() {
        let last = Moment::from_millis(LAST).unwrap();
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(Moment::from_secs(i64::MAX), None);
        assert_eq!(Moment::from_millis(-1), None);
        assert_eq!(last.since(last), Some(Duration::ZERO));
        assert_eq!(Moment::from_millis(0).unwrap().since(last), None);
    }
}
