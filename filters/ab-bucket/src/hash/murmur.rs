//! MurmurHash3 for x86, 32 bits, over the low bytes of a text's UTF-16 units, as the Unleash client for Node.js takes them.

/// A hash that grows with what is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Murmur {
    hash: u32,
    /// Bytes that do not make a block yet, the first one lowest.
    block: u32,
    length: u32,
}

impl Murmur {
    /// Of nothing yet, with this seed.
    pub(crate) fn new(seed: u32) -> Self {
        Self { hash: seed, block: 0, length: 0 }
    }

    /// With more text.
    #[must_use]
    pub(crate) fn text(self, text: &str) -> Self {
        text.encode_utf16().fold(self, |hash, unit| hash.byte(u32::from(unit & 0xff)))
    }

    /// The number.
    pub(crate) fn finish(self) -> u32 {
        let mut hash = self.hash;
        if !self.length.is_multiple_of(4) {
            hash ^= mixed(self.block);
        }
        hash ^= self.length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }

    fn byte(mut self, byte: u32) -> Self {
        self.block |= byte << (8 * (self.length % 4));
        self.length = self.length.wrapping_add(1);
        if self.length.is_multiple_of(4) {
            self.hash ^= mixed(self.block);
            self.hash = self.hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
            self.block = 0;
        }
        self
    }
}

fn mixed(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_known_hash() {
        for (text, seed, hash) in [
            ("", 0, 0),
            ("", 1, 0x514e_28b7),
            ("", u32::MAX, 0x81f1_6f39),
            ("\0\0\0\0", 0, 0x2362_f9de),
            ("\0\0\0", 0, 0x85f0_b427),
            ("\0", 0, 0x514e_28b7),
            ("test", 0, 0xba6b_d213),
            ("Hello, world!", 0, 0xc036_3e43),
            ("The quick brown fox jumps over the lazy dog", 0, 0x2e4f_f723),
            ("a", 0x9747_b28c, 0x7fa0_9ea6),
            ("aaa", 0x9747_b28c, 0x283e_0130),
            ("aaaa", 0x9747_b28c, 0x5a97_808a),
        ] {
            assert_eq!(Murmur::new(seed).text(text).finish(), hash, "{text}");
        }
    }

    #[test]
    fn it_does_not_matter_where_a_text_is_cut() {
        let whole = Murmur::new(7).text("checkout:user-1").finish();
        assert_eq!(Murmur::new(7).text("checkout").text(":").text("user-1").finish(), whole);
    }

    #[test]
    fn characters_outside_of_ascii_count_as_in_the_client_for_node() {
        // By the Unleash client for Node.js, release 6.12.1.
        for (text, hash) in [("é", 0x44c6_d4b2), ("日本語", 0x1adf_14e6), ("😀", 0xdf8b_c2f5)] {
            assert_eq!(Murmur::new(0).text(text).finish(), hash, "{text}");
        }
    }
}
