//! How a call ended: the status and the message that proxies give, read as errors.

use super::{Code, GrpcError, Rpc};
use std::time::Duration;

/// Bytes of a peer's text that are kept. It goes into logs and replies, not into programs.
const MAX_TEXT: usize = 1024;

/// What Envoy puts behind the message of a response that came from the upstream.
const VIA_UPSTREAM: &str = "via_upstream";
/// What Envoy puts behind its own message, or gives alone, where the time was over.
const TIMEOUT: &str = "response_timeout";
/// How Envoy's message begins where a response broke off.
const BROKEN_OFF: &str = "upstream_reset_after_response_started";

/// Why a call with this status, which is not OK, failed.
pub(super) fn error(rpc: Rpc, status: u32, message: &str, timeout: Option<Duration>) -> GrpcError {
    let code = Code::of(status);
    let by_proxy = matches!(code, Code::Unavailable | Code::Internal) && without(message, TIMEOUT).is_some();
    let reason = readable(without(message, VIA_UPSTREAM).unwrap_or(message));
    match (code, timeout) {
        (_, Some(timeout)) if by_proxy || code == Code::DeadlineExceeded => {
            GrpcError::Timeout { rpc, timeout }
        }
        (Code::Unavailable, _) => GrpcError::Unavailable { rpc, reason },
        (Code::Internal, _) if message.starts_with(BROKEN_OFF) => GrpcError::BrokenOff { rpc, reason },
        _ => GrpcError::Status { rpc, code, message: reason },
    }
}

/// The message without these details of Envoy's: `message{details}`, or only `details`.
fn without<'a>(message: &'a str, details: &str) -> Option<&'a str> {
    let rest = message.strip_suffix('}').and_then(|rest| rest.strip_suffix(details)?.strip_suffix('{'));
    rest.or_else(|| (message == details).then_some(""))
}

/// A `grpc-message` as text that can be shown: decoded, without control characters, cut.
fn readable(message: &str) -> String {
    let decoded = decode(message.as_bytes());
    let mut text = String::new();
    for char in String::from_utf8_lossy(&decoded).chars() {
        if text.len() >= MAX_TEXT {
            text.push('…');
            break;
        }
        if char.is_control() || is_hidden(char) {
            text.extend(char.escape_default());
        } else {
            text.push(char);
        }
    }
    text
}

/// Whether a character changes how others are shown: breaks lines, or turns the direction.
fn is_hidden(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Undoes the percent-encoding that gRPC prescribes; what is not encoded right stays as it is.
fn decode(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    while let [first, rest @ ..] = text {
        let encoded = rest.first_chunk::<2>().and_then(|[high, low]| Some(hex(*high)? << 4 | hex(*low)?));
        match encoded.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                text = rest.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                text = rest;
            }
        }
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClusterName;
    use crate::clock::millis;

    fn told(status: u32, message: &str) -> String {
        let rpc = Rpc::new(ClusterName::new("c").unwrap(), "a.S".to_owned(), "M".to_owned());
        let text = error(rpc, status, message, Some(millis(50))).to_string();
        text.replace("`a.S/M` of cluster `c`", "rpc")
    }

    #[test]
    fn statuses_and_messages_become_errors() {
        for (status, message, expected) in [
            (5, "not%20there{via_upstream}", "rpc ended with NOT_FOUND: not there"),
            (12, "via_upstream", "rpc ended with UNIMPLEMENTED"),
            (2, "", "rpc ended with UNKNOWN"),
            (u32::MAX, "x{via_upstream}", "rpc ended with UNKNOWN: x"),
            (14, "upstream request timeout{response_timeout}", "rpc was not over within 50ms"),
            (13, "response_timeout", "rpc was not over within 50ms"),
            (4, "too slow{via_upstream}", "rpc was not over within 50ms"),
            (5, "response_timeout{via_upstream}", "rpc ended with NOT_FOUND: response_timeout"),
            (14, "down{via_upstream}", "rpc is unavailable: down"),
            (14, "via_upstream", "rpc is unavailable"),
            (
                14,
                "no healthy upstream{no_healthy_upstream}",
                "rpc is unavailable: no healthy upstream{no_healthy_upstream}",
            ),
            (
                13,
                "upstream_reset_after_response_started{remote_reset}",
                "rpc broke off: upstream_reset_after_response_started{remote_reset}",
            ),
            (13, "via_upstream", "rpc ended with INTERNAL"),
        ] {
            assert_eq!(told(status, message), expected, "{status} {message}");
        }
    }

    #[test]
    fn texts_of_peers_cannot_disturb_a_log() {
        let text = told(3, "a%0A[error]%1b[2J%e2%80%aeb\r%zz%4");
        assert_eq!(text, r"rpc ended with INVALID_ARGUMENT: a\n[error]\u{1b}[2J\u{202e}b\r%zz%4");
        assert_eq!(told(3, "%ff"), "rpc ended with INVALID_ARGUMENT: \u{fffd}");
        assert!(told(3, &"x".repeat(1 << 20)).len() < MAX_TEXT + 100);
    }
}
