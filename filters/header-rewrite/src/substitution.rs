//! Regular expressions that replace a part of a text, as Envoy's `RegexMatchAndSubstitute`.

use regex_lite::{Captures, Regex};

/// What is replaced by what.
#[derive(Debug)]
pub(crate) struct Rewrite {
    pattern: Regex,
    substitution: Vec<Part>,
    /// How many matches are replaced; 0 is all.
    most: usize,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Group(usize),
}

impl Rewrite {
    /// An expression, and what comes in place of its matches: `\1` is its first group, `\0` the whole match, `\\` a backslash.
    pub(crate) fn new(pattern: Regex, substitution: &str, most: usize) -> Result<Self, String> {
        if substitution.chars().any(char::is_control) {
            return Err("it holds a control character".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = substitution;
        while let Some((literal, after)) = rest.split_once('\\') {
            parts.push(Part::Literal(literal.to_owned()));
            let mut characters = after.chars();
            match characters.next() {
                Some('\\') => parts.push(Part::Literal("\\".to_owned())),
                Some(digit @ '0'..='9') => {
                    let group =
                        digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or_default();
                    if group >= pattern.captures_len() {
                        return Err(format!("the expression has no group {group}"));
                    }
                    parts.push(Part::Group(group));
                }
                _ => return Err("expected a digit or `\\` behind `\\`".to_owned()),
            }
            rest = characters.as_str();
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self { pattern, substitution: parts, most })
    }

    /// The text with its matches replaced. What is no text has none.
    pub(crate) fn apply(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
        let replaced = self.pattern.replacen(text, self.most, |captures: &Captures<'_>| {
            let mut replacement = String::new();
            for part in &self.substitution {
                replacement.push_str(match part {
                    Part::Literal(text) => text,
                    Part::Group(group) => {
                        captures.get(*group).map(|group| group.as_str()).unwrap_or_default()
                    }
                });
            }
            replacement
        });
        replaced.into_owned().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(pattern: &str, substitution: &str, most: usize, text: &str) -> String {
        let rewrite = Rewrite::new(Regex::new(pattern).unwrap(), substitution, most).unwrap();
        String::from_utf8(rewrite.apply(text.as_bytes())).unwrap()
    }

    #[test]
    fn matches_become_what_the_substitution_says() {
        assert_eq!(rewritten(r"\s*\(.*?\)", "", 0, "curl (x) y (z)"), "curl y");
        assert_eq!(rewritten(r"\s*\(.*?\)", "", 1, "curl (x) y (z)"), "curl y (z)");
        assert_eq!(rewritten(r"^/(\w+)/(\w+)", r"/\2/\1\\\0$1", 0, "/a/b/c"), r"/b/a\/a/b$1/c");
        assert_eq!(rewritten("(a)|(b)", r"<\2>", 0, "ab"), "<><b>");
        let rewrite = Rewrite::new(Regex::new("a").unwrap(), "b", 0).unwrap();
        assert_eq!(rewrite.apply(b"a\xff"), b"a\xff");
    }

    #[test]
    fn substitutions_that_cannot_be_are_refused() {
        for substitution in [r"\2", r"\x", "\\", "a\nb"] {
            assert!(Rewrite::new(Regex::new("(a)").unwrap(), substitution, 0).is_err(), "{substitution}");
        }
    }
}
