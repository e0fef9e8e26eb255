//! A cookie that the filter sets: its name, and what stands behind its value.

/// The longest cookie that browsers keep, with all of its attributes (RFC 6265, section 6.1).
const LONGEST: usize = 4096;

/// A cookie without its value.
#[derive(Debug)]
pub(crate) struct SetCookie {
    name: String,
    /// All attributes, each after `; `.
    attributes: String,
}

impl SetCookie {
    pub(crate) fn new(name: &str, attributes: String) -> Self {
        Self { name: name.to_owned(), attributes }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The header's value; none where it would be longer than browsers keep.
    pub(crate) fn with(&self, value: &str) -> Option<String> {
        let mut header = self.name.clone();
        header.push('=');
        header.push_str(value);
        header.push_str(&self.attributes);
        (header.len() <= LONGEST).then_some(header)
    }
}
