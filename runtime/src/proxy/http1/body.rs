//! Framing of HTTP/1.1 bodies: by length, in chunks, or until the connection closes.

use super::socket::cut;
use crate::headers::Headers;
use bytes::{Bytes, BytesMut};

/// Longest line of a chunk size with its extensions.
const MAX_SIZE_LINE: usize = 4 << 10;
/// Most bytes of trailers.
const MAX_TRAILERS: usize = 60 << 10;
/// Most trailers.
const MAX_TRAILER_COUNT: usize = 100;

/// How a body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    /// By `content-length`.
    Length(u64),
    /// By `transfer-encoding: chunked`.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// What a buffer held.
#[derive(Debug, PartialEq)]
pub(super) enum Decoded {
    /// Body bytes.
    Data(Bytes),
    /// Nothing yet.
    More,
    /// The end, with the trailers where there were any.
    End(Option<Headers>),
}

/// The body is not what its framing says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Takes body bytes out of a buffer.
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    Size,
    Chunk(u64),
    ChunkEnd,
    Trailers,
}

impl Decoder {
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    /// Whether the end has been reached.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the end of the connection is the end of the body.
    pub(super) fn ends_with_connection(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Takes the next part. Chunks that lie in the buffer together come as one, as in Envoy.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> Result<Decoded, Malformed> {
        let mut data = Data::None;
        loop {
            match self.state {
                State::Done => return Ok(data.or(Decoded::End(None))),
                State::UntilClose => return Ok(take(input, u64::MAX).map_or(Decoded::More, Decoded::Data)),
                State::Length(left) => {
                    let Some(bytes) = take(input, left) else { return Ok(data.or(Decoded::More)) };
                    let left = left.saturating_sub(bytes.len() as u64);
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                    return Ok(Decoded::Data(bytes));
                }
                State::Size => match size_line(input)? {
                    None => return Ok(data.or(Decoded::More)),
                    Some(0) => self.state = State::Trailers,
                    Some(size) => self.state = State::Chunk(size),
                },
                State::Chunk(left) => {
                    let Some(bytes) = take(input, left) else { return Ok(data.or(Decoded::More)) };
                    let left = left.saturating_sub(bytes.len() as u64);
                    self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                    data.push(bytes);
                }
                State::ChunkEnd => match line_end(input)? {
                    false => return Ok(data.or(Decoded::More)),
                    true => self.state = State::Size,
                },
                State::Trailers => {
                    if !matches!(data, Data::None) {
                        return Ok(data.or(Decoded::More));
                    }
                    let Some(trailers) = trailers(input)? else { return Ok(Decoded::More) };
                    self.state = State::Done;
                    return Ok(Decoded::End(Some(trailers).filter(|trailers| !trailers.is_empty())));
                }
            }
        }
    }
}

/// Data of several chunks; copied only where there are several.
enum Data {
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Data {
    fn push(&mut self, bytes: Bytes) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(bytes),
            Self::One(first) => {
                let mut joined = BytesMut::with_capacity(first.len() + bytes.len());
                joined.extend_from_slice(&first);
                joined.extend_from_slice(&bytes);
                Self::Many(joined)
            }
            Self::Many(mut joined) => {
                joined.extend_from_slice(&bytes);
                Self::Many(joined)
            }
        };
    }

    fn or(self, other: Decoded) -> Decoded {
        match self {
            Self::None => other,
            Self::One(bytes) => Decoded::Data(bytes),
            Self::Many(joined) => Decoded::Data(joined.freeze()),
        }
    }
}

fn take(input: &mut BytesMut, most: u64) -> Option<Bytes> {
    let count = usize::try_from(most).unwrap_or(usize::MAX).min(input.len());
    (count > 0).then(|| cut(input, count).freeze())
}

/// A chunk's size, once its line is complete; extensions are dropped.
fn size_line(input: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        let digits = input.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let starts_well = digits > 0 || input.is_empty();
        return if starts_well && input.len() <= MAX_SIZE_LINE { Ok(None) } else { Err(Malformed) };
    };
    let line = cut(input, end + 1);
    let line = line.strip_suffix(b"\r\n").ok_or(Malformed)?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (size, extension) = line.split_at_checked(digits).ok_or(Malformed)?;
    let proper = extension.iter().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b';');
    if size.is_empty() || size.len() > 16 || !proper || extension.contains(&b'\r') {
        return Err(Malformed);
    }
    let size = std::str::from_utf8(size).map_err(|_| Malformed)?;
    u64::from_str_radix(size, 16).map(Some).map_err(|_| Malformed)
}

fn line_end(input: &mut BytesMut) -> Result<bool, Malformed> {
    match input.as_ref() {
        [b'\r', b'\n', ..] => {
            drop(cut(input, 2));
            Ok(true)
        }
        [] | [b'\r'] => Ok(false),
        _ => Err(Malformed),
    }
}

fn trailers(input: &mut BytesMut) -> Result<Option<Headers>, Malformed> {
    if input.starts_with(b"\r\n") {
        drop(cut(input, 2));
        return Ok(Some(Headers::new()));
    }
    let mut fields = [httparse::EMPTY_HEADER; MAX_TRAILER_COUNT];
    let (length, trailers) = match httparse::parse_headers(input, &mut fields) {
        Ok(httparse::Status::Complete((length, fields))) => {
            let pairs = fields.iter();
            let pairs = pairs.map(|field| (Bytes::copy_from_slice(field.name.as_bytes()), field.value));
            let trailers = pairs.map(|(name, value)| (name, Bytes::copy_from_slice(value))).collect();
            (length, trailers)
        }
        Ok(httparse::Status::Partial) if input.len() <= MAX_TRAILERS => return Ok(None),
        _ => return Err(Malformed),
    };
    drop(cut(input, length));
    Ok(Some(trailers))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRE: &[u8] = b"3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\nrest";

    fn run(wire: &[u8], step: usize) -> Result<(Vec<u8>, Option<Headers>, BytesMut), Malformed> {
        let (mut decoder, mut input, mut body) =
            (Decoder::new(Framing::Chunked), BytesMut::new(), Vec::new());
        for piece in wire.chunks(step) {
            input.extend_from_slice(piece);
            loop {
                match decoder.decode(&mut input)? {
                    Decoded::Data(bytes) => body.extend_from_slice(&bytes),
                    Decoded::More => break,
                    Decoded::End(trailers) => {
                        return Ok((body, trailers, input));
                    }
                }
            }
        }
        Err(Malformed)
    }

    #[test]
    fn chunks_are_the_same_wherever_the_wire_is_cut() {
        for step in 1..=WIRE.len() {
            let (body, trailers, rest) = run(WIRE, step).unwrap();
            assert_eq!(body, b"abc0123456789", "{step}");
            assert_eq!(trailers.unwrap().get(b"x-t").unwrap(), "1");
            assert!(b"rest".starts_with(&rest));
        }
    }

    #[test]
    fn chunks_in_one_buffer_come_as_one_part_and_the_end_apart() {
        let mut input = BytesMut::from(WIRE);
        let mut decoder = Decoder::new(Framing::Chunked);
        assert_eq!(decoder.decode(&mut input), Ok(Decoded::Data(Bytes::from_static(b"abc0123456789"))));
        assert!(matches!(decoder.decode(&mut input), Ok(Decoded::End(Some(_)))));
    }

    #[test]
    fn broken_chunks_are_refused() {
        let cases: [&[u8]; 9] = [
            b"zz\r\nabc\r\n",
            b"3\nabc\r\n0\r\n\r\n",
            b"3\r\nabcX\r\n",
            b"\r\n",
            b"-1\r\n",
            b"0x3\r\nabc\r\n",
            b"11111111111111111\r\n",
            b"3 4\r\nabc\r\n",
            b"3\r\nabc\n0\r\n\r\n",
        ];
        for case in cases {
            assert_eq!(run(case, case.len()).map(|_| ()), Err(Malformed), "{case:?}");
        }
    }
}
