//! Values as scenario files write them.

use std::time::Duration;

/// Words that mean something else than themselves where they stand without quotes.
const SPECIAL: [&str; 8] = ["absent", "present", "null", "true", "false", "called", "not_called", "reset"];

/// A text as a scalar that means just this text.
pub(super) fn scalar(text: &str) -> String {
    // In braces would stand a variable.
    let text = text.replace("{{", "{{\"{{\"}}");
    let simple = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.-".contains(&byte));
    let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
    let special = SPECIAL.iter().any(|word| text.eq_ignore_ascii_case(word));
    if simple && starts_well && !special { text } else { quoted(&text) }
}

/// A mapping on one line.
pub(super) fn mapping(entries: &[(String, String)]) -> String {
    let entry = |(key, value): &(String, String)| format!("{}: {value}", key_of(key));
    format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
}

/// A list on one line.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// Bytes as a body: text where they are text.
pub(super) fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => scalar(text),
        Err(_) => format!("{{hex: \"{}\"}}", hex(bytes)),
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A moment, by the time since 1970; `None` where it is later than scenarios go.
pub(super) fn moment(time: Duration) -> Option<String> {
    const DAY: u64 = 86_400;
    const LAST_YEAR: u64 = 2500;
    let (days, second) = (time.as_secs() / DAY, time.as_secs() % DAY);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
        if year > LAST_YEAR {
            return None;
        }
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second % 3600 / 60, second % 60);
    let fraction = match time.subsec_nanos() {
        0 => String::new(),
        nanos => format!(".{}", format!("{nanos:09}").trim_end_matches('0')),
    };
    Some(format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z", left + 1))
}

fn key_of(key: &str) -> String {
    let simple = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    let starts_well = key.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if simple && starts_well { key.to_owned() } else { quoted(key) }
}

/// In double quotes; what JSON writes there is YAML too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_so_that_they_are_read_as_themselves() {
        for (text, written) in [
            ("GET", "GET"),
            ("/a/b.c", "/a/b.c"),
            ("010", "010"),
            ("", "\"\""),
            ("absent", "\"absent\""),
            ("Null", "\"Null\""),
            ("a: b", "\"a: b\""),
            ("-", "\"-\""),
            ("\"\n", "\"\\\"\\n\""),
            ("{{a}}", "\"{{\\\"{{\\\"}}a}}\""),
        ] {
            assert_eq!(scalar(text), written);
        }
        assert_eq!(bytes(&[0xff, 0x0a]), "{hex: \"ff0a\"}");
        assert_eq!(mapping(&[("a-b".into(), "1".into()), (":".into(), "2".into())]), "{a-b: 1, \":\": 2}");
    }

    #[test]
    fn moments_are_written_in_utc() {
        for (millis, written) in [
            (1, Some("1970-01-01T00:00:00.001Z")),
            (951_868_799_000, Some("2000-02-29T23:59:59Z")),
            (1_767_225_600_500, Some("2026-01-01T00:00:00.5Z")),
            (1_798_761_599_000, Some("2026-12-31T23:59:59Z")),
            (40_000_000_000_000, None),
        ] {
            assert_eq!(moment(Duration::from_millis(millis)).as_deref(), written);
        }
    }
}
