//! Signatures as JWS has them (RFC 7518, RFC 8037): algorithms, and keys that verify by them.
//!
//! RSA is verified by own code (`rsa` on `number`): nothing of it is secret, it is ten times as fast in Wasm as the crates
//! that also sign, and a tenth of their size. Everything else is verified by RustCrypto's crates. A key is parsed once
//! and verifies any number of times.

mod algorithm;
#[cfg(any(feature = "es256", feature = "es384", feature = "es512"))]
mod ec;
#[cfg(feature = "eddsa")]
mod edwards;
mod hash;
mod material;
#[cfg(feature = "rsa")]
mod number;
#[cfg(feature = "rsa")]
mod rsa;
#[cfg(feature = "hmac")]
mod secret;

pub(crate) use algorithm::{ALGORITHMS, Algorithm};
pub(crate) use material::{Material, Parts, Unusable};

#[cfg(test)]
mod tests;
