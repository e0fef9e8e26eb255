//! A hostcall that failed: which one, with what, and what that usually means.

use super::Status;

/// A hostcall was refused by the proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hostcall `{hostcall}` with `{argument}` answered {status}: {}", self.meaning())]
#[non_exhaustive]
pub struct HostError {
    /// Name of the import.
    pub hostcall: &'static str,
    /// The argument that says most: a name, a key, a path.
    pub argument: String,
    /// What the proxy answered.
    pub status: Status,
}

impl HostError {
    pub(crate) fn new(hostcall: &'static str, argument: impl Into<String>, status: Status) -> Self {
        Self { hostcall, argument: argument.into(), status }
    }

    fn meaning(&self) -> &'static str {
        match self.status {
            Status::NOT_FOUND => "the proxy does not have it",
            Status::BAD_ARGUMENT => "the proxy refuses the argument, or the call in this phase",
            Status::SERIALIZATION_FAILURE => "the value has no form in bytes",
            Status::PARSE_FAILURE => "the bytes cannot be parsed",
            Status::CAS_MISMATCH => "somebody else wrote it at the same time",
            Status::INTERNAL_FAILURE => "the proxy could not do it, or this plugin may not call it",
            Status::UNIMPLEMENTED => "this proxy does not have the function",
            _ => "the proxy gives no reason",
        }
    }
}
