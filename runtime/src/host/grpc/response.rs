//! What an HTTP response means in gRPC: metadata, messages, and how the call has ended.

use super::frames::{FrameError, Frames};
use crate::headers::Headers;
use bytes::Bytes;

/// Envoy's word for responses that have come from the upstream as a whole.
const VIA_UPSTREAM: &str = "via_upstream";

const OK: u32 = 0;
const UNKNOWN: u32 = 2;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
const UNIMPLEMENTED: u32 = 12;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const UNAUTHENTICATED: u32 = 16;
/// What Envoy makes of a status that is none.
const INVALID: u32 = u32::MAX;

/// A piece of the response, as the driver gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrpcPart {
    /// Headers, `:status` included; `true` where nothing follows.
    Headers(Headers, bool),
    /// Body bytes; `true` where nothing follows.
    Data(Bytes, bool),
    /// Trailers; nothing follows.
    Trailers(Headers),
    /// There is no response, or no more of it: a connection, a stream or the time has ended.
    Failed {
        /// What a client would be told, where the response has not begun.
        text: Bytes,
        /// Envoy's response code details.
        details: String,
    },
}

/// What a plugin is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GrpcEvent {
    InitialMetadata(Headers),
    Message(Bytes),
    TrailingMetadata(Headers),
    Close { status: u32, message: Bytes },
}

impl GrpcEvent {
    /// The end of a call to a cluster that is not there.
    pub(super) fn no_cluster() -> Self {
        Self::Close { status: UNAVAILABLE, message: Bytes::from_static(b"Cluster not available") }
    }
}

/// A response on its way.
#[derive(Debug)]
pub(super) struct Response {
    unary: bool,
    max_message: u32,
    frames: Frames,
    began: bool,
    /// The message of a unary call; the last one counts.
    message: Option<Bytes>,
}

impl Response {
    pub(super) fn new(unary: bool, max_message: u32) -> Self {
        Self { unary, max_message, frames: Frames::default(), began: false, message: None }
    }

    /// What the plugin is told of this part.
    pub(super) fn take(&mut self, part: GrpcPart) -> Vec<GrpcEvent> {
        let events = match part {
            GrpcPart::Headers(headers, end) => self.headers(headers, end),
            GrpcPart::Data(bytes, end) => self.data(&bytes, end),
            GrpcPart::Trailers(trailers) => trailed(trailers, VIA_UPSTREAM),
            GrpcPart::Failed { details, .. } if self.began => failed(INTERNAL, &details),
            GrpcPart::Failed { text, details } => {
                let mut events = vec![GrpcEvent::InitialMetadata(Headers::new())];
                events.extend(trailed(local(text), &details));
                events
            }
        };
        if self.unary { self.only_result(events) } else { events }
    }

    fn headers(&mut self, headers: Headers, end: bool) -> Vec<GrpcEvent> {
        self.began = true;
        let status =
            headers.get(b":status").and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
        let status: u32 = status.unwrap_or(0);
        let trailers_only = end && (status == 200 || headers.contains(b"grpc-status"));
        if !end && status == 200 {
            return vec![GrpcEvent::InitialMetadata(headers)];
        }
        let mut events = vec![GrpcEvent::InitialMetadata(Headers::new())];
        events.extend(if trailers_only {
            trailed(headers, VIA_UPSTREAM)
        } else {
            failed(of_http(status), VIA_UPSTREAM)
        });
        events
    }

    fn data(&mut self, bytes: &[u8], end: bool) -> Vec<GrpcEvent> {
        let messages = match self.frames.push(bytes, self.max_message) {
            Ok(messages) => messages,
            Err(FrameError::Flag) => return failed(INTERNAL, VIA_UPSTREAM),
            Err(FrameError::TooLarge) => return failed(RESOURCE_EXHAUSTED, VIA_UPSTREAM),
        };
        let mut events: Vec<_> = messages.into_iter().map(GrpcEvent::Message).collect();
        if end {
            events.extend(failed(UNKNOWN, VIA_UPSTREAM));
        }
        events
    }

    /// Of a unary call the plugin is told its message, or that it has failed.
    fn only_result(&mut self, events: Vec<GrpcEvent>) -> Vec<GrpcEvent> {
        let mut result = Vec::new();
        for event in events {
            match event {
                GrpcEvent::InitialMetadata(_) | GrpcEvent::TrailingMetadata(_) => {}
                GrpcEvent::Message(message) => self.message = Some(message),
                GrpcEvent::Close { status: OK, .. } => result.push(match self.message.take() {
                    Some(message) => GrpcEvent::Message(message),
                    None => GrpcEvent::Close { status: INTERNAL, message: Bytes::new() },
                }),
                close @ GrpcEvent::Close { .. } => result.push(close),
            }
        }
        result
    }
}

/// The end that trailers tell of.
fn trailed(trailers: Headers, details: &str) -> Vec<GrpcEvent> {
    let status = match trailers.get(b"grpc-status") {
        Some(status) => of_text(status),
        None => UNKNOWN,
    };
    let message = message(trailers.get(b"grpc-message").map_or(&[], AsRef::as_ref), details);
    vec![GrpcEvent::TrailingMetadata(trailers), GrpcEvent::Close { status, message }]
}

/// An end without trailers.
fn failed(status: u32, details: &str) -> Vec<GrpcEvent> {
    let message = message(&[], details);
    vec![GrpcEvent::TrailingMetadata(Headers::new()), GrpcEvent::Close { status, message }]
}

/// Envoy puts its own details behind the upstream's message, which it does not decode.
fn message(text: &[u8], details: &str) -> Bytes {
    if text.is_empty() {
        return Bytes::copy_from_slice(details.as_bytes());
    }
    [text, b"{", details.as_bytes(), b"}"].concat().into()
}

/// The response that Envoy's router makes itself; there is none of another status than 503 and 504.
fn local(text: Bytes) -> Headers {
    let pairs = [
        (Bytes::from_static(b":status"), Bytes::from_static(b"200")),
        (Bytes::from_static(b"content-type"), Bytes::from_static(b"application/grpc")),
        (Bytes::from_static(b"grpc-status"), UNAVAILABLE.to_string().into()),
        (Bytes::from_static(b"grpc-message"), text),
    ];
    pairs.into_iter().collect()
}

fn of_text(status: &[u8]) -> u32 {
    let number = std::str::from_utf8(status).ok().and_then(|text| text.trim_ascii().parse().ok());
    number.filter(|number| *number <= UNAUTHENTICATED).unwrap_or(INVALID)
}

/// The mapping that gRPC defines for statuses of HTTP.
pub(crate) fn of_http(status: u32) -> u32 {
    match status {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502..=504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> Headers {
        pairs.iter().copied().collect()
    }

    fn close(status: u32, message: &'static str) -> GrpcEvent {
        GrpcEvent::Close { status, message: message.into() }
    }

    /// What a stream and a unary call are told of a whole response.
    fn told(parts: &[GrpcPart]) -> [Vec<GrpcEvent>; 2] {
        [false, true].map(|unary| {
            let mut response = Response::new(unary, 100);
            parts.iter().flat_map(|part| response.take(part.clone())).collect()
        })
    }

    #[test]
    fn a_response_with_messages_and_trailers_is_told_in_order() {
        let (head, tail) = (headers(&[(":status", "200")]), headers(&[("grpc-status", "0")]));
        let data = |bytes: &'static [u8]| GrpcPart::Data(bytes.into(), false);
        let [stream, unary] = told(&[
            GrpcPart::Headers(head.clone(), false),
            data(b"\0\0\0\0\x01a\0\0"),
            data(b"\0\0\x01b"),
            GrpcPart::Trailers(tail.clone()),
        ]);
        let expected = [
            GrpcEvent::InitialMetadata(head),
            GrpcEvent::Message("a".into()),
            GrpcEvent::Message("b".into()),
            GrpcEvent::TrailingMetadata(tail),
            close(0, "via_upstream"),
        ];
        assert_eq!(stream, expected);
        assert_eq!(unary, [GrpcEvent::Message("b".into())]);
    }

    #[test]
    fn a_response_without_a_status_of_grpc_gets_that_of_its_http_status() {
        for (status, code) in
            [("400", 13), ("401", 16), ("403", 7), ("404", 12), ("429", 14), ("503", 14), ("301", 2)]
        {
            for end in [true, false] {
                let [stream, unary] = told(&[GrpcPart::Headers(headers(&[(":status", status)]), end)]);
                assert_eq!(stream.last(), Some(&close(code, "via_upstream")), "{status}");
                assert_eq!(unary, [close(code, "via_upstream")], "{status}");
            }
        }
    }

    #[test]
    fn a_failure_before_the_response_looks_like_one_that_consists_of_trailers() {
        let failed = GrpcPart::Failed { text: "no".into(), details: "why".into() };
        let [stream, unary] = told(std::slice::from_ref(&failed));
        assert_eq!(stream.len(), 3);
        assert_eq!(stream.last(), Some(&close(14, "no{why}")));
        assert_eq!(unary, [close(14, "no{why}")]);
        let began = GrpcPart::Headers(headers(&[(":status", "200")]), false);
        assert_eq!(told(&[began, failed])[1], [close(13, "why")]);
    }

    #[test]
    fn ends_that_are_none_are_failures() {
        let began = || GrpcPart::Headers(headers(&[(":status", "200")]), false);
        let last = |part| told(&[began(), part])[1].clone();
        assert_eq!(last(GrpcPart::Data("\0\0\0\0\x01a".into(), true)), [close(2, "via_upstream")]);
        assert_eq!(last(GrpcPart::Data("\x02".into(), false)), [close(13, "via_upstream")]);
        assert_eq!(last(GrpcPart::Data("\0\0\0\x01\0".into(), false)), [close(8, "via_upstream")]);
        assert_eq!(last(GrpcPart::Trailers(headers(&[("grpc-status", "0")]))), [close(13, "")]);
        assert_eq!(
            last(GrpcPart::Trailers(headers(&[("grpc-status", "17")]))),
            [close(u32::MAX, "via_upstream")]
        );
        assert_eq!(last(GrpcPart::Trailers(headers(&[("x", "y")]))), [close(2, "via_upstream")]);
    }
}
