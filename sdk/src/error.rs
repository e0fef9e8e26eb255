//! The error that a filter returns: anything that is a [`std::error::Error`], with its chain.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

/// A [`std::result::Result`] with the SDK's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a filter could not go on.
///
/// Every [`std::error::Error`] becomes one by `?`, the SDK's own ([`crate::call::CallError`],
/// [`crate::headers::HeaderError`], [`crate::body::BodyError`], [`crate::HostError`]) and the
/// filter's. What it was can be asked by [`Error::downcast_ref`].
///
/// ```
/// use mesh_filter::{Error, Result};
///
/// fn port(text: &str) -> Result<u16> {
///     if text.is_empty() {
///         return Err(Error::new("the port is missing"));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(port("").unwrap_err().to_string(), "the port is missing");
/// assert!(port("x").unwrap_err().downcast_ref::<std::num::ParseIntError>().is_some());
/// ```
pub struct Error(Box<dyn Cause>);

/// `Debug` of an error that is the cause of others, as it is told. A derived one would be linked with each `dyn Error`, and with it
/// 5 KiB of the standard library that show texts.
macro_rules! told {
    ($($error:ty),*) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )*};
}

pub(crate) use told;

/// An error as it is kept. Not `dyn Error`, with which each type's `Debug` would be linked, and with
/// that more than 10 KiB of the standard library that no filter uses.
trait Cause {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn source(&self) -> Option<&(dyn StdError + 'static)>;
    fn any(&self) -> &dyn Any;
}

impl<E: StdError + 'static> Cause for E {
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }

    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        StdError::source(self)
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Error {
    /// An error that is only a sentence.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Message(message.into())))
    }

    /// The error as the type that it was made from, if it is of that type.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.any().downcast_ref()
    }
}

impl<E: StdError + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

/// Prints the error and what caused it, separated by colons.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error that is only a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(String);
