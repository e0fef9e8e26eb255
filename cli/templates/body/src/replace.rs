//! Replaces a text in a body that comes in pieces.

/// Replaces every `from`. Also says how many bytes at the end may be the beginning of another one.
pub(crate) fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> (Vec<u8>, usize) {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            replaced.extend_from_slice(to);
            rest = after;
        } else if from.starts_with(rest) {
            break;
        } else {
            replaced.push(*first);
            rest = tail;
        }
    }
    replaced.extend_from_slice(rest);
    (replaced, rest.len())
}

#[cfg(test)]
mod tests {
    use super::replace;

    /// Sends two pieces through, as the filter does.
    fn stream(head: &[u8], tail: &[u8]) -> Vec<u8> {
        let (mut sent, undecided) = replace(head, b"abac", b"<>");
        let kept = sent.split_off(sent.len() - undecided);
        let (rest, _) = replace(&[&kept, tail].concat(), b"abac", b"<>");
        sent.extend(rest);
        sent
    }

    #[test]
    fn wherever_a_body_is_cut_the_result_is_the_same() {
        let body = "ababac abac abaabac aba";
        for cut in 0..=body.len() {
            let (head, tail) = body.as_bytes().split_at(cut);
            let expected = body.replace("abac", "<>");
            assert_eq!(stream(head, tail), expected.as_bytes(), "cut at {cut}");
        }
    }
}
