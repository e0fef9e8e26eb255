//! Frames of one stream on their way out, as far as the peer's window allows.

use super::convert;
use crate::body::Body;
use crate::headers::Headers;
use crate::proxy::output::WRITE_AHEAD;
use crate::proxy::part::Broken;
use bytes::Bytes;
use h2::{Reason, SendStream};
use http::HeaderMap;
use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

/// The sending half of a stream.
#[derive(Debug)]
pub(super) struct Sender {
    stream: SendStream<Bytes>,
    queue: VecDeque<Bytes>,
    waiting: usize,
    end: End,
}

/// How the message ends.
#[derive(Debug)]
enum End {
    /// It has not yet.
    Open,
    /// With the last data.
    Data,
    /// With trailers.
    Trailers(HeaderMap),
    /// It has been sent.
    Sent,
}

impl Sender {
    pub(super) fn new(stream: SendStream<Bytes>, ended: bool) -> Self {
        let end = if ended { End::Sent } else { End::Open };
        Self { stream, queue: VecDeque::new(), waiting: 0, end }
    }

    pub(super) fn body(&mut self, body: Body, end: bool) {
        self.waiting += body.len();
        self.queue.extend(body.into_slices());
        if end {
            self.end = End::Data;
        }
    }

    pub(super) fn trailers(&mut self, trailers: &Headers) {
        self.end = End::Trailers(convert::to_map(trailers));
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting < WRITE_AHEAD
    }

    /// Whether everything has been given to the connection.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.end, End::Sent)
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while let Some(slice) = self.queue.front_mut() {
            self.stream.reserve_capacity(slice.len());
            if self.stream.capacity() == 0 {
                match ready!(self.stream.poll_capacity(context)) {
                    Some(Ok(0)) => continue,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(Err(Broken::Reset)),
                }
            }
            let count = self.stream.capacity().min(slice.len());
            let data = slice.split_to(count);
            if slice.is_empty() {
                self.queue.pop_front();
            }
            self.waiting = self.waiting.saturating_sub(count);
            let last = self.queue.is_empty() && matches!(self.end, End::Data);
            if last {
                self.end = End::Sent;
            }
            self.stream.send_data(data, last).map_err(|_| Broken::Reset)?;
        }
        match std::mem::replace(&mut self.end, End::Sent) {
            End::Open => self.end = End::Open,
            End::Data => self.stream.send_data(Bytes::new(), true).map_err(|_| Broken::Reset)?,
            End::Trailers(trailers) => self.stream.send_trailers(trailers).map_err(|_| Broken::Reset)?,
            End::Sent => {}
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until the peer resets the stream.
    pub(super) fn poll_reset(&mut self, context: &mut Context<'_>) -> Poll<Broken> {
        self.stream.poll_reset(context).map(|_| Broken::Reset)
    }

    pub(super) fn reset(&mut self, reason: Reason) {
        self.stream.send_reset(reason);
    }
}
