//! FNV-1a of 32 bits, over the UTF-16 units of a text.

/// What a hash begins with.
const BASIS: u32 = 0x811c_9dc5;

/// By what it is multiplied.
const PRIME: u32 = 0x0100_0193;

/// A hash that grows with what is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u32);

impl Fnv {
    /// Of nothing yet.
    pub(crate) fn new() -> Self {
        Self(BASIS)
    }

    /// With more text.
    #[must_use]
    pub(crate) fn text(self, text: &str) -> Self {
        text.encode_utf16().fold(self, |hash, unit| hash.unit(u32::from(unit)))
    }

    /// With a number, as its decimal digits.
    #[must_use]
    pub(crate) fn decimal(self, number: u32) -> Self {
        let rest = number / 10;
        let start = if rest > 0 { self.decimal(rest) } else { self };
        start.unit(u32::from(b'0') + number % 10)
    }

    /// The number.
    pub(crate) fn finish(self) -> u32 {
        self.0
    }

    fn unit(self, unit: u32) -> Self {
        Self((self.0 ^ unit).wrapping_mul(PRIME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hash_of_its_authors() {
        // Of the test vectors that come with the hash's description.
        for (text, hash) in
            [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("b", 0xe70c_2de5), ("foobar", 0xbf9c_f968)]
        {
            assert_eq!(Fnv::new().text(text).finish(), hash, "{text}");
        }
    }

    #[test]
    fn a_number_counts_as_its_digits() {
        for number in [0, 7, 10, 4_294_967_295, 1_000_000, 205] {
            let text = Fnv::new().text("x").text(&number.to_string());
            assert_eq!(Fnv::new().text("x").decimal(number).finish(), text.finish(), "{number}");
        }
    }

    #[test]
    fn characters_outside_of_ascii_count_as_javascript_counts_them() {
        // By the GrowthBook client for Python, release 4.0.0, which follows that of JavaScript.
        for (text, hash) in [("é", 0x6c0b_6c44), ("日本", 0x5ffc_bea4), ("😀", 0xcb31_c4b8)] {
            assert_eq!(Fnv::new().text(text).finish(), hash, "{text}");
        }
    }
}
