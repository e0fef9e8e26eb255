//! Signatures as JWS has them (RFC 7518, RFC 8037): algorithms, and keys that verify by them.
//!
//! HMAC and Ed25519 are verified by RustCrypto's crates. RSA and the curves of NIST are by own code (`number`), because
//! verifying has no secrets: without the care that signing takes, and without what signs, it is several times as fast in Wasm as
//! the crates and a tenth of their size. A key is parsed once and verifies any number of times.

mod algorithm;
#[cfg(any(feature = "es256", feature = "es384", feature = "es512"))]
mod curve;
#[cfg(any(feature = "es256", feature = "es384", feature = "es512"))]
mod ecdsa;
#[cfg(feature = "eddsa")]
mod edwards;
mod hash;
mod material;
#[cfg(any(feature = "es256", feature = "es384", feature = "es512", feature = "rsa"))]
#[cfg_attr(
    not(all(feature = "rsa", any(feature = "es256", feature = "es384", feature = "es512"))),
    expect(dead_code, reason = "RSA and ECDSA each need a part of it")
)]
mod number;
#[cfg(feature = "rsa")]
mod rsa;
#[cfg(feature = "hmac")]
mod secret;

#[cfg(not(any(
    feature = "eddsa",
    feature = "es256",
    feature = "es384",
    feature = "es512",
    feature = "hmac",
    feature = "rsa"
)))]
compile_error!(
    "jwt-auth needs a feature with an algorithm: `rsa`, `es256`, `es384`, `es512`, `eddsa` or `hmac`"
);

pub(crate) use algorithm::{ALGORITHMS, Algorithm};
pub(crate) use material::{Material, Parts, Unusable};

#[cfg(test)]
mod tests;
