//! Property paths: segments joined by a NUL byte, as `proxy_get_property` receives them.

/// Splits a path into its segments.
///
/// The C++ SDK sends one trailing NUL; it does not make an empty segment.
#[must_use]
pub fn segments(path: &[u8]) -> Vec<&[u8]> {
    let path = path.strip_suffix(&[0]).unwrap_or(path);
    path.split(|byte| *byte == 0).collect()
}

/// Joins segments into a path.
#[must_use]
pub fn join(segments: &[&[u8]]) -> Vec<u8> {
    segments.join(&0)
}
