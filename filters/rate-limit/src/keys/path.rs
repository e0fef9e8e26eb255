//! What of a path is part of a key: its first segments, or the places of a template.

use std::borrow::Cow;

/// What of a path is part of a key.
#[derive(Debug)]
pub(crate) enum PathKey {
    /// All of it.
    Whole,
    /// So many segments from its beginning.
    Segments(usize),
    /// The path as the template has it; paths that are otherwise have no value.
    Template { parts: Vec<Part>, open: bool },
}

/// A segment of a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// This text.
    Text(String),
    /// Any text, which counts: `{name}`.
    Kept,
    /// Any text, which does not: `*`.
    Any,
}

impl PathKey {
    /// `/users/{id}/*`: with `/**` at its end, what follows does not matter. `None` where the text is no template.
    pub(crate) fn template(text: &str) -> Option<Self> {
        let path = text.strip_prefix('/').filter(|path| !path.contains(['?', '#']))?;
        let (path, open) = match path.strip_suffix("**") {
            Some("") => ("", true),
            Some(path) => (path.strip_suffix('/')?, true),
            None => (path, false),
        };
        let mut parts = Vec::new();
        for segment in path.split('/').filter(|_| !(open && path.is_empty())) {
            parts.push(match segment {
                "*" => Part::Any,
                name if name.starts_with('{') && name.ends_with('}') && name.len() > 2 => Part::Kept,
                text if text.contains(['*', '{', '}']) => return None,
                text => Part::Text(text.to_owned()),
            });
        }
        Some(Self::Template { parts, open })
    }

    pub(crate) fn value<'p>(&self, path: &'p [u8]) -> Option<Cow<'p, [u8]>> {
        match self {
            Self::Whole => Some(Cow::Borrowed(path)),
            Self::Segments(count) => {
                let mut slashes = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/');
                let end = slashes.nth(count.saturating_sub(1)).map_or(path.len(), |(index, _)| index);
                path.get(..end).map(Cow::Borrowed)
            }
            Self::Template { parts, open } => fill(parts, *open, path.strip_prefix(b"/")?).map(Cow::Owned),
        }
    }
}

/// The path with `*` in the places that do not matter.
fn fill(parts: &[Part], open: bool, path: &[u8]) -> Option<Vec<u8>> {
    let mut segments = path.split(|byte| *byte == b'/');
    let mut value = Vec::with_capacity(path.len() + 1);
    for part in parts {
        let segment = segments.next()?;
        value.push(b'/');
        match part {
            Part::Text(text) if segment != text.as_bytes() => return None,
            Part::Text(_) | Part::Kept => value.extend_from_slice(segment),
            Part::Any => value.push(b'*'),
        }
    }
    if open {
        value.extend_from_slice(b"/**");
    }
    (open || segments.next().is_none()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &PathKey, path: &str) -> Option<String> {
        key.value(path.as_bytes()).map(|value| String::from_utf8(value.into_owned()).unwrap())
    }

    #[test]
    fn segments_are_counted_from_the_beginning() {
        for (count, path, value) in [
            (1, "/a/b/c", "/a"),
            (2, "/a/b/c", "/a/b"),
            (9, "/a/b", "/a/b"),
            (1, "/", "/"),
            (2, "//b/c", "//b"),
        ] {
            assert_eq!(text(&PathKey::Segments(count), path).as_deref(), Some(value), "{count} of {path}");
        }
    }

    #[test]
    fn a_template_keeps_what_it_names() {
        let filled = |template, path| text(&PathKey::template(template).unwrap(), path);
        assert_eq!(filled("/users/{id}/orders/*", "/users/7/orders/9").as_deref(), Some("/users/7/orders/*"));
        assert_eq!(filled("/users/*", "/users/7").as_deref(), Some("/users/*"));
        assert_eq!(filled("/api/**", "/api/v1/x").as_deref(), Some("/api/**"));
        assert_eq!(filled("/**", "/").as_deref(), Some("/**"));
        for (template, path) in [("/users/*", "/users"), ("/users/*", "/users/7/x"), ("/users/*", "/teams/7")]
        {
            assert_eq!(filled(template, path), None, "{template} {path}");
        }
        for wrong in ["users", "/a?b", "/a*", "/{a", "/a**", "/{}"] {
            assert!(PathKey::template(wrong).is_none(), "{wrong}");
        }
    }
}
