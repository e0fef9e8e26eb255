//! Runs a filter's function over a body that streams through the proxy's buffer.
//!
//! What a chunk keeps back has to be sent later, but a proxy takes no body bytes after trailers
//! have come, unless it already holds some. So while bytes are kept back the proxy is asked to
//! hold this chunk (up to [`HELD_LIMIT`]) until the next callback: the buffer then lies as
//! `[held: mapped already][kept: mapped again][new]`.

use super::{BodyError, Chunk, Message};
use crate::error::Result;
use crate::host::{BufferKind, HostError, Side, host};

/// Most mapped bytes that wait in the proxy for the fate of a kept-back end. Beyond it they are
/// sent, so that a body whose every chunk ends undecided still streams in constant memory; only
/// trailers that then follow directly are an error. 64 KiB is what proxies commonly read at once.
const HELD_LIMIT: usize = 64 * 1024;

pub(crate) type Function = Box<dyn FnMut(&mut Chunk) -> Result<()>>;

/// Whether the proxy sends what its buffer holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Send,
    Hold,
}

/// A function over a body, and the bytes between two of its runs.
pub(crate) struct Transform {
    function: Function,
    held: Vec<u8>,
    kept: Vec<u8>,
    /// What follows the last chunk. While there is some, a chunk that need not be the last is held,
    /// so that trailers find the proxy still taking bytes.
    tail: Vec<u8>,
    /// The proxy's buffer begins with `held` and `kept`.
    in_proxy: bool,
}

impl Transform {
    pub(crate) fn new(function: Function) -> Self {
        Self { function, held: Vec::new(), kept: Vec::new(), tail: Vec::new(), in_proxy: false }
    }

    /// One body for another: the first chunk becomes it, what follows disappears.
    pub(crate) fn replacement(body: Vec<u8>) -> Self {
        let mut body = Some(body);
        Self::new(Box::new(move |chunk| {
            chunk.replace(body.take().unwrap_or_default());
            Ok(())
        }))
    }

    /// Bytes behind a body that is otherwise left as it is.
    pub(crate) fn appending(tail: Vec<u8>) -> Self {
        Self::new(Box::new(|_| Ok(()))).with_tail(tail)
    }

    /// The same with more bytes behind the last chunk.
    pub(crate) fn with_tail(mut self, mut tail: Vec<u8>) -> Self {
        self.tail.append(&mut tail);
        self
    }

    /// Runs over a body that is here as a whole and in no buffer of the proxy.
    pub(crate) fn whole(&mut self, body: Vec<u8>) -> Result<Vec<u8>> {
        let mut chunk = Chunk::new(body, true);
        (self.function)(&mut chunk)?;
        let mut body = chunk.finish().sent;
        body.append(&mut self.tail);
        Ok(body)
    }

    /// Runs over what is new in the proxy's buffer of `size` bytes.
    pub(crate) fn step(&mut self, side: Side, size: usize, last: bool) -> Result<Flow> {
        let buffer = side.body();
        let known = if self.in_proxy { self.held.len() + self.kept.len() } else { 0 };
        let new = if size > known { read(buffer, known, size - known)? } else { Vec::new() };
        let rejoined = !self.in_proxy && !self.kept.is_empty();

        let bytes = if self.kept.is_empty() { new } else { [std::mem::take(&mut self.kept), new].concat() };
        let mut chunk = Chunk::new(bytes, last);
        (self.function)(&mut chunk)?;
        if last && !self.tail.is_empty() {
            chunk.bytes_mut().append(&mut self.tail);
        }
        let done = chunk.finish();

        let flow = match done.kept.len() {
            0 if self.tail.is_empty() => Flow::Send,
            _ if self.held.len() + done.sent.len() + done.kept.len() > HELD_LIMIT => Flow::Send,
            _ => Flow::Hold,
        };
        let left_behind = flow == Flow::Send && !done.kept.is_empty();
        let differs = done.changed || rejoined || left_behind;
        self.kept = done.kept;
        if flow == Flow::Send && self.held.is_empty() {
            // The common case, without a copy of the chunk.
            self.in_proxy = false;
            if differs {
                write(buffer, size, &done.sent)?;
            }
            return Ok(flow);
        }
        self.held.extend_from_slice(&done.sent);
        if differs {
            let mut whole = self.held.clone();
            if flow == Flow::Hold {
                whole.extend_from_slice(&self.kept);
            }
            write(buffer, size, &whole)?;
        }
        self.in_proxy = flow == Flow::Hold;
        if flow == Flow::Send {
            self.held.clear();
        }
        Ok(flow)
    }

    /// Runs a last time when trailers end the body.
    pub(crate) fn end(&mut self, side: Side) -> Result<()> {
        if self.in_proxy {
            let size = self.held.len() + self.kept.len();
            return self.step(side, size, true).map(|_| ());
        }
        let mut chunk = Chunk::new(std::mem::take(&mut self.kept), true);
        (self.function)(&mut chunk)?;
        chunk.bytes_mut().append(&mut self.tail);
        match chunk.bytes().len() {
            0 => Ok(()),
            count => Err(BodyError::Trailers { message: Message::of(side), count }.into()),
        }
    }
}

impl Message {
    pub(crate) fn of(side: Side) -> Self {
        match side {
            Side::Request => Self::Request,
            Side::Response => Self::Response,
        }
    }
}

pub(crate) fn read(buffer: BufferKind, start: usize, size: usize) -> Result<Vec<u8>, HostError> {
    host()
        .get_buffer_bytes(buffer, start, size)
        .map_err(|status| HostError::new("proxy_get_buffer_bytes", format!("{buffer:?}"), status))
}

fn write(buffer: BufferKind, size: usize, bytes: &[u8]) -> Result<(), HostError> {
    host()
        .set_buffer_bytes(buffer, 0, size, bytes)
        .map_err(|status| HostError::new("proxy_set_buffer_bytes", format!("{buffer:?}"), status))
}
