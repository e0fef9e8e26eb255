//! HTTP/1.1 messages on their way out: heads with framing headers, bodies, chunks.

use super::reason::reason;
use crate::body::Body;
use crate::headers::Headers;
use crate::proxy::output::Output;

/// How the body that follows a head is written.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    framing: Outgoing,
    exact: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Outgoing {
    #[default]
    Nothing,
    Length(u64),
    Chunked,
}

impl Encoder {
    /// Writes a request head; `end` where nothing follows.
    pub(super) fn request(output: &mut Output, headers: &Headers, end: bool) -> Self {
        let pseudo = |name: &[u8]| headers.get(name).map(AsRef::as_ref).unwrap_or_default();
        let method = pseudo(b":method");
        output.put(method);
        output.put(b" ");
        output.put(pseudo(b":path"));
        output.put(b" HTTP/1.1\r\nhost: ");
        output.put(pseudo(b":authority"));
        output.put(b"\r\n");
        let length = fields(output, headers, true);
        let bodiless = matches!(method, b"GET" | b"HEAD" | b"DELETE" | b"TRACE" | b"CONNECT");
        let framing = match (length, end) {
            (Some(length), _) => Outgoing::Length(length),
            (None, true) => {
                output.put(if bodiless { b"" } else { b"content-length: 0\r\n" });
                Outgoing::Nothing
            }
            (None, false) => chunked(output),
        };
        output.put(b"\r\n");
        Self { framing, exact: !end || length.is_none_or(|length| length == 0) }
    }

    /// Writes a response head; `end` where nothing follows.
    pub(super) fn response(output: &mut Output, headers: &Headers, to_head: bool, end: bool) -> Self {
        let status = headers.get(b":status").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let status: u16 = status.unwrap_or(500);
        let mut line = [b'0'; 3];
        for (digit, power) in line.iter_mut().zip([100, 10, 1]) {
            *digit = b'0' + u8::try_from(status / power % 10).unwrap_or_default();
        }
        output.put(b"HTTP/1.1 ");
        output.put(&line);
        output.put(b" ");
        output.put(reason(status).as_bytes());
        output.put(b"\r\n");
        let unframed = status < 200 || status == 204;
        let length = fields(output, headers, !unframed);
        let bodiless = to_head || unframed || status == 304;
        let framing = match length {
            _ if unframed => Outgoing::Nothing,
            Some(length) => Outgoing::Length(length),
            None if end && !to_head => {
                output.put(if bodiless { b"" } else { b"content-length: 0\r\n" });
                Outgoing::Nothing
            }
            None => chunked(output),
        };
        output.put(b"\r\n");
        let exact = bodiless || !end || length.is_none_or(|length| length == 0);
        Self { framing: if bodiless { Outgoing::Nothing } else { framing }, exact }
    }

    /// Writes body bytes.
    pub(super) fn body(&mut self, output: &mut Output, body: Body, end: bool) {
        let length = body.len() as u64;
        match &mut self.framing {
            Outgoing::Nothing => self.exact &= length == 0,
            Outgoing::Length(left) => {
                self.exact &= length <= *left && (!end || length == *left);
                *left = left.saturating_sub(length);
                body.into_slices().for_each(|slice| output.push(slice));
            }
            Outgoing::Chunked => {
                if length > 0 {
                    output.put(format!("{length:x}\r\n").as_bytes());
                    body.into_slices().for_each(|slice| output.push(slice));
                    output.put(b"\r\n");
                }
                if end {
                    output.put(b"0\r\n\r\n");
                }
            }
        }
    }

    /// Ends the message where trailers were; HTTP/1.1 peers do not get them, as in Envoy.
    pub(super) fn end(&mut self, output: &mut Output) {
        self.body(output, Body::new(), true);
    }

    /// Whether the body was as long as its head said, so that another message may follow.
    pub(super) fn was_exact(&self) -> bool {
        self.exact
    }
}

fn chunked(output: &mut Output) -> Outgoing {
    output.put(b"transfer-encoding: chunked\r\n");
    Outgoing::Chunked
}

/// Writes all headers but pseudo ones; returns the length of the body where one is announced.
fn fields(output: &mut Output, headers: &Headers, framed: bool) -> Option<u64> {
    let mut length = None;
    for (name, value) in headers.iter() {
        if name == b"content-length" {
            let announced = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            if !framed || length.is_some() || announced.is_none() {
                continue;
            }
            length = announced;
        }
        // A filter's mistake must not end the head or begin another message.
        if name.first() == Some(&b':') || name == b"transfer-encoding" || !is_clean(name) || !is_clean(value)
        {
            continue;
        }
        output.put(name);
        output.put(b": ");
        output.put(value);
        output.put(b"\r\n");
    }
    length
}

fn is_clean(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}
