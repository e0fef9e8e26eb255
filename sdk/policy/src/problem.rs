//! A configuration that can be read and cannot be meant, with the place in it.

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{place}`: {text}")]
pub struct Problem {
    place: String,
    text: String,
}

impl Problem {
    /// What is wrong at this place.
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }

    /// The same, seen from a place further out.
    pub fn inside(self, outer: &str) -> Self {
        let point = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        Self { place: format!("{outer}{point}{}", self.place), text: self.text }
    }

    /// The same, seen from outside of the list whose item of this number is meant.
    pub fn in_list(self, list: &str, index: usize) -> Self {
        self.inside(&format!("{list}[{index}]"))
    }
}
