//! gRPC as tests describe it: which calls a mock is for, and what it answers.

mod call;

pub(crate) use call::{MockedCall, Reaction};

use crate::matcher::{HeaderMatcher, Matcher, Mismatch, shown};
use crate::protobuf::MessageType;
use crate::traffic::{Fault, Received};
use bytes::{BufMut, Bytes, BytesMut};
use mesh_filter_runtime::headers::Headers;
use std::time::Duration;

/// What a mocked cluster does with some gRPC callouts.
#[derive(Debug, Clone)]
pub(crate) struct GrpcRule {
    pub(crate) when: GrpcCondition,
    pub(crate) answer: GrpcAnswer,
    /// After which it answers.
    pub(crate) delay: Duration,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum GrpcAnswer {
    Reply(GrpcReply),
    Fail(Fault),
}

/// Which calls, and of streams which of their events, a rule is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct GrpcCondition {
    pub(crate) service: Option<Matcher>,
    pub(crate) method: Option<Matcher>,
    /// Metadata that the plugin sends, by name.
    pub(crate) headers: Vec<(String, HeaderMatcher)>,
    pub(crate) message: Option<MessageMatcher>,
    pub(crate) at: Moment,
}

/// A condition on a message: on its bytes, or on what they say.
#[derive(Debug, Clone)]
pub(crate) struct MessageMatcher {
    /// On the JSON of the message, where its type is known.
    pub(crate) matcher: Matcher,
    pub(crate) of: Option<MessageType>,
}

impl MessageMatcher {
    pub(crate) fn check(&self, message: &[u8]) -> Result<(), Mismatch> {
        let Some(of) = &self.of else { return self.matcher.check(message) };
        let json = of.decode(message).map_err(|error| {
            let (name, got) = (of.name(), shown(message));
            Mismatch::new(format!("expected a message of `{name}`, got {got} ({error})"))
        })?;
        self.matcher.check(json.to_string().as_bytes())
    }
}

impl From<Matcher> for MessageMatcher {
    fn from(matcher: Matcher) -> Self {
        Self { matcher, of: None }
    }
}

/// What a stream's rule answers; a unary call is one event, whatever its rule says here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Moment {
    /// The stream has been opened.
    Open,
    /// A message has come.
    #[default]
    Message,
    /// The plugin has ended its side.
    End,
}

impl GrpcCondition {
    /// Whether the rule is for this call at all.
    pub(crate) fn is_for(&self, call: &Received) -> bool {
        let (service, method) = call.grpc_method();
        let named = |matcher: &Option<Matcher>, name: &str| {
            matcher.as_ref().is_none_or(|matcher| matcher.check(name.as_bytes()).is_ok())
        };
        named(&self.service, service)
            && named(&self.method, method)
            && self.headers.iter().all(|(name, matcher)| matcher.check(&call.headers, name).is_ok())
    }

    /// Whether it is for this message, too.
    pub(crate) fn fits(&self, message: &[u8]) -> bool {
        self.message.as_ref().is_none_or(|matcher| matcher.check(message).is_ok())
    }
}

/// What a cluster answers to a gRPC callout: metadata, messages, a status.
///
/// To a unary call it is the whole answer, with status 0 where none is set. On a stream it is one of
/// several answers, and ends the stream only where it has a status.
#[derive(Debug, Clone, Default)]
pub struct GrpcReply {
    pub(crate) headers: Headers,
    pub(crate) messages: Vec<Bytes>,
    pub(crate) status: Option<u32>,
    pub(crate) text: String,
    pub(crate) trailers: Headers,
    pub(crate) delay: Duration,
}

/// An answer to a gRPC callout, without messages yet.
#[must_use]
pub fn grpc() -> GrpcReply {
    GrpcReply::default()
}

impl GrpcReply {
    /// Adds a message.
    #[must_use]
    pub fn message(mut self, message: impl Into<Bytes>) -> Self {
        self.messages.push(message.into());
        self
    }

    /// Sets the status, 0 to 16, and with it the end of a stream.
    #[must_use]
    pub fn status(mut self, status: u32) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets `grpc-message`, as it stands on the wire.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// Adds initial metadata.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.append(name.to_owned().into(), value.to_owned().into());
        self
    }

    /// Adds trailing metadata.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.append(name.to_owned().into(), value.to_owned().into());
        self
    }

    /// Answers only after this time.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Whether servers send it as headers alone: an error, and nothing before it.
    pub(crate) fn is_only_trailers(&self) -> bool {
        self.status.is_some_and(|status| status != 0) && self.messages.is_empty() && self.headers.is_empty()
    }

    /// The response's headers, before the metadata.
    pub(crate) fn initial(&self) -> Headers {
        let fixed = [(":status", "200"), ("content-type", "application/grpc")];
        let mut headers: Headers = fixed.into_iter().collect();
        append(&mut headers, &self.headers);
        headers
    }

    /// Adds what trailers say to headers, which may be none.
    pub(crate) fn trailing(&self, mut headers: Headers) -> Headers {
        let status = self.status.unwrap_or(0);
        headers.append(Bytes::from_static(b"grpc-status"), status.to_string().into());
        if !self.text.is_empty() {
            headers.append(Bytes::from_static(b"grpc-message"), self.text.clone().into());
        }
        append(&mut headers, &self.trailers);
        headers
    }
}

fn append(to: &mut Headers, more: &Headers) {
    for (name, value) in more.entries() {
        to.append(name.clone(), value.clone());
    }
}

/// The length of what stands before each message: a flag, and its size in four bytes.
const PREFIX: usize = 5;

/// A message as it is sent.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// The message of a frame that the engine has made.
pub(crate) fn unframe(frame: &Bytes) -> Bytes {
    if frame.len() < PREFIX { Bytes::new() } else { frame.slice(PREFIX..) }
}
