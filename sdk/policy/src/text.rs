//! A condition on text, as Envoy's `StringMatcher` has it.

/// A condition on text.
#[derive(Debug)]
pub struct Text {
    condition: TextMatch,
    /// Whether ASCII letters have no case. The condition's own text is in lower case then.
    ignore_case: bool,
}

/// What is compared with what.
#[derive(Debug)]
#[non_exhaustive]
pub enum TextMatch {
    /// The text is this.
    Exact(String),
    /// It begins so.
    Prefix(String),
    /// It ends so.
    Suffix(String),
    /// This is part of it.
    Contains(String),
    /// The expression matches the text as a whole.
    #[cfg(feature = "regex")]
    Regex(regex_lite::Regex),
}

impl Text {
    /// The condition; with `ignore_case` ASCII letters have no case, and the condition's own text has to be in lower case.
    pub fn new(condition: TextMatch, ignore_case: bool) -> Self {
        Self { condition, ignore_case }
    }

    /// The expression that matches texts as a whole.
    #[cfg(feature = "regex")]
    pub fn expression(&self) -> Option<&regex_lite::Regex> {
        match &self.condition {
            TextMatch::Regex(expression) => Some(expression),
            _ => None,
        }
    }

    /// What texts begin with, or are.
    pub(crate) fn stem(&self) -> Option<&str> {
        match &self.condition {
            TextMatch::Exact(stem) | TextMatch::Prefix(stem) => Some(stem),
            _ => None,
        }
    }

    /// Whether the text fulfils it. Bytes that are no text match no expression.
    pub fn matches(&self, text: &[u8]) -> bool {
        let lower;
        let text = match self.ignore_case {
            true => {
                lower = text.to_ascii_lowercase();
                &lower
            }
            false => text,
        };
        match &self.condition {
            TextMatch::Exact(other) => text == other.as_bytes(),
            TextMatch::Prefix(start) => text.starts_with(start.as_bytes()),
            TextMatch::Suffix(end) => text.ends_with(end.as_bytes()),
            TextMatch::Contains(part) => {
                part.is_empty() || text.windows(part.len()).any(|window| window == part.as_bytes())
            }
            #[cfg(feature = "regex")]
            TextMatch::Regex(expression) => {
                std::str::from_utf8(text).is_ok_and(|text| expression.is_match(text))
            }
        }
    }
}

impl TextMatch {
    /// An expression that has to match the text as a whole.
    ///
    /// # Errors
    /// What is wrong with the expression.
    #[cfg(feature = "regex")]
    pub fn regex(expression: &str, ignore_case: bool) -> Result<Self, String> {
        let case = if ignore_case { "(?i)" } else { "" };
        // The expression alone first: what follows could close its groups.
        self::expression(expression)?;
        self::expression(&format!("{case}\\A(?:{expression})\\z")).map(Self::Regex)
    }

    /// This build has no expressions.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(feature = "regex"))]
    pub fn regex(_expression: &str, _ignore_case: bool) -> Result<Self, String> {
        Err("this build has no regular expressions (feature `regex`)".to_owned())
    }
}

/// Bytes that an expression may take: `[a-z]{1,1000}` has room, `(.{1000}){1000}` has not. Matching is linear in the text and in this.
#[cfg(feature = "regex")]
const LARGEST_EXPRESSION: usize = 256 * 1024;

/// An expression of bounded size.
///
/// # Errors
/// What is wrong with it.
#[cfg(feature = "regex")]
pub fn expression(text: &str) -> Result<regex_lite::Regex, String> {
    let mut builder = regex_lite::RegexBuilder::new(text);
    builder.size_limit(LARGEST_EXPRESSION).build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(condition: TextMatch, text: &str) -> bool {
        Text { condition, ignore_case: false }.matches(text.as_bytes())
    }

    #[test]
    fn conditions_are_about_the_whole_text() {
        assert!(matches(TextMatch::Exact("a".into()), "a") && !matches(TextMatch::Exact("a".into()), "A"));
        assert!(
            matches(TextMatch::Prefix("a".into()), "ab") && !matches(TextMatch::Prefix("b".into()), "ab")
        );
        assert!(
            matches(TextMatch::Suffix("b".into()), "ab") && !matches(TextMatch::Suffix("a".into()), "ab")
        );
        assert!(
            matches(TextMatch::Contains("b".into()), "abc")
                && !matches(TextMatch::Contains("d".into()), "abc")
        );
        assert!(matches(TextMatch::Contains(String::new()), ""));
        assert!(Text { condition: TextMatch::Exact("abc".into()), ignore_case: true }.matches(b"aBC"));
    }

    #[cfg(feature = "regex")]
    #[test]
    fn expressions_match_as_a_whole_and_alternatives_do_not_escape() {
        let regex = |expression: &str| TextMatch::regex(expression, false).unwrap();
        assert!(matches(regex("/v[0-9]+|/w"), "/v12") && matches(regex("/v[0-9]+|/w"), "/w"));
        assert!(!matches(regex("/v[0-9]+|/w"), "/v12/admin") && !matches(regex("/v|/w"), "/x/w"));
        assert!(!matches(regex("a"), "a\n") && !matches(regex("a$"), "a\nb"));
        assert!(TextMatch::regex("a)|(b", false).is_err());
        assert!(matches(TextMatch::regex("AB", true).unwrap(), "aB"));
    }

    #[cfg(feature = "regex")]
    #[test]
    fn expressions_are_bounded() {
        assert!(expression("[a-z]{1,1000}").is_ok());
        assert!(
            expression("(.{1000}){1000}").is_err() && TextMatch::regex("(.{1000}){1000}", false).is_err()
        );
    }
}
