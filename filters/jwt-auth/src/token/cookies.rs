//! A request's cookies without one of them; the others stay as the client wrote them.

/// All headers in one, without every cookie of this name; `None` where nothing is left.
pub(crate) fn without<'h>(headers: impl Iterator<Item = &'h [u8]>, name: &str) -> Option<Vec<u8>> {
    let pairs = headers.flat_map(|header| header.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let is_other = |pair: &&[u8]| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let own = parts.next().unwrap_or_default().trim_ascii();
        !pair.is_empty() && (parts.next().is_none() || own != name.as_bytes())
    };
    let rest: Vec<&[u8]> = pairs.filter(is_other).collect();
    (!rest.is_empty()).then(|| rest.join(&b"; "[..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_of_the_cookie_goes_and_the_rest_stays() {
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["sid=a"], None),
            (&["a=1; sid=x; b=\"2\""], Some("a=1; b=\"2\"")),
            (&["sid=x", "a=1;sid = y;;c"], Some("a=1; c")),
            (&["SID=x; sidx=1; sid"], Some("SID=x; sidx=1; sid")),
            (&[], None),
        ];
        for (headers, expected) in cases {
            let rest = without(headers.iter().map(|header| header.as_bytes()), "sid");
            assert_eq!(rest.map(|rest| String::from_utf8(rest).unwrap()).as_deref(), expected);
        }
    }
}
