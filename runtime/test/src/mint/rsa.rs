//! Signatures of RFC 8017: PKCS #1 v1.5 and PSS.

use super::hash::Hash;
use num_bigint::BigUint;

/// An RSA key.
#[derive(Debug, Clone)]
pub(crate) struct Rsa {
    pub(super) modulus: BigUint,
    pub(super) exponent: BigUint,
    /// `None` of a public key.
    pub(super) private: Option<Private>,
}

/// What only the owner of a key knows.
#[derive(Debug, Clone)]
pub(super) struct Private {
    pub(super) primes: [BigUint; 2],
    /// The private exponent modulo each prime less one.
    pub(super) exponents: [BigUint; 2],
    /// The inverse of the second prime modulo the first.
    pub(super) coefficient: BigUint,
}

/// The sizes of keys that are taken, in bits.
pub(super) const SIZES: std::ops::RangeInclusive<u64> = 512..=16_384;

impl Rsa {
    /// Whether the numbers can be those of a key.
    pub(super) fn is_sound(&self) -> bool {
        let private = |private: &Private| {
            let [first, second] = &private.primes;
            first.bits() > 1 && second.bits() > 1 && first * second == self.modulus
        };
        SIZES.contains(&self.modulus.bits()) && self.private.as_ref().is_none_or(private)
    }

    fn size(&self) -> usize {
        usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// RSASSA-PKCS1-v1_5; `None` where the key is public or too small.
    pub(super) fn pkcs1(&self, hash: Hash, message: &[u8]) -> Option<Vec<u8>> {
        let mut info = prefix(hash).to_vec();
        info.extend(hash.digest(&[message]));
        let filling = self.size().checked_sub(info.len() + 3).filter(|filling| *filling >= 8)?;
        let mut encoded = vec![0, 1];
        encoded.resize(filling + 2, 0xff);
        encoded.push(0);
        encoded.extend(info);
        self.raise(&encoded)
    }

    /// RSASSA-PSS with a salt as long as the hash; `None` as for [`Self::pkcs1`].
    ///
    /// The salt comes from the message, so that tests have the same signature every time.
    pub(super) fn pss(&self, hash: Hash, message: &[u8]) -> Option<Vec<u8>> {
        let bits = self.modulus.bits() - 1;
        let size = usize::try_from(bits.div_ceil(8)).ok()?;
        let salt = hash.digest(&[b"salt", message]);
        let zeros = size.checked_sub(salt.len() + hash.size() + 2)?;
        let digest = hash.digest(&[&[0; 8], &hash.digest(&[message]), &salt]);
        let mut block = vec![0; zeros];
        block.push(1);
        block.extend(salt);
        for (byte, mask) in block.iter_mut().zip(mask(hash, &digest)) {
            *byte ^= mask;
        }
        if let Some(first) = block.first_mut() {
            let unused = u32::try_from(u64::try_from(size).ok()? * 8 - bits).ok()?;
            *first &= 0xff_u8.checked_shr(unused).unwrap_or(0);
        }
        block.extend(digest);
        block.push(0xbc);
        self.raise(&block)
    }

    /// The message's number to the power of the private exponent, by the Chinese remainder theorem.
    fn raise(&self, message: &[u8]) -> Option<Vec<u8>> {
        let Private { primes: [p, q], exponents: [dp, dq], coefficient } = self.private.as_ref()?;
        let message = BigUint::from_bytes_be(message);
        let (first, second) = (message.modpow(dp, p), message.modpow(dq, q));
        let difference = (first + p - &second % p) % p;
        let signature = &second + (coefficient * difference % p) * q;
        let bytes = signature.to_bytes_be();
        let mut out = vec![0; self.size().checked_sub(bytes.len())?];
        out.extend(bytes);
        Some(out)
    }
}

/// MGF1: hashes of the seed with a counter.
fn mask(hash: Hash, seed: &[u8]) -> impl Iterator<Item = u8> {
    let seed = seed.to_vec();
    (0_u32..).flat_map(move |counter| hash.digest(&[&seed, &counter.to_be_bytes()]))
}

/// What stands before a digest: the algorithm's identifier and the digest's length, in DER.
fn prefix(hash: Hash) -> [u8; 19] {
    let (identifier, size) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    [0x30, 17 + size, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, identifier, 5, 0, 4, size]
}
