//! Names of the proxy's clusters.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;

/// The name of a cluster of the proxy, as `outbound|8080||bucket.default.svc.cluster.local`.
///
/// Only the proxy knows which exist: a call to another is [`super::CallError::UnknownCluster`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterName(String);

/// A name that cannot be that of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cluster name {problem}: expected the name of a cluster of the proxy")]
pub struct ClusterNameError {
    problem: &'static str,
}

impl ClusterName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty or holds a control character.
    pub fn new(name: impl Into<String>) -> Result<Self, ClusterNameError> {
        let name = name.into();
        if name.is_empty() {
            Err(ClusterNameError { problem: "is empty" })
        } else if name.chars().any(char::is_control) {
            Err(ClusterNameError { problem: "holds a control character" })
        } else {
            Ok(Self(name))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClusterName {
    type Err = ClusterNameError;

    fn from_str(name: &str) -> Result<Self, ClusterNameError> {
        Self::new(name)
    }
}

impl<'de> Deserialize<'de> for ClusterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
