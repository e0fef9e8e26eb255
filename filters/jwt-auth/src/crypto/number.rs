//! Powers of large numbers by Montgomery's method, for public keys: it takes no care to hide what it computes.
//!
//! Numbers are limbs of 32 bits, the lowest first, because a Wasm engine multiplies two of them in one instruction.

/// An odd modulus, with what Montgomery's method needs of it.
pub(crate) struct Modulus {
    limbs: Vec<u32>,
    /// The negative inverse of the lowest limb, modulo 2^32.
    inverse: u32,
    /// The square of R modulo this, where R is the power of two behind the last limb.
    square: Vec<u32>,
}

impl Modulus {
    /// The modulus with these bytes, the highest first; `None` for an even one and for 1.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let limbs = limbs(bytes);
        let lowest = *limbs.first()?;
        if lowest & 1 == 0 || limbs == [1] {
            return None;
        }
        // Newton's iteration doubles the correct bits: 3, 6, 12, 24, 48.
        let mut inverse = lowest;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(inverse)));
        }
        let mut modulus = Self { limbs, inverse: inverse.wrapping_neg(), square: Vec::new() };
        modulus.square = modulus.square_of_r();
        Some(modulus)
    }

    /// How many bits it has.
    pub(crate) fn bits(&self) -> usize {
        let top = self.limbs.last().map_or(0, |top| top.leading_zeros());
        self.limbs.len() * 32 - usize::try_from(top).unwrap_or_default()
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> usize {
        self.bits().div_ceil(8)
    }

    /// The power of a number that is smaller than the modulus, in as many bytes as that has.
    pub(crate) fn power(&self, base: &[u8], exponent: u64) -> Option<Vec<u8>> {
        let mut base = limbs(base);
        if base.len() > self.limbs.len() {
            return None;
        }
        base.resize(self.limbs.len(), 0);
        if !is_less(&base, &self.limbs) || exponent == 0 {
            return None;
        }
        let base = self.product(&base, &self.square);
        let mut power = base.clone();
        // The highest bit is in `power` already.
        for bit in (0..exponent.ilog2()).rev() {
            power = self.product(&power, &power);
            if exponent >> bit & 1 == 1 {
                power = self.product(&power, &base);
            }
        }
        let mut one = vec![0; self.limbs.len()];
        if let Some(lowest) = one.first_mut() {
            *lowest = 1;
        }
        let power = self.product(&power, &one);
        let mut bytes: Vec<u8> = power.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        bytes.drain(..bytes.len().saturating_sub(self.bytes()));
        Some(bytes)
    }

    /// `a * b / R` modulo this; both are smaller than it.
    fn product(&self, a: &[u32], b: &[u32]) -> Vec<u32> {
        let length = self.limbs.len();
        let first = b.first().copied().unwrap_or_default();
        // Each round adds multiples of `b` and of the modulus so that one more limb becomes zero.
        let mut sum = vec![0_u32; length * 2 + 1];
        for (round, factor) in a.iter().enumerate() {
            let Some(window) = sum.get_mut(round..) else { break };
            let lowest = window.first().copied().unwrap_or_default();
            let clearing = lowest.wrapping_add(factor.wrapping_mul(first)).wrapping_mul(self.inverse);
            let (factor, clearing) = (u64::from(*factor), u64::from(clearing));
            let (mut carry, mut clearing_carry) = (0_u64, 0_u64);
            for ((limb, b), n) in window.iter_mut().zip(b).zip(&self.limbs) {
                let plus = u64::from(*limb) + factor * u64::from(*b) + carry;
                let cleared = u64::from(low(plus)) + clearing * u64::from(*n) + clearing_carry;
                *limb = low(cleared);
                carry = plus >> 32;
                clearing_carry = cleared >> 32;
            }
            let mut carry = carry + clearing_carry;
            for limb in window.iter_mut().skip(length) {
                if carry == 0 {
                    break;
                }
                let plus = u64::from(*limb) + carry;
                *limb = low(plus);
                carry = plus >> 32;
            }
        }
        let mut result = sum.split_off(length);
        let above = result.pop().unwrap_or_default();
        if above != 0 || !is_less(&result, &self.limbs) {
            subtract(&mut result, &self.limbs);
        }
        result
    }

    /// Twice a number modulo this.
    fn double(&self, number: &mut [u32]) {
        let mut carry = 0;
        for limb in number.iter_mut() {
            let next = *limb >> 31;
            *limb = *limb << 1 | carry;
            carry = next;
        }
        if carry != 0 || !is_less(number, &self.limbs) {
            subtract(number, &self.limbs);
        }
    }

    fn square_of_r(&self) -> Vec<u32> {
        // The highest power of two below the modulus, doubled until it is R.
        let highest = self.bits() - 1;
        let mut r = vec![0; self.limbs.len()];
        if let Some(limb) = r.get_mut(highest / 32) {
            *limb = 1 << (highest % 32);
        }
        let length = self.limbs.len() * 32;
        for _ in highest..length {
            self.double(&mut r);
        }
        // R * 2^x, with x doubled by a product and increased by `double`, until x is the length of R.
        let mut square = r;
        for bit in (0..=length.ilog2()).rev() {
            square = self.product(&square, &square);
            if length >> bit & 1 == 1 {
                self.double(&mut square);
            }
        }
        square
    }
}

/// The lower half.
fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The limbs of a number, of which the last is not zero.
fn limbs(bytes: &[u8]) -> Vec<u32> {
    let limb = |chunk: &[u8]| chunk.iter().fold(0, |limb, byte| limb << 8 | u32::from(*byte));
    let mut limbs: Vec<u32> = bytes.rchunks(4).map(limb).collect();
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    limbs
}

/// Whether one number is less than another of as many limbs.
fn is_less(one: &[u32], other: &[u32]) -> bool {
    one.iter().rev().lt(other.iter().rev())
}

/// Takes a number away, modulo the power of two behind the last limb.
fn subtract(from: &mut [u32], number: &[u32]) {
    let mut borrow = false;
    for (limb, less) in from.iter_mut().zip(number) {
        let (without, first) = limb.overflowing_sub(*less);
        let (without, second) = without.overflowing_sub(u32::from(borrow));
        *limb = without;
        borrow = first || second;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(base: u64, exponent: u64, modulus: u64) -> u64 {
        let (mut result, mut base) = (1_u128, u128::from(base));
        let (mut exponent, modulus) = (exponent, u128::from(modulus));
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result * base % modulus;
            }
            base = base * base % modulus;
            exponent >>= 1;
        }
        u64::try_from(result).unwrap()
    }

    #[test]
    fn powers_are_those_of_plain_arithmetic() {
        let moduli =
            [3, 5, 0xffff_ffff, 0x1_0000_0001, 0xffff_ffff_ffff_ffff, 0x8000_0000_0000_0001, 1_000_003];
        for modulus in moduli {
            let known = Modulus::new(&u64::to_be_bytes(modulus)).unwrap();
            for base in [0, 1, 2, modulus / 2, modulus - 1] {
                for exponent in [1, 2, 3, 17, 65537, u64::MAX] {
                    let bytes = known.power(&base.to_be_bytes(), exponent).unwrap();
                    assert_eq!(bytes.len(), known.bytes());
                    let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
                    assert_eq!(number, power(base, exponent, modulus), "{base}^{exponent} mod {modulus}");
                }
            }
            assert!(known.power(&modulus.to_be_bytes(), 3).is_none(), "not reduced");
        }
    }

    #[test]
    fn even_numbers_and_one_are_no_moduli() {
        for bytes in [&[][..], &[0], &[1], &[0, 0, 0, 0, 1], &[2], &[255, 0]] {
            assert!(Modulus::new(bytes).is_none(), "{bytes:?}");
        }
    }
}
