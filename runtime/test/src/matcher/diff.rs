//! Where two long texts begin and cease to differ, for messages.

use crate::lines::{self, Line};

/// Shorter texts on one line are compared at a glance.
const LONG: usize = 40;
/// So many characters are shown around a difference in a line.
const AROUND: usize = 30;
/// Most lines that are shown.
const MAX_LINES: usize = 24;

/// What differs, in lines with `-` for what is expected and `+` for what came; `None` where the
/// texts are short, or not text.
pub(crate) fn difference(expected: &[u8], actual: &[u8]) -> Option<String> {
    let (expected, actual) = (std::str::from_utf8(expected).ok()?, std::str::from_utf8(actual).ok()?);
    let has_lines = |text: &str| text.contains('\n');
    if expected.is_empty() || actual.is_empty() {
        return None;
    }
    if has_lines(expected) || has_lines(actual) {
        let (expected, actual): (Vec<&str>, Vec<&str>) =
            (expected.split('\n').collect(), actual.split('\n').collect());
        let (mut out, mut shown, mut number, mut gap) = (String::new(), 0, 1, false);
        for line in lines::compare(&expected, &actual) {
            let (sign, line) = match line {
                Line::Both(_) => {
                    (number, gap) = (number + 1, !out.is_empty());
                    continue;
                }
                Line::One(line) => ('-', line),
                Line::Other(line) => ('+', line),
            };
            shown += 1;
            if out.is_empty() {
                out = format!("differs from line {number}:");
            }
            if shown <= MAX_LINES {
                out.push_str(if gap { "\n      ..." } else { "" });
                out.push_str(&format!("\n    {sign} {}", plain(line)));
            }
            gap = false;
        }
        if shown > MAX_LINES {
            out.push_str(&format!("\n    ... {} more lines", shown - MAX_LINES));
        }
        return Some(out);
    }
    if expected.len() < LONG || actual.len() < LONG {
        return None;
    }
    let (expected, actual): (Vec<char>, Vec<char>) = (expected.chars().collect(), actual.chars().collect());
    let (start, end) = common(&expected, &actual);
    let first = start.saturating_sub(AROUND);
    let part = |text: &[char]| -> String {
        let last = (text.len() - end).min(start + AROUND) + AROUND;
        let part: String = text.iter().take(last).skip(first).collect();
        let (before, after) = (if first > 0 { ".." } else { "" }, if last < text.len() { ".." } else { "" });
        format!("{before}{}{after}", plain(&part))
    };
    let (expected, actual) = (part(&expected), part(&actual));
    Some(format!("differs from character {}:\n    - {expected}\n    + {actual}", start + 1))
}

/// How many items both have in common at the beginning, and after these at the end.
fn common<T: PartialEq>(one: &[T], other: &[T]) -> (usize, usize) {
    let start = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let most = one.len().min(other.len()) - start;
    let end = one.iter().rev().zip(other.iter().rev()).take(most).take_while(|(one, other)| one == other);
    (start, end.count())
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn lines_that_differ_are_shown_and_the_others_are_not() {
        let shown = difference(b"a\nb\nc\nd", b"a\nx\ty\nd").unwrap();
        assert_eq!(shown, "differs from line 2:\n    - b\n    - c\n    + x\\ty");
        let added = difference(b"a\na", b"a\na\na").unwrap();
        assert_eq!(added, "differs from line 3:\n    + a");
        let twice = difference(b"a\nb\nc\nd", b"a\nx\nc").unwrap();
        assert_eq!(twice, "differs from line 2:\n    - b\n    + x\n      ...\n    - d");
    }

    #[test]
    fn in_a_long_line_the_part_that_differs_is_shown() {
        let (left, right) = ("l".repeat(100), "r".repeat(100));
        let shown =
            difference(format!("{left}old{right}").as_bytes(), format!("{left}new!{right}").as_bytes());
        let (left, right) = ("l".repeat(30), "r".repeat(30));
        let expected =
            format!("differs from character 101:\n    - ..{left}old{right}..\n    + ..{left}new!{right}..");
        assert_eq!(shown.unwrap(), expected);
    }

    #[test]
    fn what_is_short_or_no_text_is_not_compared() {
        assert_eq!(difference(b"short", b"shirt"), None);
        assert_eq!(difference(&[0xff; 100], &[0xfe; 100]), None);
        assert_eq!(difference(b"a\nb", b""), None);
    }
}
