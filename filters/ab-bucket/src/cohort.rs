//! What an experiment decides: a variation of the configuration, or what a service says.

use std::rc::Rc;

/// The longest key, in bytes.
const LONGEST: usize = 64;

/// A decision's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cohort {
    /// The variation's key, or what the service says.
    pub(crate) key: Rc<str>,
    /// The number of the variation, where it is one of the configuration.
    pub(crate) variation: Option<usize>,
}

/// Whether a text can stand in headers, cookies and names of metrics: up to 64 letters, digits, `_`, `-` and `.`.
pub(crate) fn is_key(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_harmless_wherever_they_stand() {
        for key in ["a", "dark-launch-7", "v1.2_b", &"a".repeat(64)] {
            assert!(is_key(key), "{key}");
        }
        for text in ["", "a b", "a;b", "a=b", "a:b", "a~b", "ä", "a\r\nb", &"a".repeat(65)] {
            assert!(!is_key(text), "{text}");
        }
    }
}
