//! What counts as a cohort in the reply of the bucket service.

/// Longest name that is passed on: it becomes a header of every request.
const MAX_LENGTH: usize = 32;

/// The cohort that a reply names; `None` for anything else than a short plain name.
pub(crate) fn parse(status: u16, body: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(body).ok()?.trim();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_cohort = status == 200 && (1..=MAX_LENGTH).contains(&name.len()) && name.bytes().all(is_plain);
    is_cohort.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_a_cohort() {
        assert_eq!(parse(200, b"B"), Some("B"));
        assert_eq!(parse(200, b"beta-2\n"), Some("beta-2"));
    }

    #[test]
    fn everything_else_is_none() {
        for body in [&b""[..], b" ", b"a b", b"a\r\nx-admin: 1", b"\xff\xfe", &[b'a'; MAX_LENGTH + 1]] {
            assert_eq!(parse(200, body), None, "{}", body.escape_ascii());
        }
        for status in [204, 301, 404, 503] {
            assert_eq!(parse(status, b"B"), None, "{status}");
        }
    }
}
