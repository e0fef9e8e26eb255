//! A socket with what has been read from it and what is to be written.

use crate::proxy::output::Output;
use bytes::{BufMut, BytesMut};
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The most that is read ahead of what is wanted now.
pub(super) const AHEAD: usize = 8 << 10;
/// The most that one read takes, as in Envoy.
pub(super) const READ: usize = 128 << 10;
/// Up to this size what was read is copied, so that a head that lives long does not keep all of the space.
const COPIED: usize = 16 << 10;

thread_local! {
    /// Where all sockets of a worker are read into: one that waits needs no memory of its own.
    static SPACE: RefCell<BytesMut> = RefCell::default();
}

/// Takes bytes off the front. Who takes all of them leaves nothing behind that keeps the space.
pub(super) fn cut(input: &mut BytesMut, count: usize) -> BytesMut {
    if count == input.len() { std::mem::take(input) } else { input.split_to(count) }
}

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) io: TcpStream,
    pub(super) input: BytesMut,
    pub(super) output: Output,
}

impl Socket {
    pub(super) fn new(io: TcpStream, input: BytesMut) -> Self {
        Self { io, input, output: Output::default() }
    }

    /// Reads once, `room` bytes at most; 0 at the end.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        let Self { io, input, .. } = self;
        SPACE.with_borrow_mut(|space| {
            space.clear();
            space.reserve(READ);
            let count = ready!(pin!(io.read_buf(&mut (&mut *space).limit(room))).poll(context))?;
            if input.is_empty() && count > COPIED {
                *input = space.split();
            } else {
                input.extend_from_slice(space);
            }
            Poll::Ready(Ok(count))
        })
    }

    /// Writes what waits.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.output.poll_write(&mut self.io, context)
    }

    /// Whether the peer has sent something or closed, as far as is known without waiting.
    pub(super) fn is_disturbed(&mut self) -> bool {
        let mut byte = [0];
        !self.input.is_empty()
            || !matches!(self.io.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}
