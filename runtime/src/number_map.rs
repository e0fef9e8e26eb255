//! A hash map for keys that the engine numbers itself.
//!
//! Peers and guests cannot choose these numbers, so a multiplication is hash enough; the standard
//! hasher's defence against chosen keys would be paid several times in each request.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from sequential numbers.
pub(crate) type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Spreads a number over all bits (Fibonacci hashing: 2^64 divided by the golden ratio).
#[derive(Debug, Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_value() {
        let map: NumberMap<u32, u32> = (0..10_000).map(|number| (number, number * 2)).collect();
        assert!((0..10_000).all(|number| map.get(&number) == Some(&(number * 2))));
    }
}
