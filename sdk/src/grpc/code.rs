//! The statuses of gRPC.

use std::fmt;

/// How a gRPC call ended, as the service or the proxy says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Code {
    /// It succeeded.
    Ok = 0,
    /// The caller gave it up.
    Cancelled = 1,
    /// Something failed that has no status here; numbers that gRPC does not know are this one too.
    Unknown = 2,
    /// An argument is wrong, whatever the state of the service.
    InvalidArgument = 3,
    /// Its time was over.
    DeadlineExceeded = 4,
    /// What it asks for is not there.
    NotFound = 5,
    /// What it would make is there already.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A quota, a limit or a disk is used up.
    ResourceExhausted = 8,
    /// The service is not in the state that this needs.
    FailedPrecondition = 9,
    /// Something else happened at the same time.
    Aborted = 10,
    /// The end was passed.
    OutOfRange = 11,
    /// The service does not have this method.
    Unimplemented = 12,
    /// Something is broken.
    Internal = 13,
    /// The service cannot be reached now.
    Unavailable = 14,
    /// Data is lost.
    DataLoss = 15,
    /// Nobody knows who the caller is.
    Unauthenticated = 16,
}

impl Code {
    /// All of them, by number.
    const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The status with this number; [`Code::Unknown`] where there is none, as gRPC has it.
    #[must_use]
    pub fn of(number: u32) -> Self {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        Self::ALL.get(index).copied().unwrap_or(Self::Unknown)
    }

    /// The number, as `grpc-status` says it.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The name, as gRPC writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_code_and_what_is_more_is_unknown() {
        for number in 0..=16 {
            assert_eq!(Code::of(number).number(), number);
        }
        assert_eq!((Code::of(17), Code::of(u32::MAX)), (Code::Unknown, Code::Unknown));
        assert_eq!(Code::of(14).to_string(), "UNAVAILABLE");
    }
}
