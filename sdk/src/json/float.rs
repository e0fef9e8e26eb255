//! Decimal numbers as floating point, rounded right.
//!
//! The standard library does the same in less time, by tables of 15 KiB that every module would carry. Numbers as people
//! write them take one multiplication here; the others are divided as long numbers.

use std::cmp::Ordering;

/// Digits that may decide about the result. Those after them only tell whether there is more.
const DIGITS: usize = 800;

/// Powers of ten that floating point has exactly.
const EXACT_POWER: i32 = 22;

/// Bits of a result, with the one that is not stored.
const PRECISION: i32 = 53;

/// The exponent of the smallest number of full precision.
const LEAST_EXPONENT: i32 = -1022;

/// The number that a text says; none where it is no number, or too large.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent_of(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut exponent = exponent.saturating_sub(i32::try_from(fraction.len()).ok()?);
    let mut significant = Natural::default();
    let mut count = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        if count < DIGITS {
            significant.multiply(10, digit.into());
            count += usize::from(significant.bits() > 0);
            continue;
        }
        exponent = exponent.saturating_add(1);
        // It cannot stand between two results any more, so that a last digit of its own says enough.
        if digit > 0 && count == DIGITS {
            count += 1;
            significant.multiply(10, 1);
            exponent = exponent.saturating_sub(1);
        }
    }
    let digits = i32::try_from(count).ok()?;
    scale(significant, digits, exponent).map(|number| sign * number)
}

/// An exponent as it is written; one that no number has where it is longer than those.
fn exponent_of(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let add = |sum: i32, digit: &u8| sum.saturating_mul(10).saturating_add(i32::from(digit - b'0'));
    is_number.then(|| sign * digits.iter().fold(0, add).min(1_000_000))
}

/// A number of so many digits, times a power of ten.
fn scale(mut number: Natural, digits: i32, exponent: i32) -> Option<f64> {
    if let Some(small) = number.small()
        && exponent.abs() <= EXACT_POWER
    {
        let power = (0..exponent.abs()).fold(1.0, |power, _| power * 10.0);
        return Some(if exponent < 0 { small / power } else { small * power });
    }
    match digits.saturating_add(exponent) {
        _ if number.bits() == 0 => return Some(0.0),
        310.. => return None,
        ..-330 => return Some(0.0),
        _ => {}
    }
    let mut divisor = Natural::default();
    divisor.multiply(1, 1);
    let scaled = if exponent < 0 { &mut divisor } else { &mut number };
    for _ in 0..exponent.abs() {
        scaled.multiply(10, 0);
    }
    // So that the quotient has 63 or 64 bits.
    let shift = 63 - (number.bits() - divisor.bits());
    number.shift_left(shift.max(0));
    divisor.shift_left(63 + (-shift).max(0));
    let mut quotient = 0_u64;
    for _ in 0..64 {
        quotient <<= 1;
        if number.compare(&divisor) != Ordering::Less {
            number.subtract(&divisor);
            quotient |= 1;
        }
        divisor.halve();
    }
    round(quotient, number.bits() > 0, -shift)
}

/// `quotient` and, where there is a rest, a bit more, times two to the power of `exponent`.
fn round(quotient: u64, rest: bool, exponent: i32) -> Option<f64> {
    let bits = 64 - quotient.leading_zeros().cast_signed();
    let highest = bits - 1 + exponent;
    // Below the least exponent there are fewer bits.
    let kept = PRECISION.min(PRECISION + highest - LEAST_EXPONENT);
    let dropped = u32::try_from(bits - kept).ok()?;
    if dropped > 64 {
        return Some(0.0);
    }
    let (mantissa, low) = match dropped {
        64 => (0, quotient),
        _ => (quotient >> dropped, quotient & ((1 << dropped) - 1)),
    };
    let half = 1_u64.checked_shl(dropped.saturating_sub(1)).unwrap_or(0);
    let up = match low.cmp(&half) {
        Ordering::Less => false,
        Ordering::Equal => rest || mantissa & 1 == 1,
        Ordering::Greater => true,
    };
    // One that is rounded up to the next power of two carries into the exponent, as it should.
    let stored = u64::try_from((highest - LEAST_EXPONENT).max(0)).ok()?;
    let number = f64::from_bits((stored << (PRECISION - 1)) + mantissa + u64::from(up));
    number.is_finite().then_some(number)
}

/// A whole number of any length, its lowest part first; the highest is not nought.
#[derive(Default)]
struct Natural(Vec<u32>);

impl Natural {
    fn bits(&self) -> i32 {
        let Some(highest) = self.0.last() else { return 0 };
        i32::try_from(self.0.len() * 32).unwrap_or(i32::MAX) - highest.leading_zeros().cast_signed()
    }

    /// The number, where floating point has it exactly.
    fn small(&self) -> Option<f64> {
        let number = self.0.iter().rev().fold(0.0, |sum, part| sum * 4_294_967_296.0 + f64::from(*part));
        (self.bits() <= PRECISION).then_some(number)
    }

    #[inline(never)]
    fn multiply(&mut self, factor: u32, more: u32) {
        let mut carry = u64::from(more);
        for part in &mut self.0 {
            carry += u64::from(*part) * u64::from(factor);
            (*part, carry) = split(carry);
        }
        if carry > 0 {
            self.0.push(split(carry).0);
        }
    }

    #[inline(never)]
    fn shift_left(&mut self, bits: i32) {
        let bits = bits.unsigned_abs();
        self.multiply(1 << (bits % 32), 0);
        for _ in 0..bits / 32 {
            self.0.insert(0, 0);
        }
    }

    #[inline(never)]
    fn halve(&mut self) {
        let mut carry = 0;
        for part in self.0.iter_mut().rev() {
            (*part, carry) = (*part >> 1 | carry << 31, *part & 1);
        }
        self.trim();
    }

    fn compare(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Takes away what is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, part) in self.0.iter_mut().enumerate() {
            let (less, first) = part.overflowing_sub(other.0.get(index).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u32::from(borrow));
            (*part, borrow) = (less, first || second);
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

/// The low half, and the high one.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn split(wide: u64) -> (u32, u64) {
    (wide as u32, wide >> 32)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn agrees(text: &str) {
        let expected = text.parse::<f64>().unwrap();
        let expected = expected.is_finite().then_some(expected.to_bits());
        assert_eq!(parse(text).map(f64::to_bits), expected, "{text}");
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for text in [
            "0.1",
            "-0.0",
            "0e999999999999",
            "1.5",
            "2.50",
            "1e22",
            "1e23",
            "123456789012345678901234567890",
            "9007199254740993",
            "9007199254740993.0000000000000000000000000001",
            "8.5e-7",
            "1e308",
            "1.8e308",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "4.9e-324",
            "2.4e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072011e-308",
            "1e-400",
            "1e999",
            "2.2250738585072014e-308",
            "0.000001",
            "1e-2147483648",
            "1e2147483648",
            "5e-324",
            "7e-325",
        ] {
            agrees(text);
        }
        // Exactly between two numbers, and a bit above, where only the last of many digits tells.
        let between = format!("{:.1100}", f64::from_bits(1)).replace("4940656", "2470328");
        agrees(&between);
        let half = "9007199254740993";
        for zeros in [1, 700, 900, 5000] {
            agrees(&format!("{half}.{}", "0".repeat(zeros)));
            agrees(&format!("{half}.{}1", "0".repeat(zeros)));
            agrees(&format!("{half}{}1e-{}", "0".repeat(zeros), zeros + 1));
            agrees(&format!("0.{}{half}", "0".repeat(zeros)));
            agrees(&format!("{half}{}", "0".repeat(zeros)));
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let mut state = 1_u64;
        for _ in 0..50_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits(state ^ state >> 29);
            if number.is_finite() {
                agrees(&format!("{number}"));
                agrees(&format!("{number:.3e}"));
                agrees(&format!("{:.20}", number.abs().fract()));
            }
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in
            ["", "-", ".", "e1", "1e", "1e+", "1.2.3", "+1", "--1", "inf", "NaN", "0x1", "1_0", " 1", "1e 1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
