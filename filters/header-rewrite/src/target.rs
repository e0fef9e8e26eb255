//! Path, query and authority of a request as bytes: taken apart, edited, and checked before they are written.

/// The path and what stands behind its `?`.
pub(crate) fn split(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match target.iter().position(|byte| *byte == b'?') {
        Some(mark) => (target.get(..mark).unwrap_or_default(), target.get(mark + 1..)),
        None => (target, None),
    }
}

/// Path and query as one; without a `?` where the query is empty.
pub(crate) fn join(path: &[u8], query: Option<&[u8]>) -> Vec<u8> {
    match query {
        Some(query) if !query.is_empty() => [path, b"?", query].concat(),
        _ => path.to_vec(),
    }
}

/// The bytes in percent-encoding, but for those that mean themselves everywhere (RFC 3986, section 2.3). What was a part of a
/// path keeps its `/`, its escapes, and what may stand in a path.
pub(crate) fn escape(bytes: &[u8], of_path: bool) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    let mut escaped = Vec::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let in_path = of_path
            && match byte {
                b'%' => {
                    matches!(bytes.get(index + 1..index + 3), Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
                }
                _ => b"/!$&'()*+,;=:@".contains(&byte),
            };
        match plain || in_path {
            true => escaped.push(byte),
            false => escaped.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
    escaped
}

/// Whether this can be the path of a request: it begins with one `/`, holds nothing that ends it, and no segment leads upward,
/// however it is written.
pub(crate) fn is_path(path: &[u8]) -> bool {
    let visible = path.iter().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'#' | b'?' | b'\\'));
    let decoded = decode(path);
    let mut segments = decoded.split(|byte| matches!(byte, b'/' | b'\\'));
    // Some servers take what follows a `;` for parameters of the segment.
    let name = |segment: &[u8]| segment.split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
    visible
        && path.starts_with(b"/")
        && !path.starts_with(b"//")
        && segments.all(|segment| !matches!(name(segment).as_slice(), b"." | b".."))
}

/// Whether this can be the authority of a request: host and port, without user information.
pub(crate) fn is_authority(authority: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(byte);
    !authority.is_empty() && authority.len() <= 261 && authority.iter().all(fits)
}

/// What stands behind a prefix of this length takes the prefix's replacement before it. Two `/` that meet become one.
pub(crate) fn replace_prefix(path: &[u8], length: usize, replacement: &str) -> Vec<u8> {
    let rest = path.get(length..).unwrap_or_default();
    let rest = match replacement.ends_with('/') {
        true => rest.strip_prefix(b"/").unwrap_or(rest),
        false => rest,
    };
    [replacement.as_bytes(), rest].concat()
}

/// `%41` becomes `A`; a `%` that no two hexadecimal digits follow stays.
fn decode(path: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let escape = match (first, after) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        decoded.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_leave_their_segment_and_parts_of_paths_stay() {
        assert_eq!(escape("a/b ?#%2f\u{e9}\r\n".as_bytes(), false), b"a%2Fb%20%3F%23%252f%C3%A9%0D%0A");
        assert_eq!(escape(b"a/b%2fc;d=1 %zz?", true), b"a/b%2fc;d=1%20%25zz%3F");
        assert_eq!(escape(b"%", true), b"%25");
    }

    #[test]
    fn paths_that_lead_upward_or_end_early_are_none() {
        for path in ["/", "/a/b", "/a..b/...", "/a%2fb", "/a;v=1", "/%"] {
            assert!(is_path(path.as_bytes()), "{path}");
        }
        for path in [
            "",
            "a",
            "//a",
            "/..",
            "/a/../b",
            "/a/.",
            "/%2e%2E/a",
            "/a/.%2e",
            "/a/..;x/b",
            "/a%2f..%2fb",
            "/a\\..\\b",
            "/..%5Cb",
            "/a b",
            "/a?b",
            "/a#b",
            "/a\r\n",
            "/\u{e9}",
            "*",
        ] {
            assert!(!is_path(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn authorities_are_host_and_port() {
        for host in ["a.example", "a.example:8080", "[::1]:80", "a_b"] {
            assert!(is_authority(host.as_bytes()), "{host}");
        }
        for host in ["", "a b", "a/b", "user@a", "a?b", "a\r\nb", "a,b", &"a".repeat(262)] {
            assert!(!is_authority(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn a_prefix_is_replaced_and_slashes_are_not_doubled() {
        let replaced = |path: &str, length, with| {
            String::from_utf8(replace_prefix(path.as_bytes(), length, with)).unwrap()
        };
        assert_eq!(replaced("/api/v1", 4, "/"), "/v1");
        assert_eq!(replaced("/api/v1", 5, "/"), "/v1");
        assert_eq!(replaced("/api", 4, "/v2"), "/v2");
        assert_eq!(replaced("/apix", 4, "/v2"), "/v2x");
    }
}
