//! Shared work that brought no result.

use crate::error::Error;
use std::fmt;
use std::rc::Rc;

/// Shared work that brought no result. All who waited for it get the same.
#[derive(Clone)]
#[non_exhaustive]
pub enum FlightError {
    /// The work failed here.
    Failed(Rc<Error>),
    /// The work failed in another worker, which says this.
    FailedElsewhere(String),
    /// The work ended without a result: the plugin's configuration went, or no filter runs here.
    Abandoned,
}

impl FlightError {
    /// What the work failed with, unless another worker did it.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Prints the whole chain of what went wrong.
impl fmt::Display for FlightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::FailedElsewhere(error) => write!(f, "another worker: {error}"),
            Self::Abandoned => f.write_str("the shared work was given up before it had a result"),
        }
    }
}

impl fmt::Debug for FlightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for FlightError {}
