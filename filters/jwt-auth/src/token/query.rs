//! A target without one of its parameters; the others stay as the client wrote them.

use std::borrow::Cow;

/// The target without every parameter of this name, however it is escaped.
pub(crate) fn without(target: &[u8], name: &str) -> Vec<u8> {
    let Some(mark) = target.iter().position(|byte| *byte == b'?') else { return target.to_vec() };
    let (path, query) = target.split_at(mark);
    let query = query.get(1..).unwrap_or_default();
    let is_other = |pair: &&[u8]| {
        *decoded(pair.split(|byte| *byte == b'=').next().unwrap_or_default()) != *name.as_bytes()
    };
    let rest: Vec<&[u8]> = query.split(|byte| *byte == b'&').filter(is_other).collect();
    let rest = rest.join(&b'&');
    if rest.is_empty() { path.to_vec() } else { [path, b"?", &rest].concat() }
}

/// As services decode names; an escape that is none stays.
fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high * 16 + low, after))
            }
            (b'+', _) => Some((b' ', after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        out.push(byte);
        rest = after;
    }
    Cow::Owned(out)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_of_the_parameter_goes_and_the_rest_stays() {
        for (target, expected) in [
            ("/a?access_token=x", "/a"),
            ("/a?b=1&access_token=x&c=%20+", "/a?b=1&c=%20+"),
            ("/a?access_token=x&b&access_token", "/a?b"),
            ("/a?acces%73_token=x&%61ccess_token=y&b=access_token", "/a?b=access_token"),
            ("/a?b=%zz&access_token=", "/a?b=%zz"),
            ("/a", "/a"),
            ("/access_token=x", "/access_token=x"),
            ("/a?b?access_token=1", "/a?b?access_token=1"),
        ] {
            let rest = without(target.as_bytes(), "access_token");
            assert_eq!(String::from_utf8(rest).unwrap(), expected);
        }
    }
}
