//! Moments as text: the formats of `%START_TIME%`.

use std::time::Duration;

/// What stands where no format is given, as in Envoy: `2026-01-01T00:00:00.000Z`.
const DEFAULT: &str = "%Y-%m-%dT%H:%M:%E3SZ";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The days of a week from the first of January 1970 on.
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A format, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimeFormat(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(char),
    /// A letter of `strftime`.
    Letter(char),
    /// So many digits of the second's fraction; with the seconds and a point before them, or alone.
    Fraction {
        digits: usize,
        seconds: bool,
    },
}

impl TimeFormat {
    /// Reads a format: letters of `strftime`, `%s`, `%3f` (`%6f`, `%9f`, `%f`) and `%E3S`.
    pub(crate) fn new(format: &str) -> Result<Self, String> {
        let format = if format.is_empty() { DEFAULT } else { format };
        let mut parts = Vec::new();
        let mut rest = format.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                parts.push(Part::Literal(character));
                continue;
            }
            let extended = rest.as_str().starts_with('E');
            if extended {
                rest.next();
            }
            let digits = rest.as_str().chars().next().and_then(|digit| digit.to_digit(10));
            let digits = digits.filter(|digits| (1..=9).contains(digits));
            if digits.is_some() {
                rest.next();
            }
            let digits = digits.and_then(|digits| usize::try_from(digits).ok());
            parts.push(match (extended, digits, rest.next()) {
                (true, Some(digits), Some('S')) => Part::Fraction { digits, seconds: true },
                (false, digits, Some('f')) => Part::Fraction { digits: digits.unwrap_or(9), seconds: false },
                (false, None, Some('%')) => Part::Literal('%'),
                (false, None, Some(letter)) if "YmdHMSsFTDRbhBaAejyZz".contains(letter) => {
                    Part::Letter(letter)
                }
                _ => return Err(format!("`{format}` is no format of time that this filter knows")),
            });
        }
        Ok(Self(parts))
    }

    /// A moment since 1970, in UTC.
    pub(crate) fn write(&self, since: Duration) -> String {
        let moment = Moment::new(since);
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(character) => text.push(*character),
                Part::Letter(letter) => text.push_str(&moment.letter(*letter)),
                Part::Fraction { digits, seconds } => {
                    let nanoseconds = format!("{:09}", since.subsec_nanos());
                    if *seconds {
                        text.push_str(&format!("{:02}.", moment.second));
                    }
                    text.push_str(nanoseconds.get(..*digits).unwrap_or(&nanoseconds));
                }
            }
        }
        text
    }
}

/// A moment in the calendar, in UTC.
struct Moment {
    since: u64,
    days: u64,
    year: u64,
    /// 1 to 12.
    month: u64,
    day: u64,
    day_of_year: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Moment {
    fn new(since: Duration) -> Self {
        let since = since.as_secs();
        let days = since / 86_400;
        let (mut year, mut left) = (1970 + days / 146_097 * 400, days % 146_097);
        while left >= length(year) {
            left -= length(year);
            year += 1;
        }
        let day_of_year = left + 1;
        let mut month = 1;
        while left >= days_of(year, month) {
            left -= days_of(year, month);
            month += 1;
        }
        Self {
            since,
            days,
            year,
            month,
            day: left + 1,
            day_of_year,
            hour: since / 3600 % 24,
            minute: since / 60 % 60,
            second: since % 60,
        }
    }

    fn letter(&self, letter: char) -> String {
        let two = |number: u64| format!("{number:02}");
        let named = |names: &'static [&'static str], index: u64| {
            usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
        };
        let short = |name: &'static str| name.get(..3).unwrap_or(name).to_owned();
        let month = named(&MONTHS, self.month - 1);
        let day = named(&DAYS, self.days % 7);
        let (year, month_number) = (self.year, two(self.month));
        let (hour, minute, second) = (two(self.hour), two(self.minute), two(self.second));
        match letter {
            'Y' => year.to_string(),
            'm' => month_number,
            'd' => two(self.day),
            'H' => hour,
            'M' => minute,
            'S' => second,
            's' => self.since.to_string(),
            'F' => format!("{year}-{month_number}-{:02}", self.day),
            'T' => format!("{hour}:{minute}:{second}"),
            'R' => format!("{hour}:{minute}"),
            'D' => format!("{month_number}/{:02}/{:02}", self.day, year % 100),
            'b' | 'h' => short(month),
            'B' => month.to_owned(),
            'a' => short(day),
            'A' => day.to_owned(),
            'e' => format!("{:2}", self.day),
            'j' => format!("{:03}", self.day_of_year),
            'y' => two(year % 100),
            'Z' => "UTC".to_owned(),
            _ => "+0000".to_owned(),
        }
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn length(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        // December is the last: what is left of a year fits into it.
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &str, seconds: u64, nanoseconds: u32) -> String {
        TimeFormat::new(format).unwrap().write(Duration::new(seconds, nanoseconds))
    }

    #[test]
    fn moments_are_written_as_strftime_does() {
        assert_eq!(written("", 0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(written("", 951_782_399, 1_500_000), "2000-02-28T23:59:59.001Z");
        assert_eq!(written("%F %T", 951_782_400, 0), "2000-02-29 00:00:00");
        assert_eq!(written("%F %j", 978_220_800, 0), "2000-12-31 366");
        assert_eq!(written("%a, %d %b %Y %H:%M:%S GMT", 784_111_777, 0), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(written("%s.%3f %6f %f %E1S%%", 5, 123_456_789), "5.123 123456 123456789 05.1%");
        assert_eq!(
            written("%A %B %e %y %D %R %Z %z", 4_107_542_400, 0),
            "Monday March  1 00 03/01/00 00:00 UTC +0000"
        );
        assert_eq!(written("%F", 253_402_300_799, 0), "9999-12-31");
    }

    #[test]
    fn unknown_letters_are_refused() {
        for format in ["%", "%Q", "%E", "%ES", "%0f", "%E3", "%3S"] {
            assert!(TimeFormat::new(format).is_err(), "{format}");
        }
    }
}
