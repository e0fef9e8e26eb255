//! Months and years of the Gregorian calendar, as days since 1970.

/// Days of 400 years, after which the calendar repeats.
const ERA: u64 = 146_097;
/// Days of the years from 1600 to 1970. Eras begin with years that are divisible by 400.
const TO_1970: u64 = 135_140;

/// First day of this day's month, and of the next.
pub(super) fn month(day: u64) -> (u64, u64) {
    let (mut start, end) = year(day);
    let leap = end - start == 366;
    for length in [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < start + length {
            return (start, start + length);
        }
        start += length;
    }
    (start, end)
}

/// First day of this day's year, and of the next.
pub(super) fn year(day: u64) -> (u64, u64) {
    let day = day.saturating_add(TO_1970);
    let era = day / ERA * ERA;
    // A year has 365.2425 days: at most one too early or too late.
    let guess = (day - era) * 400 / ERA;
    let number = (guess.saturating_sub(1)..=guess + 1).rfind(|year| before(*year) <= day - era).unwrap_or(0);
    let since_1970 = |year| (era + before(year)).saturating_sub(TO_1970);
    (since_1970(number), since_1970(number + 1))
}

/// Days of an era before its year of this number. The first one, which is divisible by 400, is a leap year.
fn before(year: u64) -> u64 {
    match year.checked_sub(1) {
        None => 0,
        Some(full) => year * 365 + full / 4 - full / 100 + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_months_follow_each_other_as_they_should() {
        let is_leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let mut first = 0;
        for number in 1970_u64..2500 {
            let length = if is_leap(number) { 366 } else { 365 };
            for day in [first, first + 59, first + 364, first + length - 1] {
                assert_eq!(year(day), (first, first + length), "{number}, day {day}");
            }
            let mut start = first;
            for month_length in [31, length - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                assert_eq!(month(start), (start, start + month_length), "{number}");
                assert_eq!(month(start + month_length - 1), (start, start + month_length), "{number}");
                start += month_length;
            }
            first += length;
        }
    }

    #[test]
    fn a_day_that_is_known_lies_where_it_should() {
        // 29 February 2024 is day 19782.
        assert_eq!(month(19_782), (19_754, 19_783));
        assert_eq!(year(19_782), (19_723, 20_089));
    }
}
