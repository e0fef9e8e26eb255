//! An id that is a segment of the path: `/users/{id}/orders`.

/// Segments of a path, one of which is the id.
#[derive(Debug)]
pub(crate) struct PathTemplate {
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Text(String),
    Any,
    Id,
}

impl PathTemplate {
    /// Reads a template: segments are text, `*` for any, and once `{id}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn new(template: &str) -> Result<Self, &'static str> {
        let rest = template.strip_prefix('/').ok_or("expected a path that begins with `/`")?;
        let segments = rest.split('/').map(|segment| match segment {
            "*" => Ok(Segment::Any),
            "{id}" => Ok(Segment::Id),
            text if text.contains(['{', '}', '*', '?', '#']) => {
                Err("expected segments that are text, `*` or `{id}`")
            }
            text => Ok(Segment::Text(text.to_owned())),
        });
        let segments = segments.collect::<Result<Vec<_>, _>>()?;
        match segments.iter().filter(|segment| matches!(segment, Segment::Id)).count() {
            1 => Ok(Self { segments }),
            _ => Err("expected one segment `{id}`"),
        }
    }

    /// The segment that is the id, of a path that begins so.
    pub(crate) fn captured<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let mut segments = path.strip_prefix(b"/")?.split(|byte| *byte == b'/');
        let mut id = None;
        for expected in &self.segments {
            let segment = segments.next()?;
            match expected {
                Segment::Text(text) if text.as_bytes() != segment => return None,
                Segment::Text(_) | Segment::Any => {}
                Segment::Id => id = Some(segment),
            }
        }
        id.filter(|id| !id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_a_segment_of_a_path_that_begins_like_the_template() {
        let template = PathTemplate::new("/v1/*/users/{id}").unwrap();
        for (path, id) in [
            ("/v1/eu/users/7", Some("7")),
            ("/v1/eu/users/7/orders", Some("7")),
            ("/v1/eu/users/", None),
            ("/v1/eu/users", None),
            ("/v2/eu/users/7", None),
            ("/v1/eu/x/users/7", None),
            ("v1/eu/users/7", None),
            ("", None),
        ] {
            assert_eq!(template.captured(path.as_bytes()), id.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn a_template_has_one_id() {
        for template in ["", "users/{id}", "/users", "/{id}/{id}", "/u*/{id}", "/{user}", "/a?b/{id}"] {
            assert!(PathTemplate::new(template).is_err(), "{template}");
        }
    }
}
