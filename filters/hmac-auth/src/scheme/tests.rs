//! The schemes by the examples of those who made them.

use super::*;

/// A request for tests.
pub(super) fn head<'a>(method: &'a str, target: &'a str, fields: &[(&'a str, &'a str)]) -> Head<'a> {
    Head {
        method: method.as_bytes(),
        scheme: b"https",
        authority: b"example.com",
        target: target.as_bytes(),
        has_body: true,
        fields: fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
    }
}
