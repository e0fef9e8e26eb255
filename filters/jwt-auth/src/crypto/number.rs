//! Arithmetic modulo large numbers by Montgomery's method, for public keys: it takes no care to hide what it computes.
//!
//! Numbers are limbs of 32 bits, the lowest first, because a Wasm engine multiplies two of them in one instruction. In
//! Montgomery's form a number is kept as its product with R, the power of two behind the last limb.

use std::cell::Cell;

/// An odd modulus, with what Montgomery's method needs of it.
pub(crate) struct Modulus {
    limbs: Vec<u32>,
    /// The negative inverse of the lowest limb, modulo 2^32.
    inverse: u32,
    /// The square of R modulo this.
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

    /// How many limbs it has.
    pub(crate) fn len(&self) -> usize {
        self.limbs.len()
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

    /// The number with these bytes, in as many limbs as this has; `None` unless it is smaller.
    pub(crate) fn number(&self, bytes: &[u8]) -> Option<Vec<u32>> {
        let mut number = limbs(bytes);
        if number.len() > self.limbs.len() {
            return None;
        }
        number.resize(self.limbs.len(), 0);
        is_less(&number, &self.limbs).then_some(number)
    }

    /// The number with these bytes modulo this, where it is smaller than twice this.
    pub(crate) fn reduced(&self, bytes: &[u8]) -> Option<Vec<u32>> {
        let mut number = limbs(bytes);
        if number.len() > self.limbs.len() {
            return None;
        }
        number.resize(self.limbs.len(), 0);
        self.reduce(&mut number, false);
        is_less(&number, &self.limbs).then_some(number)
    }

    /// The power of a number that is smaller than the modulus, in as many bytes as that has.
    pub(crate) fn power(&self, base: &[u8], exponent: &[u32]) -> Option<Vec<u8>> {
        let base = self.number(base)?;
        let power = self.leave(&self.raise(&self.enter(&base), exponent));
        let mut bytes: Vec<u8> = power.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        bytes.drain(..bytes.len().saturating_sub(self.bytes()));
        Some(bytes)
    }

    /// A number in Montgomery's form.
    pub(crate) fn enter(&self, number: &[u32]) -> Vec<u32> {
        self.multiply(number, &self.square)
    }

    /// A number out of Montgomery's form.
    pub(crate) fn leave(&self, number: &[u32]) -> Vec<u32> {
        self.multiply(number, &self.one())
    }

    /// A power; number and power are in Montgomery's form.
    pub(crate) fn raise(&self, base: &[u32], exponent: &[u32]) -> Vec<u32> {
        let mut power = self.enter(&self.one());
        let bits = exponent.iter().rev().flat_map(|limb| (0..32).rev().map(move |bit| limb >> bit & 1));
        for bit in bits.skip_while(|bit| *bit == 0) {
            power = self.multiply(&power, &power);
            if bit == 1 {
                power = self.multiply(&power, base);
            }
        }
        power
    }

    /// `a * b / R`, of which both are smaller than the modulus.
    pub(crate) fn multiply(&self, a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut product = vec![0; self.limbs.len()];
        self.multiply_into(&mut product, a, b);
        product
    }

    /// The same, into limbs that are zero.
    pub(crate) fn multiply_into(&self, product: &mut [u32], a: &[u32], b: &[u32]) {
        let limbs = Cell::from_mut(&mut *product).as_slice_of_cells();
        let (Some((first, rest)), Some((b_first, b_rest)), Some((n_first, n_rest))) =
            (limbs.split_first(), b.split_first(), self.limbs.split_first())
        else {
            return;
        };
        let mut above = 0_u64;
        for factor in a {
            // Adds a multiple of `b`, and of the modulus so that the lowest limb becomes zero and can go.
            let clearing = first.get().wrapping_add(factor.wrapping_mul(*b_first)).wrapping_mul(self.inverse);
            let (factor, clearing) = (u64::from(*factor), u64::from(clearing));
            let plus = u64::from(first.get()) + factor * u64::from(*b_first);
            let cleared = u64::from(low(plus)) + clearing * u64::from(*n_first);
            let (mut carry, mut clearing_carry) = (plus >> 32, cleared >> 32);
            let mut lower = first;
            for ((limb, b), n) in rest.iter().zip(b_rest).zip(n_rest) {
                let plus = u64::from(limb.get()) + factor * u64::from(*b) + carry;
                let cleared = u64::from(low(plus)) + clearing * u64::from(*n) + clearing_carry;
                lower.set(low(cleared));
                (carry, clearing_carry, lower) = (plus >> 32, cleared >> 32, limb);
            }
            let last = above + carry + clearing_carry;
            lower.set(low(last));
            above = last >> 32;
        }
        self.reduce(product, above != 0);
    }

    /// The sum of two numbers that are smaller than the modulus.
    pub(crate) fn add_to(&self, number: &mut [u32], other: &[u32]) {
        let above = add(number, other);
        self.reduce(number, above);
    }

    /// The difference of two numbers that are smaller than the modulus.
    pub(crate) fn subtract_from(&self, number: &mut [u32], other: &[u32]) {
        if subtract(number, other) {
            // One modulus more, whose carry takes the borrow back.
            add(number, &self.limbs);
        }
    }

    /// Takes the modulus away once where a number, with a bit above its limbs perhaps, is not smaller.
    fn reduce(&self, number: &mut [u32], above: bool) {
        if above || !is_less(number, &self.limbs) {
            subtract(number, &self.limbs);
        }
    }

    /// The limbs, less a small number.
    pub(crate) fn minus(&self, less: u32) -> Vec<u32> {
        let mut limbs = self.limbs.clone();
        let mut small = vec![0; limbs.len()];
        if let Some(lowest) = small.first_mut() {
            *lowest = less;
        }
        subtract(&mut limbs, &small);
        limbs
    }

    /// A number and this modulus, where that is smaller than another modulus; in as many limbs as that has.
    pub(crate) fn lifted(&self, number: &[u32], other: &Self) -> Option<Vec<u32>> {
        let mut lifted = number.to_vec();
        lifted.resize(other.len(), 0);
        let carry = add(&mut lifted, &self.limbs);
        (!carry && is_less(&lifted, &other.limbs)).then_some(lifted)
    }

    fn one(&self) -> Vec<u32> {
        let mut one = vec![0; self.limbs.len()];
        if let Some(lowest) = one.first_mut() {
            *lowest = 1;
        }
        one
    }

    fn square_of_r(&self) -> Vec<u32> {
        let double = |number: &mut Vec<u32>| {
            let same = number.clone();
            self.add_to(number, &same);
        };
        // The highest power of two below the modulus, doubled until it is R.
        let highest = self.bits() - 1;
        let mut square = vec![0; self.limbs.len()];
        if let Some(limb) = square.get_mut(highest / 32) {
            *limb = 1 << (highest % 32);
        }
        let length = self.limbs.len() * 32;
        for _ in highest..length {
            double(&mut square);
        }
        // R * 2^x, with x doubled by a product and increased by `double`, until x is the length of R.
        for bit in (0..=length.ilog2()).rev() {
            square = self.multiply(&square, &square);
            if length >> bit & 1 == 1 {
                double(&mut square);
            }
        }
        square
    }
}

/// The lower half.
const fn low(number: u64) -> u32 {
    // Nothing is lost that is not meant to be; by bytes it would be the longest part of a multiplication.
    (number & 0xffff_ffff) as u32
}

/// The limbs of a number, of which the last is not zero.
pub(crate) fn limbs(bytes: &[u8]) -> Vec<u32> {
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

/// Adds a number, modulo the power of two behind the last limb; answers whether that was reached.
fn add(to: &mut [u32], number: &[u32]) -> bool {
    let mut carry = false;
    for (limb, more) in to.iter_mut().zip(number) {
        let (sum, first) = limb.overflowing_add(*more);
        let (sum, second) = sum.overflowing_add(u32::from(carry));
        *limb = sum;
        carry = first || second;
    }
    carry
}

/// Takes a number away, modulo the power of two behind the last limb; answers whether it was the larger one.
fn subtract(from: &mut [u32], number: &[u32]) -> bool {
    let mut borrow = false;
    for (limb, less) in from.iter_mut().zip(number) {
        let (without, first) = limb.overflowing_sub(*less);
        let (without, second) = without.overflowing_sub(u32::from(borrow));
        *limb = without;
        borrow = first || second;
    }
    borrow
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u64) -> Vec<u8> {
        number.to_be_bytes().to_vec()
    }

    fn value(limbs: &[u32]) -> u64 {
        limbs.iter().rev().fold(0, |number, limb| number << 32 | u64::from(*limb))
    }

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

    const MODULI: [u64; 7] =
        [3, 5, 0xffff_ffff, 0x1_0000_0001, 0xffff_ffff_ffff_ffff, 0x8000_0000_0000_0001, 1_000_003];

    #[test]
    fn powers_are_those_of_plain_arithmetic() {
        for modulus in MODULI {
            let known = Modulus::new(&bytes(modulus)).unwrap();
            for base in [0, 1, 2, modulus / 2, modulus - 1] {
                for exponent in [1, 2, 3, 17, 65537, u64::MAX] {
                    let power_of = known.power(&bytes(base), &limbs(&bytes(exponent))).unwrap();
                    assert_eq!(power_of.len(), known.bytes());
                    let number = power_of.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
                    assert_eq!(number, power(base, exponent, modulus), "{base}^{exponent} mod {modulus}");
                }
            }
            assert!(known.power(&bytes(modulus), &[3]).is_none(), "not reduced");
        }
    }

    #[test]
    fn sums_and_differences_are_those_of_plain_arithmetic() {
        for modulus in MODULI {
            let known = Modulus::new(&bytes(modulus)).unwrap();
            let all = [0, 1, 2, modulus / 2, modulus / 2 + 1, modulus - 1];
            for (one, other) in all.iter().flat_map(|one| all.map(|other| (*one, other % modulus))) {
                let number = |number| known.number(&bytes(number)).unwrap();
                let (mut sum, mut difference) = (number(one), number(one));
                known.add_to(&mut sum, &number(other));
                known.subtract_from(&mut difference, &number(other));
                let (wide, more) = (u128::from(modulus), u128::from(other));
                assert_eq!(u128::from(value(&sum)), (u128::from(one) + more) % wide, "{one} + {other}");
                assert_eq!(
                    u128::from(value(&difference)),
                    (u128::from(one) + wide - more) % wide,
                    "{one} - {other}"
                );
            }
            assert_eq!(value(&known.minus(2)), modulus - 2);
        }
    }

    #[test]
    fn even_numbers_and_one_are_no_moduli() {
        for bytes in [&[][..], &[0], &[1], &[0, 0, 0, 0, 1], &[2], &[255, 0]] {
            assert!(Modulus::new(bytes).is_none(), "{bytes:?}");
        }
    }
}
