//! Signatures on what clients keep for the filter: HMAC-SHA256 (RFC 2104).

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// A key, and what is signed with it.
pub(crate) struct Seal {
    mac: Hmac<Sha256>,
}

impl Seal {
    /// With this secret.
    pub(crate) fn new(secret: &[u8]) -> Self {
        // HMAC takes keys of any length: longer ones are hashed.
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(secret);
        Self { mac: mac.unwrap_or_else(|_| Hmac::new(&Default::default())) }
    }

    /// The text with its signature. What is signed for one purpose is not valid for another.
    pub(crate) fn seal(&self, purpose: &str, text: &str) -> String {
        let mut sealed = text.to_owned();
        sealed.push('.');
        sealed.push_str(&hex(&self.of(purpose, text)));
        sealed
    }

    /// The text of what was signed for this purpose.
    pub(crate) fn open<'t>(&self, purpose: &str, sealed: &'t str) -> Option<&'t str> {
        let (text, mac) = sealed.rsplit_once('.')?;
        same(hex(&self.of(purpose, text)).as_bytes(), mac.as_bytes()).then_some(text)
    }

    fn of(&self, purpose: &str, text: &str) -> [u8; 32] {
        let mut mac = self.mac.clone();
        // No purpose has a colon.
        for part in [purpose, ":", text] {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// Two digits for each byte.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
    text
}

/// An id as it may stand in logs: with a key nobody finds the id that has it, without one who guesses it does.
pub(crate) fn pseudonym(seal: Option<&Seal>, id: &str) -> String {
    let digest: [u8; 32] = match seal {
        Some(seal) => seal.of("log", id),
        None => Sha256::digest(id).into(),
    };
    hex(digest.get(..8).unwrap_or_default())
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |bits, (one, other)| bits | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_for_the_same_purpose_only() {
        let seal = Seal::new(b"a secret");
        let sealed = seal.seal("unit", "user.1");
        assert_eq!(seal.open("unit", &sealed), Some("user.1"));
        assert_eq!(seal.open("sticky", &sealed), None);
        assert_eq!(Seal::new(b"another").open("unit", &sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open("unit", std::str::from_utf8(&changed).unwrap()), None, "{place}");
        }
        for text in ["", ".", "user.1", "user.1."] {
            assert_eq!(seal.open("unit", text), None, "{text}");
        }
    }

    #[test]
    fn it_is_hmac_with_sha_256() {
        // Made with Python's `hmac`: the key `key`, the message `unit:The quick brown fox`.
        assert_eq!(
            Seal::new(b"key").seal("unit", "The quick brown fox"),
            "The quick brown fox.dfe27a4ec6a5f6ec76c6d4195a8a3e1b3c4d89c794d3ac3463b36c97ffeb176d"
        );
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        assert!(same(b"abc", b"abc") && same(b"", b""));
        assert!(!same(b"abc", b"abd") && !same(b"abc", b"ab") && !same(b"", b"a"));
    }

    #[test]
    fn a_pseudonym_depends_on_the_secret() {
        let plain = pseudonym(None, "alice");
        assert_eq!(plain, "2bd806c97f0e00af");
        assert_ne!(plain, pseudonym(Some(&Seal::new(b"a")), "alice"));
    }
}
