//! Bytes on their way to a socket: heads and small bodies joined, large bodies as shared slices.

use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Bytes that may wait in one direction before its source is no longer read.
pub(super) const WRITE_AHEAD: usize = 64 << 10;
/// Up to this size copying a body is cheaper than a slice of its own.
const SMALL: usize = 2 << 10;
/// Slices given to one system call.
const SLICES: usize = 16;

/// A queue of bytes.
#[derive(Debug, Default)]
pub(super) struct Output {
    first: BytesMut,
    rest: VecDeque<Bytes>,
    len: usize,
}

impl Output {
    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether more may be added.
    pub(super) fn has_room(&self) -> bool {
        self.len < WRITE_AHEAD
    }

    /// Adds bytes by copying them.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        if self.rest.is_empty() {
            self.first.extend_from_slice(bytes);
        } else {
            self.rest.push_back(Bytes::copy_from_slice(bytes));
        }
    }

    /// Adds body bytes.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
        } else if self.rest.is_empty() && bytes.len() <= SMALL {
            self.put(&bytes);
        } else {
            self.len += bytes.len();
            self.rest.push_back(bytes);
        }
    }

    /// Drops everything that waits.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes until nothing waits.
    pub(super) fn poll_write(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.len > 0 {
            let written = if self.rest.is_empty() {
                ready!(Pin::new(&mut *io).poll_write(context, &self.first))?
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let waiting = std::iter::once(&self.first[..]).chain(self.rest.iter().map(AsRef::as_ref));
                for (slot, slice) in slices.iter_mut().zip(waiting) {
                    *slot = IoSlice::new(slice);
                }
                ready!(Pin::new(&mut *io).poll_write_vectored(context, &slices))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.len = self.len.saturating_sub(written);
        let head = written.min(self.first.len());
        self.first.advance(head);
        written -= head;
        while let Some(slice) = self.rest.front_mut().filter(|_| written > 0) {
            if slice.len() > written {
                slice.advance(written);
                return;
            }
            written -= slice.len();
            self.rest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut output = Output::default();
        output.put(b"head ");
        output.push(Bytes::from(vec![b'x'; SMALL + 1]));
        output.put(b" middle ");
        output.push(Bytes::from_static(b"small"));
        let mut wire: Vec<u8> = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        assert!(output.poll_write(&mut wire, &mut context).is_ready());
        let expected = [b"head ", vec![b'x'; SMALL + 1].as_slice(), b" middle small"].concat();
        assert_eq!((wire, output.len()), (expected, 0));
    }
}
