//! Headers that only the filter may set: whoever else sent them, they go.

use mesh_filter::Request;
use mesh_filter::headers::{HeaderError, HeaderName};

/// Names of headers that only the filter may set. Many services take `_` in names for `-`, so copies in that spelling are meant
/// as well.
#[derive(Debug, Clone, Default)]
pub struct Owned(Vec<String>);

impl Owned {
    /// These headers.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n HeaderName>) -> Self {
        Self(names.into_iter().map(spelled).collect())
    }

    /// Whether this is one of them.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.is_owned(name.as_str())
    }

    /// Removes all copies from a request.
    ///
    /// # Errors
    /// Where the host refuses to.
    pub fn remove_from(&self, request: &mut Request) -> Result<(), HeaderError> {
        let sent = request.headers().iter().map(|(name, _)| name);
        let spoofed: Vec<String> = sent.filter(|name| self.is_owned(name)).map(str::to_owned).collect();
        spoofed.into_iter().try_for_each(|name| request.headers_mut().remove(name))
    }

    fn is_owned(&self, name: &str) -> bool {
        match name.contains('_') {
            true => self.0.iter().any(|own| *own == name.replace('_', "-")),
            false => self.0.iter().any(|own| own == name),
        }
    }
}

fn spelled(name: &HeaderName) -> String {
    name.as_str().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_is_meant() {
        let owned = Owned::new([&HeaderName::new("x-user").unwrap(), &HeaderName::new("x_org-id").unwrap()]);
        let contains = |name: &str| owned.contains(&HeaderName::new(name).unwrap());
        assert!(contains("x-user") && contains("x_user") && contains("X-User"));
        assert!(contains("x-org-id") && contains("x_org_id"));
        assert!(!contains("x-users") && !contains("xuser"));
    }
}
