//! Digests of bodies: `Content-Digest` of RFC 9530, and what AWS has in `x-amz-content-sha256`.

use crate::mac::Hasher;
use crate::refusal::Refusal;
use crate::structured::{self, Bare, Item, Member};
use mesh_filter_policy::Encoding;

/// Digests that a body must have, on their way through it.
#[derive(Default)]
pub(crate) struct Digests(Vec<(Hasher, Vec<u8>)>);

impl Digests {
    /// The digests that a `content-digest` states; of those with names only these.
    ///
    /// # Errors
    /// Where it is none, or has no algorithm that is known here.
    pub(crate) fn stated(value: &[u8], only: Option<&[&str]>) -> Result<Self, Refusal> {
        let members = structured::dictionary(value).ok_or(Refusal::Malformed)?;
        let mut digests = Vec::new();
        for (name, member) in members {
            if only.is_some_and(|only| !only.contains(&name.as_str())) {
                continue;
            }
            // The others that are registered (RFC 9530, section 5) are broken, or checksums.
            let hasher = match name.as_str() {
                "sha-256" => Hasher::sha256(),
                "sha-512" => Hasher::sha512(),
                _ => continue,
            };
            let Member::Item(Item { value: Bare::Bytes(expected), .. }) = member else {
                return Err(Refusal::Malformed);
            };
            digests.push((hasher, expected));
        }
        if digests.is_empty() { Err(Refusal::DigestUnsupported) } else { Ok(Self(digests)) }
    }

    /// The SHA-256 that stands in hexadecimal digits.
    pub(crate) fn sha256_hex(digits: &[u8]) -> Result<Self, Refusal> {
        let expected = Encoding::Hex.decode(digits).filter(|digest| digest.len() == 32);
        Ok(Self(vec![(Hasher::sha256(), expected.ok_or(Refusal::Malformed)?)]))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        for (hasher, _) in &mut self.0 {
            hasher.update(piece);
        }
    }

    /// Whether the body has all of them. They are no secrets.
    pub(crate) fn hold(self) -> bool {
        self.0.into_iter().all(|(hasher, expected)| hasher.finish() == expected)
    }
}

/// The value of a `content-digest`.
pub(crate) fn content_digest(algorithm: &str, digest: &[u8]) -> Vec<u8> {
    let mut value = algorithm.as_bytes().to_vec();
    value.push(b'=');
    Bare::Bytes(digest.to_vec()).write(&mut value);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of RFC 9530's examples, and of RFC 9421's without the line's end.
    const BODY: &[u8] = b"{\"hello\": \"world\"}\n";

    fn holds(value: &str, body: &[u8]) -> Result<bool, Refusal> {
        let mut digests = Digests::stated(value.as_bytes(), None)?;
        body.chunks(5).for_each(|piece| digests.update(piece));
        Ok(digests.hold())
    }

    #[test]
    fn the_examples_of_rfc_9530_hold() {
        let sha256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        let sha512 = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:";
        for value in [
            sha256.to_owned(),
            sha512.to_owned(),
            format!("{sha256},{sha512}"),
            format!("md5=:AA==:, {sha256}"),
        ] {
            assert_eq!(holds(&value, BODY), Ok(true), "{value}");
            assert_eq!(holds(&value, &BODY[1..]), Ok(false), "{value}");
        }
        // Of several digests each has to be right.
        assert_eq!(holds(&format!("{sha256}, sha-512=:AAAA:"), BODY), Ok(false));
    }

    #[test]
    fn the_digest_of_rfc_9421s_example_holds() {
        let value = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
        assert_eq!(holds(value, BODY.trim_ascii_end()), Ok(true));
    }

    #[test]
    fn digests_that_say_nothing_are_refused() {
        for (value, refusal) in [
            ("", Refusal::DigestUnsupported),
            ("md5=:AA==:", Refusal::DigestUnsupported),
            ("sha-256", Refusal::Malformed),
            ("sha-256=abc", Refusal::Malformed),
            ("sha-256=(:AA==:)", Refusal::Malformed),
            ("sha-256=:AA==:, sha-256=:AA==:", Refusal::Malformed),
        ] {
            assert_eq!(holds(value, BODY), Err(refusal), "{value}");
        }
        assert!(Digests::sha256_hex(b"abcd").is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        let mut hasher = Hasher::sha256();
        hasher.update(BODY);
        let value = content_digest("sha-256", &hasher.finish());
        assert_eq!(holds(std::str::from_utf8(&value).unwrap(), BODY), Ok(true));
    }
}
