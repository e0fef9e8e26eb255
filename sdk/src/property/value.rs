//! The kinds of value that properties have, and their bytes.
//!
//! Text and bytes are raw, numbers 8 bytes little-endian, truth values one byte, moments and spans
//! of time nanoseconds in 8 bytes, maps and lists pairs.

use super::{Address, Direction, Map, ResponseFlags};
use std::time::{Duration, SystemTime};

/// A kind of value that a property has, for [`read`](super::read).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of property",
    note = "properties are read as `Vec<u8>`, `String`, `i64`, `u64`, `u16`, `f64`, `bool`, `Duration`, \
            `SystemTime`, `Vec<String>` and types of `mesh_filter::property`"
)]
pub trait Value: Sized + sealed::Sealed {
    /// What its bytes are, as errors say it.
    #[doc(hidden)]
    const EXPECTED: &'static str;

    /// The value, or the bytes where they are not of this kind.
    #[doc(hidden)]
    fn from_bytes(bytes: Vec<u8>) -> Result<Self, Vec<u8>>;
}

mod sealed {
    pub trait Sealed {}
}

/// Implements a kind by a function from the bytes as slice.
macro_rules! kind {
    ($kind:ty, $expected:literal, $decode:expr) => {
        impl sealed::Sealed for $kind {}

        impl Value for $kind {
            const EXPECTED: &'static str = $expected;

            fn from_bytes(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
                let decode: fn(&[u8]) -> Option<Self> = $decode;
                decode(&bytes).ok_or(bytes)
            }
        }
    };
}

kind!(i64, "an integer", integer);
kind!(u64, "an unsigned integer", |bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
kind!(u16, "an integer up to 65535", |bytes| u16::try_from(integer(bytes)?).ok());
kind!(f64, "a floating-point number", |bytes| Some(f64::from_le_bytes(bytes.try_into().ok()?)));
kind!(bool, "a truth value", |bytes| match bytes {
    [0] => Some(false),
    [1] => Some(true),
    _ => None,
});
kind!(Duration, "a span of time", nanoseconds);
kind!(SystemTime, "a moment since 1970", |bytes| { SystemTime::UNIX_EPOCH.checked_add(nanoseconds(bytes)?) });
kind!(Address, "an address in text", |bytes| Some(Address::new(std::str::from_utf8(bytes).ok()?)));
kind!(Map, "a map", Map::decode);
kind!(Vec<String>, "a list of text", |bytes| {
    // A list has its items as the names of pairs without values.
    Map::decode(bytes)?.iter().map(|(item, _)| Some(std::str::from_utf8(item).ok()?.to_owned())).collect()
});
kind!(Direction, "a direction of traffic", |bytes| Some(Direction::new(integer(bytes)?)));
kind!(ResponseFlags, "a set of response flags", |bytes| {
    Some(ResponseFlags(u64::from_le_bytes(bytes.try_into().ok()?)))
});

impl sealed::Sealed for Vec<u8> {}

impl Value for Vec<u8> {
    const EXPECTED: &'static str = "bytes";

    fn from_bytes(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        Ok(bytes)
    }
}

impl sealed::Sealed for String {}

impl Value for String {
    const EXPECTED: &'static str = "text";

    fn from_bytes(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        Self::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
    }
}

fn integer(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}

fn nanoseconds(bytes: &[u8]) -> Option<Duration> {
    Some(Duration::from_nanos(u64::try_from(integer(bytes)?).ok()?))
}
