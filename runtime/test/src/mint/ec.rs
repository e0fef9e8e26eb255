//! Signatures by elliptic curves: ECDSA (FIPS 186) with the nonces of RFC 6979, which are not random.
//!
//! Plain arithmetic that takes as long as the numbers want: it signs tokens of tests, whose keys are no secrets.

use super::hash::Hash;
use num_bigint::BigUint;

/// One of the curves of JSON Web Algorithms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Curve {
    /// As `crv` names it.
    pub(super) name: &'static str,
    /// Bytes of a coordinate.
    pub(super) size: usize,
    prime: BigUint,
    order: BigUint,
    base: (BigUint, BigUint),
}

/// A point as (x, y, z) for the coordinates x/z², y/z³; z is 0 at infinity.
#[derive(Debug, Clone)]
struct Point {
    x: BigUint,
    y: BigUint,
    z: BigUint,
}

/// Name, bytes of a coordinate, prime, order, and the base point's coordinates.
const CURVES: [(&str, usize, [&str; 4]); 3] = [
    (
        "P-256",
        32,
        [
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ],
    ),
    (
        "P-384",
        48,
        [
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ],
    ),
    (
        "P-521",
        66,
        [
            "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
             ffffffffffffffffffffffffffffffff",
            "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d0\
             3bb5c9b8899c47aebb6fb71e91386409",
            "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3\
             348b3c1856a429bf97e7e31c2e5bd66",
            "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761\
             353c7086a272c24088be94769fd16650",
        ],
    ),
];

impl Curve {
    /// The curve of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (name, size, numbers) = CURVES.into_iter().find(|(known, ..)| *known == name)?;
        let [prime, order, x, y] = numbers.map(|digits| BigUint::parse_bytes(digits.as_bytes(), 16));
        Some(Self { name, size, prime: prime?, order: order?, base: (x?, y?) })
    }

    /// Whether a number can be a private key.
    pub(super) fn is_key(&self, number: &BigUint) -> bool {
        number.bits() > 0 && *number < self.order
    }

    /// The public key of a private one.
    pub(super) fn public(&self, private: &BigUint) -> Option<(BigUint, BigUint)> {
        self.affine(&self.times_base(private))
    }

    /// r and s, one after the other, each of the curve's size.
    pub(super) fn sign(&self, hash: Hash, private: &BigUint, message: &[u8]) -> Option<Vec<u8>> {
        let digest = self.number(&hash.digest(&[message])) % &self.order;
        let mut nonces = Nonces::new(self, hash, private, &digest);
        loop {
            let nonce = nonces.next();
            let (x, _) = self.affine(&self.times_base(&nonce))?;
            let r = x % &self.order;
            let s = nonce.modinv(&self.order)? * (&digest + &r * private) % &self.order;
            if r.bits() > 0 && s.bits() > 0 {
                return Some([self.bytes(&r), self.bytes(&s)].concat());
            }
        }
    }

    /// A number in as many bytes as a coordinate.
    pub(super) fn bytes(&self, number: &BigUint) -> Vec<u8> {
        let bytes = number.to_bytes_be();
        let mut out = vec![0; self.size.saturating_sub(bytes.len())];
        out.extend(bytes);
        out
    }

    /// The leftmost bits, as many as the order has (`bits2int`).
    fn number(&self, bytes: &[u8]) -> BigUint {
        let bits = u64::try_from(bytes.len()).unwrap_or(u64::MAX).saturating_mul(8);
        BigUint::from_bytes_be(bytes) >> bits.saturating_sub(self.order.bits())
    }

    fn times_base(&self, factor: &BigUint) -> Point {
        let (x, y) = self.base.clone();
        let base = Point { x, y, z: BigUint::from(1_u8) };
        let mut sum = Point { x: BigUint::from(1_u8), y: BigUint::from(1_u8), z: BigUint::default() };
        for bit in (0..factor.bits()).rev() {
            sum = self.double(&sum);
            if factor.bit(bit) {
                sum = self.add(&sum, &base);
            }
        }
        sum
    }

    fn less(&self, a: &BigUint, b: &BigUint) -> BigUint {
        (a + &self.prime - b) % &self.prime
    }

    fn double(&self, point: &Point) -> Point {
        let (p, Point { x, y, z }) = (&self.prime, point);
        let yy = y * y % p;
        let s = (x * &yy % p) * 4_u8 % p;
        // a is -3 on these curves: 3x² + az⁴ is 3(x + z²)(x - z²).
        let zz = z * z % p;
        let m = ((x + &zz) * self.less(x, &zz) % p) * 3_u8 % p;
        let new = self.less(&(&m * &m % p), &(&s * 2_u8 % p));
        let y4 = (&yy * &yy % p) * 8_u8 % p;
        Point { y: self.less(&(m * self.less(&s, &new) % p), &y4), z: y * z * 2_u8 % p, x: new }
    }

    fn add(&self, a: &Point, b: &Point) -> Point {
        if a.z.bits() == 0 {
            return b.clone();
        }
        let p = &self.prime;
        let (aa, bb) = (&a.z * &a.z % p, &b.z * &b.z % p);
        let (u1, u2) = (&a.x * &bb % p, &b.x * &aa % p);
        let (s1, s2) = (&a.y * &bb * &b.z % p, &b.y * &aa * &a.z % p);
        if u1 == u2 {
            let infinity = Point { x: 1_u8.into(), y: 1_u8.into(), z: BigUint::default() };
            return if s1 == s2 { self.double(a) } else { infinity };
        }
        let (h, r) = (self.less(&u2, &u1), self.less(&s2, &s1));
        let hh = &h * &h % p;
        let (hhh, v) = (&h * &hh % p, u1 * &hh % p);
        let x = self.less(&self.less(&(&r * &r % p), &hhh), &(&v * 2_u8 % p));
        let y = self.less(&(r * self.less(&v, &x) % p), &(s1 * hhh % p));
        Point { x, y, z: h * &a.z * &b.z % p }
    }

    fn affine(&self, point: &Point) -> Option<(BigUint, BigUint)> {
        let inverse = point.z.modinv(&self.prime)?;
        let square = &inverse * &inverse % &self.prime;
        let (x, y) = (&point.x * &square % &self.prime, &point.y * &square * inverse % &self.prime);
        Some((x, y))
    }
}

/// The generator of RFC 6979, section 3.2.
struct Nonces<'a> {
    curve: &'a Curve,
    hash: Hash,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Nonces<'a> {
    fn new(curve: &'a Curve, hash: Hash, private: &BigUint, digest: &BigUint) -> Self {
        let (mut key, mut value) = (vec![0; hash.size()], vec![1; hash.size()]);
        let (private, digest) = (curve.bytes(private), curve.bytes(digest));
        for round in 0..2 {
            key = hash.hmac(&key, &[&value, &[round], &private, &digest]);
            value = hash.hmac(&key, &[&value]);
        }
        Self { curve, hash, key, value }
    }

    fn next(&mut self) -> BigUint {
        loop {
            let mut bytes = Vec::new();
            while bytes.len() < self.curve.size {
                self.value = self.hash.hmac(&self.key, &[&self.value]);
                bytes.extend(&self.value);
            }
            bytes.truncate(self.curve.size);
            let nonce = self.curve.number(&bytes);
            self.key = self.hash.hmac(&self.key, &[&self.value, &[0]]);
            self.value = self.hash.hmac(&self.key, &[&self.value]);
            if self.curve.is_key(&nonce) {
                return nonce;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Curve, Hash};
    use num_bigint::BigUint;

    /// Sections A.2.5 to A.2.7 of RFC 6979, message "sample".
    #[test]
    fn signatures_are_those_of_the_specification() {
        let number = |digits: &str| BigUint::parse_bytes(digits.as_bytes(), 16).unwrap();
        for (curve, hash, private, r, s) in [
            (
                "P-256",
                Hash::Sha256,
                "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
                "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
            ),
            (
                "P-384",
                Hash::Sha384,
                "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
                "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
                "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
            ),
            (
                "P-521",
                Hash::Sha512,
                "0FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F\
                 6D8FBEC67DB89EC0C08B0E996B83538",
                "0C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D\
                 7D4E8455CC91F9B15BF05EC36E377FA",
                "0617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A2\
                 0F8CCB1DCCC43997F1EE0E44DA4A67A",
            ),
        ] {
            let curve = Curve::named(curve).unwrap();
            let signature = curve.sign(hash, &number(private), b"sample").unwrap();
            let (got_r, got_s) = signature.split_at(curve.size);
            assert_eq!(BigUint::from_bytes_be(got_r), number(r), "{}", curve.name);
            assert_eq!(BigUint::from_bytes_be(got_s), number(s), "{}", curve.name);
        }
    }
}
