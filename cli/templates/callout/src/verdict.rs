//! What an answer of the guard service means.

/// Longest name of a group that is passed on: it becomes a header.
const MAX_LENGTH: usize = 32;

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on, with the name of the user's group.
    Group(String),
    /// It is refused.
    Denied,
    /// The answer makes no sense.
    Unknown,
}

impl Verdict {
    /// Reads an answer. Whatever the service sends, nothing but a short plain name passes.
    pub(crate) fn of(status: u16, body: &[u8]) -> Self {
        let name = std::str::from_utf8(body).unwrap_or_default().trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let valid = (1..=MAX_LENGTH).contains(&name.len()) && name.bytes().all(plain);
        match status {
            200 if valid => Self::Group(name.to_owned()),
            403 => Self::Denied,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;

    #[test]
    fn a_plain_name_is_a_group() {
        assert_eq!(Verdict::of(200, b"gold\n"), Verdict::Group("gold".into()));
    }

    #[test]
    fn a_refusal_needs_no_body() {
        assert_eq!(Verdict::of(403, b""), Verdict::Denied);
    }

    #[test]
    fn everything_else_makes_no_sense() {
        for body in ["", "two words", "a\r\nx-admin: 1", &"x".repeat(33)] {
            assert_eq!(Verdict::of(200, body.as_bytes()), Verdict::Unknown);
        }
        for status in [204, 404, 500] {
            assert_eq!(Verdict::of(status, b"gold"), Verdict::Unknown);
        }
    }
}
