//! A unary call on its way from the builder to its reply.

use super::head::Head;
use super::{GrpcError, Metadata, status};
use crate::call::DEFAULT_TIMEOUT;
use crate::dispatch::Event;
use crate::host::{Pairs, host};
use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

/// A unary call that is being put together; [`Call::send_bytes`] makes it.
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call(Head);

/// The reply to a unary call.
pub struct Reply<T> {
    message: T,
    metadata: Metadata,
}

impl Call {
    pub(super) fn new(mut head: Head) -> Self {
        head.timeout = Some(DEFAULT_TIMEOUT);
        Self(head)
    }

    /// Adds metadata. The value of a name that ends with `-bin` may be any bytes: the
    /// proxy encodes it, and sends only the first of several. What cannot be sent is told when the call is.
    pub fn metadata(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.0.metadata(name.as_ref(), value.as_ref());
        self
    }

    /// How long it may take from now to the end of the reply; 5 s unless it is set. The service is
    /// told it as `grpc-timeout`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// Longest message that is taken into the VM's memory; [`super::MAX_MESSAGE`] unless it is set.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.0.max_message = bytes;
        self
    }

    /// Makes the call with a serialised message, and waits for that of the reply.
    ///
    /// The exchange waits meanwhile: the request before [`crate::Next::run`], the response after
    /// it. Dropping the future cancels the call.
    ///
    /// # Errors
    /// See [`GrpcError`].
    pub async fn send_bytes(self, message: impl AsRef<[u8]>) -> Result<Reply<Vec<u8>>, GrpcError> {
        self.exchange(message.as_ref()).await
    }

    /// Makes the call with a message, and waits for that of the reply, as [`Call::send_bytes`] does.
    ///
    /// ```no_run
    /// # use mesh_filter::prelude::*;
    /// # async fn ask(cluster: &ClusterName) -> Result<()> {
    /// // `String` is `google.protobuf.StringValue`.
    /// let reply: grpc::Reply<String> = grpc::call(cluster, "acme.Names", "Find").send(&"id".to_owned()).await?;
    /// log::info!("{}", reply.message());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`GrpcError`].
    #[cfg(feature = "prost")]
    pub async fn send<T: prost::Message + Default>(
        self,
        message: &impl prost::Message,
    ) -> Result<Reply<T>, GrpcError> {
        let rpc = self.0.rpc.clone();
        let Reply { message, metadata } = self.exchange(&message.encode_to_vec()).await?;
        Ok(Reply { message: super::decode(rpc, &message)?, metadata })
    }

    async fn exchange(self, message: &[u8]) -> Result<Reply<Vec<u8>>, GrpcError> {
        let Self(head) = self;
        let mut open = head.begin(true, &|method, metadata, timeout_ms| {
            host().grpc_call(method, metadata, message, timeout_ms)
        })?;
        let mut initial = Pairs::new();
        loop {
            let event = poll_fn(|context| open.poll(context)).await;
            open.over = matches!(event, Event::Message(_) | Event::Closed { .. });
            let rpc = head.rpc.clone();
            return Err(match event {
                Event::InitialMetadata(metadata) => {
                    initial = metadata;
                    continue;
                }
                // What follows a message is told of streams only.
                Event::TrailingMetadata(_) => continue,
                Event::Message(message) => {
                    return Ok(Reply { message, metadata: Metadata::initial(initial) });
                }
                Event::Closed { status: 0, .. } => {
                    GrpcError::BrokenOff { rpc, reason: "the status is OK, without a message".to_owned() }
                }
                Event::Closed { status, message } => status::error(rpc, status, &message, head.timeout),
                Event::TooLarge { size } => GrpcError::TooLarge { rpc, size, limit: head.max_message },
                Event::Reset | Event::Reply { .. } => GrpcError::BrokenOff { rpc, reason: String::new() },
            });
        }
    }
}

impl<T> Reply<T> {
    /// The message.
    #[must_use]
    pub fn message(&self) -> &T {
        &self.message
    }

    /// The message, alone.
    #[must_use]
    pub fn into_message(self) -> T {
        self.message
    }

    /// The metadata with which the response began. Envoy tells it of streams only: there it is
    /// empty.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("message", &self.message).field("metadata", &self.metadata).finish()
    }
}
