//! Bodies: mapped chunk by chunk while they stream, or read as a whole while the headers wait.
//!
//! A mapped body streams: memory stays constant, the headers leave first, and `content-length`
//! is removed because the length is not known yet. A body that is read as a whole
//! ([`crate::Request::body`]) holds the headers back, which the proxy must allow.

mod chunk;
mod transform;

#[cfg(test)]
mod tests;

pub use chunk::Chunk;

pub(crate) use transform::{Flow, Transform, read};

use std::fmt;

/// A body that cannot be had, or not in this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The proxy does not hand out bodies while headers wait; without this answer the exchange
    /// would hang until it times out.
    #[error(
        "the {message} body cannot be read before its headers leave: the proxy needs \
         `allow_on_headers_stop_iteration: true`, and the VM `MESH_FILTER_HOLD_HEADERS=1` to say so"
    )]
    HoldNotAllowed {
        /// Request or response.
        message: Message,
    },
    /// The body is longer than the filter accepts.
    #[error("the {message} body is longer than the {limit} bytes that the filter accepts")]
    TooLarge {
        /// Request or response.
        message: Message,
        /// The filter's limit.
        limit: usize,
    },
    /// The proxy does not give the bytes of which it has told.
    #[error("the proxy does not give the {message} body that it has told of")]
    Missing {
        /// Request or response.
        message: Message,
    },
    /// There is no body to replace: the proxy asks filters about bodies only where there is one.
    #[error("the {message} has no body that could be replaced")]
    None {
        /// Request or response.
        message: Message,
    },
    /// Trailers were to be added to a message that had ended before its headers left: proxies take
    /// new trailers only with the last bytes of a body that passes.
    #[error("the {message} ended before its headers left, and without trailers: none can be added any more")]
    NoTrailers {
        /// Request or response.
        message: Message,
    },
    /// Bytes were left when trailers came, and the proxy takes no more body after those.
    #[error("{count} bytes of the {message} body were left when its trailers came, too late to send them")]
    Trailers {
        /// Request or response.
        message: Message,
        /// How many.
        count: usize,
    },
}

/// The message that a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// From the client to the upstream.
    Request,
    /// From the upstream to the client.
    Response,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}
