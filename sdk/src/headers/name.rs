//! Names of headers, lower-case and valid by construction.

use super::{HeaderError, field};
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;

/// A valid header name in lower case, for configurations and constants.
///
/// ```
/// use mesh_filter::HeaderName;
///
/// assert_eq!(HeaderName::new("X-Cohort").unwrap().as_str(), "x-cohort");
/// assert!(HeaderName::new("x cohort").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(String);

impl HeaderName {
    /// Checks a name and makes it lower-case.
    ///
    /// # Errors
    /// When it is not an RFC 9110 token; pseudo headers are none.
    pub fn new(name: impl AsRef<str>) -> Result<Self, HeaderError> {
        Self::checked(name.as_ref())
    }

    /// What [`HeaderName::new`] does, once in a module.
    fn checked(name: &str) -> Result<Self, HeaderError> {
        if field::is_token(name) {
            Ok(Self(name.to_ascii_lowercase()))
        } else {
            Err(HeaderError::Name { name: name.to_owned() })
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for HeaderName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HeaderName {
    type Err = HeaderError;

    fn from_str(name: &str) -> Result<Self, HeaderError> {
        Self::new(name)
    }
}

impl<'de> Deserialize<'de> for HeaderName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
