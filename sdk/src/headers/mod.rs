//! Headers: an ordered list of names and values, read once and written back as changes.
//!
//! Values are bytes, because that is what proxies pass; text is a conversion that can fail.
//! A name may occur several times, and all its values count.

mod cookie;
mod field;
mod list;
mod name;
mod query;
mod value;

pub use cookie::Cookie;
pub use list::Headers;
pub use name::HeaderName;
pub use query::Query;
pub use value::Value;

pub(crate) use field::{check_status, check_value};

/// A header name or value that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Names are RFC 9110 tokens.
    #[error("`{name}` is not a header name: expected one or more of a-z, 0-9 and !#$%&'*+-.^_`|~")]
    Name {
        /// What was given.
        name: String,
    },
    /// A name with a colon that this message does not have, or that may not be changed this way.
    #[error("pseudo header `{name}` cannot be {action} here")]
    Pseudo {
        /// What was given.
        name: String,
        /// What was tried.
        action: &'static str,
    },
    /// Values hold no line break and no NUL byte. The value itself is not repeated: it may be secret.
    #[error("the value for `{name}` holds byte {byte:#04x} at {position}: expected no CR, LF or NUL")]
    Value {
        /// The header.
        name: String,
        /// The byte.
        byte: u8,
        /// Where it stands.
        position: usize,
    },
    /// `:status` is a number from 200 to 599.
    #[error("`{status}` is not a status: expected a number from 200 to 599")]
    Status {
        /// What was given.
        status: String,
    },
    /// The value is not UTF-8.
    #[error("the value is not UTF-8 from byte {valid_up_to} on")]
    NotText {
        /// Length of the part that is text.
        valid_up_to: usize,
    },
}
