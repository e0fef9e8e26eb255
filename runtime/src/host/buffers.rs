//! Buffers: bodies, configurations and the bodies of callouts.

use super::grpc::GrpcEvent;
use super::{Host, Part, Phase};
use crate::abi::{BufferKind, Status};
use crate::exchange::{Message, Side};
use bytes::Bytes;

impl Host {
    /// Number of bytes that are visible now.
    ///
    /// # Errors
    /// `NotFound` where the buffer does not exist in this phase.
    pub fn buffer_len(&self, buffer: BufferKind) -> Result<usize, Status> {
        match body_side(buffer) {
            Some(side) => Ok(self.read_body(side, 0, usize::MAX).len()),
            None => self.constant(buffer).map(|bytes| bytes.len()),
        }
    }

    /// The bytes from `start`, `len` at most.
    ///
    /// # Errors
    /// `NotFound` where the buffer does not exist in this phase.
    pub fn buffer_bytes(&self, buffer: BufferKind, start: usize, len: usize) -> Result<Bytes, Status> {
        if let Some(side) = body_side(buffer) {
            return Ok(self.read_body(side, start, len));
        }
        let bytes = self.constant(buffer)?;
        let end = start.saturating_add(len).min(bytes.len());
        Ok(if start < end { bytes.slice(start..end) } else { Bytes::new() })
    }

    /// Replaces the first `len` bytes (`start` 0), or appends (`start` at or beyond the end).
    ///
    /// # Errors
    /// `BadArgument` for a start inside the buffer, and for buffers that cannot be changed;
    /// `NotFound` where the buffer does not exist in this phase; `InternalFailure` beyond the quota.
    pub fn set_buffer(
        &self,
        buffer: BufferKind,
        start: usize,
        len: usize,
        data: &[u8],
    ) -> Result<(), Status> {
        let Some(side) = body_side(buffer) else {
            return Err(self.constant(buffer).map_or_else(|status| status, |_| Status::BAD_ARGUMENT));
        };
        let view = self.view().ok_or(Status::BAD_ARGUMENT)?;
        let part = view.side(side).body.ok_or(Status::BAD_ARGUMENT)?;
        let mut exchange = view.exchange.borrow_mut();
        let body = match part {
            Part::Chunk => &mut exchange.message_mut(side).chunk,
            Part::Buffer => exchange.message_mut(side).buffer.get_or_insert_default(),
        };
        let kept = if start == 0 { body.len().saturating_sub(len) } else { body.len() };
        if !data.is_empty() && kept.saturating_add(data.len()) > self.services.quotas.body {
            return Err(Status::INTERNAL_FAILURE);
        }
        if start == 0 {
            body.drain(len);
            body.prepend(Bytes::copy_from_slice(data));
        } else if start >= body.len() {
            body.push(Bytes::copy_from_slice(data));
        } else {
            return Err(Status::BAD_ARGUMENT);
        }
        Ok(())
    }

    fn read_body(&self, side: Side, start: usize, len: usize) -> Bytes {
        let Some(view) = self.view() else { return Bytes::new() };
        let exchange = view.exchange.borrow();
        let Message { chunk, buffer, .. } = exchange.message(side);
        match view.side(side).body {
            Some(Part::Chunk) => chunk.range(start, len),
            Some(Part::Buffer) => buffer.as_ref().map(|body| body.range(start, len)).unwrap_or_default(),
            None => Bytes::new(),
        }
    }

    fn constant(&self, buffer: BufferKind) -> Result<Bytes, Status> {
        match buffer {
            BufferKind::VmConfiguration => Ok(self.vm.configuration.clone()),
            BufferKind::PluginConfiguration if self.phase == Phase::Configure => self
                .plugin_of(self.effective)
                .map(|plugin| plugin.configuration.clone())
                .ok_or(Status::NOT_FOUND),
            BufferKind::CallResponseBody => {
                self.delivered.as_ref().map(|outcome| outcome.body().clone()).ok_or(Status::NOT_FOUND)
            }
            BufferKind::GrpcReceive => match &self.grpc.delivered {
                Some(GrpcEvent::Message(message)) => Ok(message.clone()),
                _ => Ok(Bytes::new()),
            },
            BufferKind::PluginConfiguration => Err(Status::NOT_FOUND),
            // Envoy has these buffers always, most of the time without bytes.
            _ => Ok(Bytes::new()),
        }
    }
}

fn body_side(buffer: BufferKind) -> Option<Side> {
    match buffer {
        BufferKind::RequestBody => Some(Side::Request),
        BufferKind::ResponseBody => Some(Side::Response),
        _ => None,
    }
}
