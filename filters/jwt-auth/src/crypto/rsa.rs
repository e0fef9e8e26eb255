//! RSA signatures: PKCS #1 version 1.5 and PSS ([RFC 8017](https://www.rfc-editor.org/rfc/rfc8017)).

use super::hash::Hash;
use super::material::Unusable;
use super::number::{Modulus, limbs};

/// RFC 7518, section 3.3: a key of 2048 bits or larger must be used.
const FEWEST_BITS: usize = 2048;
/// A larger one would let a token cost more than its service.
const MOST_BITS: usize = 8192;

/// A public key.
pub(crate) struct RsaKey {
    modulus: Modulus,
    exponent: Vec<u32>,
}

impl RsaKey {
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, Unusable> {
        let modulus = Modulus::new(modulus).ok_or_else(|| Unusable::broken("the modulus is even"))?;
        let bits = modulus.bits();
        if !(FEWEST_BITS..=MOST_BITS).contains(&bits) {
            return Err(Unusable::broken(format!(
                "a modulus of {bits} bits: expected {FEWEST_BITS} to {MOST_BITS}"
            )));
        }
        let exponent = limbs(exponent);
        // Larger exponents make nothing safer and everything slower.
        if !matches!(exponent.as_slice(), [number] if *number >= 3 && number & 1 == 1) {
            return Err(Unusable::broken("the public exponent: expected an odd number from 3 to 2^32"));
        }
        Ok(Self { modulus, exponent })
    }

    /// RSASSA-PKCS1-v1_5 (section 8.2.2): the whole encoded message is made again and compared.
    pub(crate) fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let Some((opened, digest)) = self.open(signature).zip(hash.of(&[message])) else { return false };
        let info = digest_info(hash);
        let Some(padding) = opened.len().checked_sub(3 + info.len() + digest.len()) else { return false };
        let mut expected = vec![0, 1];
        expected.resize(2 + padding, 0xff);
        expected.push(0);
        expected.extend_from_slice(info);
        expected.extend_from_slice(&digest);
        opened == expected
    }

    /// RSASSA-PSS (section 8.1.2) as RFC 7518, section 3.5 wants it: one hash for all, a salt as long as that.
    pub(crate) fn verify_pss(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let Some((opened, digest)) = self.open(signature).zip(hash.of(&[message])) else { return false };
        self.is_pss(hash, &opened, &digest).unwrap_or(false)
    }

    /// Section 9.1.2, step by step.
    fn is_pss(&self, hash: Hash, opened: &[u8], digest: &[u8]) -> Option<bool> {
        let bits = self.modulus.bits() - 1;
        let (beyond, encoded) = opened.split_at_checked(opened.len() - bits.div_ceil(8))?;
        let unused = encoded.len() * 8 - bits;
        let (masked, rest) = encoded.split_at_checked(encoded.len().checked_sub(hash.len() + 1)?)?;
        let (seed, end) = rest.split_at_checked(hash.len())?;
        let mask = 0xff_u8.checked_shr(u32::try_from(unused).ok()?)?;
        let first = *masked.first()?;
        if beyond.iter().any(|byte| *byte != 0) || end != [0xbc] || first & !mask != 0 {
            return Some(false);
        }
        let mut block: Vec<u8> = generate_mask(hash, seed, masked.len())?;
        for (byte, masked) in block.iter_mut().zip(masked) {
            *byte ^= masked;
        }
        *block.first_mut()? &= mask;
        let (padding, salt) = block.split_at_checked(block.len().checked_sub(hash.len())?)?;
        let (one, zeros) = padding.split_last()?;
        let is_padded = *one == 1 && zeros.iter().all(|byte| *byte == 0);
        Some(is_padded && hash.of(&[&[0; 8], digest, salt])? == seed)
    }

    /// The encoded message inside of a signature, which has exactly as many bytes as the modulus.
    fn open(&self, signature: &[u8]) -> Option<Vec<u8>> {
        (signature.len() == self.modulus.bytes()).then(|| self.modulus.power(signature, &self.exponent))?
    }
}

/// MGF1 (section B.2.1).
fn generate_mask(hash: Hash, seed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut mask = Vec::with_capacity(length + hash.len());
    for counter in 0_u32.. {
        if mask.len() >= length {
            break;
        }
        mask.extend(hash.of(&[seed, &counter.to_be_bytes()])?);
    }
    mask.truncate(length);
    Some(mask)
}

/// What stands before the hash (section 9.2, note 1).
fn digest_info(hash: Hash) -> &'static [u8] {
    match hash {
        Hash::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
        Hash::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
        Hash::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
    }
}
