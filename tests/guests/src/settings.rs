//! The settings of a guest: lines of words.

/// A plugin's configuration, kept as text.
#[derive(Clone, Default)]
pub struct Settings(String);

impl Settings {
    /// Takes the configuration bytes as a host hands them over.
    #[must_use]
    pub fn new(configuration: Option<Vec<u8>>) -> Self {
        Self(String::from_utf8_lossy(&configuration.unwrap_or_default()).into_owned())
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The rest of each line that begins with the word `verb`, in order.
    pub fn all<'a>(&'a self, verb: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.lines().filter_map(move |line| {
            let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            (word == verb).then_some(rest.trim())
        })
    }

    /// The rest of the first line that begins with the word `verb`.
    #[must_use]
    pub fn one(&self, verb: &str) -> Option<String> {
        self.all(verb).next().map(str::to_owned)
    }

    /// The number on the first line that begins with the word `verb`.
    #[must_use]
    pub fn number<N: std::str::FromStr>(&self, verb: &str) -> Option<N> {
        self.one(verb)?.parse().ok()
    }

    /// Whether a line begins with the word `verb`.
    #[must_use]
    pub fn has(&self, verb: &str) -> bool {
        self.one(verb).is_some()
    }
}
