//! A stream: messages in both directions until both sides have ended it.

use super::head::Head;
use super::open::Open;
use super::{GrpcError, Metadata, Rpc, status};
use crate::dispatch::Event;
use crate::host::{Pairs, host};
use crate::task::{Sleep, sleep};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A stream that is being put together; [`Opening::open`] makes it.
#[derive(Debug, Clone)]
#[must_use = "a stream does nothing until it is opened"]
pub struct Opening(Head);

impl Opening {
    pub(super) fn new(head: Head) -> Self {
        Self(head)
    }

    /// Adds metadata. The value of a name that ends with `-bin` may be any bytes: the
    /// proxy encodes it, and sends only the first of several. What cannot be sent is told when the stream is opened.
    pub fn metadata(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.0.metadata(name.as_ref(), value.as_ref());
        self
    }

    /// How long the stream may last; for ever unless it is set. Proxies have no such limit for
    /// streams: it is kept here, where something is waited for.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// Longest message that is taken into the VM's memory; [`super::MAX_MESSAGE`] unless it is set.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.0.max_message = bytes;
        self
    }

    /// Opens the stream. Whether the service can be reached shows when something is waited for.
    ///
    /// # Errors
    /// [`GrpcError::Invalid`], [`GrpcError::UnknownCluster`] or [`GrpcError::NotStarted`].
    pub fn open(self) -> Result<Stream, GrpcError> {
        let Self(head) = self;
        let open = head.begin(false, &|method, metadata, _| host().grpc_stream(method, metadata))?;
        Ok(Stream {
            deadline: head.timeout.map(sleep),
            head,
            open,
            held: None,
            initial: None,
            trailing: Metadata::trailing(Pairs::new()),
            end: None,
        })
    }
}

/// A stream to a service. Dropped, it is cancelled.
pub struct Stream {
    head: Head,
    open: Open,
    deadline: Option<Sleep>,
    /// Came while the initial metadata were waited for.
    held: Option<Event>,
    initial: Option<Metadata>,
    trailing: Metadata,
    end: Option<Result<(), GrpcError>>,
}

impl Stream {
    /// Sends a serialised message. It does not wait: proxies keep what the service does not take
    /// yet.
    ///
    /// # Errors
    /// [`GrpcError::Finished`] after [`Stream::finish`], or how the stream has ended, if it has.
    pub fn send_bytes(&mut self, message: impl AsRef<[u8]>) -> Result<(), GrpcError> {
        if let Some(Err(error)) = &self.end {
            return Err(error.clone());
        }
        if self.open.sent || self.end.is_some() {
            return Err(GrpcError::Finished { rpc: self.rpc() });
        }
        let sent = self.open.send(message.as_ref());
        sent.map_err(|status| GrpcError::BrokenOff { rpc: self.rpc(), reason: status.to_string() })
    }

    /// Ends this side: the service sees that no more messages come. Its own may go on.
    pub fn finish(&mut self) {
        self.open.finish();
    }

    /// Waits for the next serialised message; `None` where the service has ended the stream with
    /// the status OK. A future that is dropped before it is ready loses nothing.
    ///
    /// # Errors
    /// How the stream has ended, if not with OK; each time that it is asked again.
    pub async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, GrpcError> {
        loop {
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            match poll_fn(|context| self.poll_event(context)).await {
                Some(Event::Message(message)) => return Ok(Some(message)),
                event => self.take(event),
            }
        }
    }

    /// Waits for the metadata with which the response begins; empty where it has failed before.
    /// Messages are kept until they are asked for.
    pub async fn initial_metadata(&mut self) -> &Metadata {
        while self.initial.is_none() && self.held.is_none() && self.end.is_none() {
            match poll_fn(|context| self.poll_event(context)).await {
                Some(event @ Event::Message(_)) => self.held = Some(event),
                event => self.take(event),
            }
        }
        self.initial.get_or_insert_with(|| Metadata::initial(Pairs::new()))
    }

    /// The metadata with which the response ended; empty before its end.
    #[must_use]
    pub fn trailing_metadata(&self) -> &Metadata {
        &self.trailing
    }

    /// The next event; `None` where the time is over.
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if let Some(event) = self.held.take() {
            return Poll::Ready(Some(event));
        }
        if let Poll::Ready(event) = self.open.poll(context) {
            return Poll::Ready(Some(event));
        }
        match self.deadline.as_mut().map(|deadline| Pin::new(deadline).poll(context)) {
            Some(Poll::Ready(())) => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    /// Notes what is not a message.
    fn take(&mut self, event: Option<Event>) {
        let rpc = self.rpc();
        self.end = Some(match event {
            Some(Event::InitialMetadata(pairs)) => {
                self.initial = Some(Metadata::initial(pairs));
                return;
            }
            Some(Event::TrailingMetadata(pairs)) => {
                self.trailing = Metadata::trailing(pairs);
                return;
            }
            Some(Event::Closed { status, message }) => {
                self.open.over = true;
                if status == 0 {
                    Ok(())
                } else {
                    Err(status::error(rpc, status, &message, self.head.timeout))
                }
            }
            Some(Event::TooLarge { size }) => {
                Err(GrpcError::TooLarge { rpc, size, limit: self.head.max_message })
            }
            None => Err(GrpcError::Timeout { rpc, timeout: self.head.timeout.unwrap_or_default() }),
            Some(_) => Err(GrpcError::BrokenOff { rpc, reason: String::new() }),
        });
        self.deadline = None;
        self.open.give_up();
    }

    fn rpc(&self) -> Rpc {
        self.head.rpc.clone()
    }
}

#[cfg(feature = "prost")]
impl Stream {
    /// Sends a message, as [`Stream::send_bytes`] does.
    ///
    /// # Errors
    /// Those of [`Stream::send_bytes`].
    pub fn send(&mut self, message: &impl prost::Message) -> Result<(), GrpcError> {
        self.send_bytes(message.encode_to_vec())
    }

    /// Waits for the next message, as [`Stream::next_bytes`] does.
    ///
    /// # Errors
    /// Those of [`Stream::next_bytes`], and [`GrpcError::Undecodable`], after which the stream goes
    /// on.
    pub async fn next<T: prost::Message + Default>(&mut self) -> Result<Option<T>, GrpcError> {
        match self.next_bytes().await? {
            Some(message) => super::decode(self.rpc(), &message).map(Some),
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("rpc", &self.head.rpc).field("end", &self.end).finish_non_exhaustive()
    }
}
