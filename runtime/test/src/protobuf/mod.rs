//! Protobuf messages by their descriptors: bytes on the wire, JSON in tests.
//!
//! The library for it is behind the feature `protobuf`, because it brings ten crates into the build of a filter's tests.

#[cfg(not(feature = "protobuf"))]
mod absent;
#[cfg(feature = "protobuf")]
mod dynamic;

#[cfg(not(feature = "protobuf"))]
pub(crate) use absent::{Descriptors, MessageType};
#[cfg(feature = "protobuf")]
pub(crate) use dynamic::{Descriptors, MessageType};

/// What a field holds, as far as its name tells what may stand below it.
#[cfg_attr(not(feature = "protobuf"), expect(dead_code, reason = "there are no types of messages"))]
pub(crate) enum Holds {
    /// A message, or several.
    Message(MessageType),
    /// Messages by key.
    Map(MessageType),
    /// A scalar, or a message whose JSON is no list of fields.
    Plain,
}
