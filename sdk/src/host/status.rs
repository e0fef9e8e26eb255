//! What a hostcall answers: the status codes of the ABI (`proxy_status_t`).

use std::fmt;

/// The result of a hostcall.
///
/// A number and not an enumeration: a proxy may answer codes that the specification does not name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

impl Status {
    /// The call did what it says.
    pub const OK: Self = Self(0);
    /// No such header, property, key, metric or token.
    pub const NOT_FOUND: Self = Self(1);
    /// An argument is out of range, or the call is not allowed in this phase.
    pub const BAD_ARGUMENT: Self = Self(2);
    /// The value exists but cannot be given as bytes.
    pub const SERIALIZATION_FAILURE: Self = Self(3);
    /// Bytes could not be parsed.
    pub const PARSE_FAILURE: Self = Self(4);
    /// The queue is empty.
    pub const EMPTY: Self = Self(7);
    /// Somebody else has written the shared value since it was read.
    pub const CAS_MISMATCH: Self = Self(8);
    /// The proxy could not do it.
    pub const INTERNAL_FAILURE: Self = Self(10);
    /// The proxy does not have this function.
    pub const UNIMPLEMENTED: Self = Self(12);

    /// The name that the specification uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "Ok",
            1 => "NotFound",
            2 => "BadArgument",
            3 => "SerializationFailure",
            4 => "ParseFailure",
            5 => "BadExpression",
            6 => "InvalidMemoryAccess",
            7 => "Empty",
            8 => "CasMismatch",
            9 => "ResultMismatch",
            10 => "InternalFailure",
            11 => "BrokenConnection",
            12 => "Unimplemented",
            _ => "unknown status",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
