//! Dates of HTTP and of access logs, computed once per second.

use bytes::Bytes;
use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The `date` header of the current second.
#[derive(Debug, Default)]
pub(super) struct DateCache(RefCell<(u64, Bytes)>);

impl DateCache {
    pub(super) fn now(&self) -> Bytes {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut cached = self.0.borrow_mut();
        if cached.0 != seconds {
            *cached = (seconds, http_date(seconds).into());
        }
        cached.1.clone()
    }
}

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: u64,
    pub(super) month: u64,
    pub(super) day: u64,
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) second: u64,
}

impl Civil {
    /// The moment so many seconds after 1970, by the Gregorian calendar.
    pub(super) fn new(seconds: u64) -> Self {
        // Years are counted from March, so that the leap day ends them; 719468 days lie before 1970.
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: year + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }
}

fn http_date(seconds: u64) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::new(seconds);
    let name = |names: &[&'static str], index: u64| {
        usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
    };
    let (weekday, month) = (name(&DAYS, seconds / 86_400 % 7), name(&MONTHS, month - 1));
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// A moment as access logs have it: `2026-11-23T02:18:14.220Z`.
pub(super) fn log_time(since_1970: Duration) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::new(since_1970.as_secs());
    let millisecond = since_1970.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_have_their_known_dates() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(1_709_164_800), "Thu, 29 Feb 2024 00:00:00 GMT");
        assert_eq!(http_date(1_735_689_599), "Tue, 31 Dec 2024 23:59:59 GMT");
        assert_eq!(log_time(Duration::from_millis(951_782_400_042)), "2000-02-29T00:00:00.042Z");
    }
}
