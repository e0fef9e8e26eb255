//! A shared value that could not be read or written.

use crate::host::HostError;
use crate::json::JsonError;

/// A shared value that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// The proxy refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The bytes under the key are not a value of this type: another version of the filter, or
    /// another filter with the same VM id, wrote them; or the value cannot be written as JSON.
    #[error("the shared value `{key}` is not of the type that the filter expects")]
    Type {
        /// The key.
        key: String,
        /// What is wrong with it.
        source: JsonError,
    },
    /// Other workers wrote between every read and write.
    #[error("the shared value `{key}` was changed by others in each of {tries} tries")]
    Contended {
        /// The key.
        key: String,
        /// How often it was tried.
        tries: usize,
    },
    /// A value for a table is larger than its place.
    #[error("a value of {size} bytes does not fit into a place of `{key}`: expected at most {limit}")]
    TooLarge {
        /// The key.
        key: String,
        /// Its bytes as JSON.
        size: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Only the futures of a filter are woken.
    #[error("the queue `{name}` can be waited for in a filter's exchanges, jobs and tasks only")]
    NotWaiting {
        /// The queue.
        name: String,
    },
}
