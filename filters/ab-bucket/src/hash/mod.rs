//! Hashes of ids: small, and the same numbers as in the clients of GrowthBook and Unleash.
//!
//! Both clients are at home in JavaScript, where a text is a list of UTF-16 units. So texts are hashed by these; for ASCII
//! that is the same as by bytes.

mod fnv;
mod murmur;

pub(crate) use fnv::Fnv;
pub(crate) use murmur::Murmur;
