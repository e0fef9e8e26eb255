//! Paths with another first segment.

/// The target with this prefix in place of the first segment of its path; `None` where it has no path.
pub(crate) fn moved(target: &[u8], prefix: &str) -> Option<Vec<u8>> {
    let path = target.strip_prefix(b"/")?;
    let end = path.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(path.len());
    Some([prefix.as_bytes(), path.get(end..)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_is_replaced_and_the_rest_stays() {
        for (target, expected) in [
            ("/v1/pay", Some("/v2/pay")),
            ("/v1", Some("/v2")),
            ("/v1?a=/b", Some("/v2?a=/b")),
            ("/", Some("/v2")),
            ("//pay", Some("/v2/pay")),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(moved(target.as_bytes(), "/v2").as_deref(), expected.map(str::as_bytes), "{target}");
        }
    }
}
