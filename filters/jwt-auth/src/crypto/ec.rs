//! ECDSA with the curves of NIST, as JWS has it: the two numbers one after the other (RFC 7518, section 3.4).

use super::material::Unusable;

/// What the three curves' crates have in common by name only.
macro_rules! curve {
    ($module:ident, $feature:literal, $name:literal) => {
        #[cfg(feature = $feature)]
        pub(crate) mod $module {
            use super::{Unusable, point};
            use $module::ecdsa::signature::Verifier;
            use $module::ecdsa::{Signature, VerifyingKey};

            /// A public key on this curve.
            pub(crate) struct Key(VerifyingKey);

            impl Key {
                pub(crate) fn new(x: &[u8], y: &[u8], length: usize) -> Result<Self, Unusable> {
                    let point = point(x, y, length)?;
                    let key = VerifyingKey::from_sec1_bytes(&point);
                    key.map(Self).map_err(|_| Unusable::broken(concat!("no point on the curve ", $name)))
                }

                pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
                    Signature::from_slice(signature)
                        .is_ok_and(|parsed| self.0.verify(message, &parsed).is_ok())
                }
            }
        }
    };
}

curve!(p256, "es256", "P-256");
curve!(p384, "es384", "P-384");
curve!(p521, "es512", "P-521");

/// The uncompressed point. Coordinates have the full length of the field (RFC 7518, section 6.2.1.2).
fn point(x: &[u8], y: &[u8], length: usize) -> Result<Vec<u8>, Unusable> {
    if x.len() != length || y.len() != length {
        return Err(Unusable::broken(format!(
            "coordinates of {} and {} bytes: expected {length}",
            x.len(),
            y.len()
        )));
    }
    Ok([&[4], x, y].concat())
}
