//! A socket with what has been read from it and what is to be written.

use crate::proxy::output::Output;
use bytes::BytesMut;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Room for one read of a head.
pub(super) const HEAD_READ: usize = 8 << 10;
/// Room for one read of a body.
pub(super) const BODY_READ: usize = 64 << 10;

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

    /// Reads once; 0 at the end.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        self.input.reserve(room);
        pin!(self.io.read_buf(&mut self.input)).poll(context)
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
