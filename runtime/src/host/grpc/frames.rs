//! Messages on the wire: a flag, a length of four bytes, and that many bytes.

use bytes::{BufMut, Bytes, BytesMut};

const PREFIX: usize = 5;
/// The only flag that there is.
const COMPRESSED: u8 = 1;

/// A message as it is sent.
pub(super) fn frame(message: &[u8]) -> Option<Bytes> {
    let size = u32::try_from(message.len()).ok()?;
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(0);
    frame.put_u32(size);
    frame.put_slice(message);
    Some(frame.freeze())
}

/// Why bytes are no messages for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameError {
    /// The flag is none that gRPC has, or the message is compressed.
    Flag,
    /// The message is longer than it may be.
    TooLarge,
}

/// Cuts a stream of bytes into messages.
#[derive(Debug, Default)]
pub(super) struct Frames {
    rest: BytesMut,
}

impl Frames {
    /// The messages that are complete with these bytes. On an error none of them counts, as in Envoy.
    pub(super) fn push(&mut self, bytes: &[u8], max_message: u32) -> Result<Vec<Bytes>, FrameError> {
        self.rest.extend_from_slice(bytes);
        let mut messages = Vec::new();
        let mut compressed = false;
        while let Some(&flag) = self.rest.first() {
            if flag & !COMPRESSED != 0 {
                return Err(FrameError::Flag);
            }
            let Some(&[_, a, b, c, d]) = self.rest.first_chunk::<PREFIX>() else { break };
            let size = u32::from_be_bytes([a, b, c, d]);
            if size > max_message {
                return Err(FrameError::TooLarge);
            }
            let Some(end) = usize::try_from(size).ok().and_then(|size| size.checked_add(PREFIX)) else {
                return Err(FrameError::TooLarge);
            };
            if self.rest.len() < end {
                break;
            }
            compressed |= flag == COMPRESSED && size > 0;
            messages.push(self.rest.split_to(end).freeze().slice(PREFIX..));
        }
        if compressed { Err(FrameError::Flag) } else { Ok(messages) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_however_they_are_cut() {
        let wire = [frame(b"one").unwrap(), frame(b"").unwrap(), frame(b"two").unwrap()].concat();
        let expected = [&b"one"[..], b"", b"two"];
        assert_eq!(Frames::default().push(&wire, 9).unwrap(), expected);
        let mut frames = Frames::default();
        let single: Vec<_> = wire.chunks(1).flat_map(|byte| frames.push(byte, 9).unwrap()).collect();
        assert_eq!(single, expected);
    }

    #[test]
    fn what_is_not_for_us_is_refused_as_early_as_it_is_seen() {
        assert_eq!(Frames::default().push(b"\x02", 9), Err(FrameError::Flag));
        assert_eq!(Frames::default().push(b"\x01\0\0\0\x01a", 9), Err(FrameError::Flag));
        assert_eq!(Frames::default().push(b"\x01\0\0\0\0", 9).unwrap(), [""]);
        assert_eq!(Frames::default().push(b"\0\0\0\0\x0a", 9), Err(FrameError::TooLarge));
    }
}
