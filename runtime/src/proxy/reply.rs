//! Answers that the proxy gives itself, with Envoy's texts, details and response flags.

use super::config::DirectResponse;
use super::part::Broken;
use crate::exchange::LocalReply;
use crate::headers::Headers;
use bytes::Bytes;

/// Response flags: bit and short name, as Envoy numbers and logs them.
pub(super) mod flags {
    pub(in crate::proxy) const NO_HEALTHY_UPSTREAM: u64 = 1 << 1;
    pub(in crate::proxy) const UPSTREAM_REQUEST_TIMEOUT: u64 = 1 << 2;
    pub(in crate::proxy) const UPSTREAM_REMOTE_RESET: u64 = 1 << 4;
    pub(in crate::proxy) const UPSTREAM_CONNECTION_FAILURE: u64 = 1 << 5;
    pub(in crate::proxy) const UPSTREAM_CONNECTION_TERMINATION: u64 = 1 << 6;
    pub(in crate::proxy) const NO_ROUTE: u64 = 1 << 8;
    pub(in crate::proxy) const DOWNSTREAM_CONNECTION_TERMINATION: u64 = 1 << 14;
    pub(in crate::proxy) const STREAM_IDLE_TIMEOUT: u64 = 1 << 16;
    pub(in crate::proxy) const DOWNSTREAM_PROTOCOL_ERROR: u64 = 1 << 18;
    pub(in crate::proxy) const UPSTREAM_PROTOCOL_ERROR: u64 = 1 << 23;

    const NAMES: [(u64, &str); 10] = [
        (NO_HEALTHY_UPSTREAM, "UH"),
        (UPSTREAM_CONNECTION_FAILURE, "UF"),
        (UPSTREAM_CONNECTION_TERMINATION, "UC"),
        (UPSTREAM_REQUEST_TIMEOUT, "UT"),
        (UPSTREAM_REMOTE_RESET, "UR"),
        (NO_ROUTE, "NR"),
        (DOWNSTREAM_CONNECTION_TERMINATION, "DC"),
        (STREAM_IDLE_TIMEOUT, "SI"),
        (DOWNSTREAM_PROTOCOL_ERROR, "DPE"),
        (UPSTREAM_PROTOCOL_ERROR, "UPE"),
    ];

    /// The short names, as `%RESPONSE_FLAGS%` has them.
    pub(in crate::proxy) fn names(flags: u64) -> String {
        let set: Vec<_> = NAMES.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect();
        if set.is_empty() { "-".to_owned() } else { set.join(",") }
    }
}

/// A reply with a text.
pub(super) fn text(status: u16, body: &'static str, details: impl Into<String>) -> LocalReply {
    let body = Bytes::from_static(body.as_bytes());
    LocalReply { status, details: details.into(), body, headers: Vec::new(), grpc_status: None }
}

/// The reply of a `direct_response`.
pub(super) fn direct(response: &DirectResponse) -> LocalReply {
    LocalReply { body: response.body.clone().into(), ..text(response.status, "", "direct_response") }
}

/// The reply to a request that filters have left without a method, or with headers that no peer takes.
pub(super) fn unfit_request(headers: &Headers) -> Option<LocalReply> {
    let reason = if !headers.contains(b":method") {
        "missing required header: :method".to_owned()
    } else {
        let (name, _) = headers.iter().find(|(name, _)| !is_name(name))?;
        format!("invalid header name: {}", String::from_utf8_lossy(name))
    };
    let details = format!("filter_removed_required_request_headers{{{}}}", reason.replace(' ', "_"));
    Some(LocalReply { body: reason.into(), ..text(503, "", details) })
}

/// A token of RFC 9110, or a pseudo header. Envoy lets an empty name through.
fn is_name(name: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let name = name.strip_prefix(b":").unwrap_or(name);
    name.iter().all(token)
}

/// The reply when the upstream has failed before its response began, and its response flag.
pub(super) fn upstream_failure(broken: Broken) -> (LocalReply, u64) {
    let (status, reason, flag) = match broken {
        Broken::Connect(_) => (503, "remote connection failure", flags::UPSTREAM_CONNECTION_FAILURE),
        Broken::ConnectTimeout => (503, "connection timeout", flags::UPSTREAM_CONNECTION_FAILURE),
        Broken::Closed => (503, "connection termination", flags::UPSTREAM_CONNECTION_TERMINATION),
        Broken::Reset => (503, "remote reset", flags::UPSTREAM_REMOTE_RESET),
        Broken::Protocol => (502, "protocol error", flags::UPSTREAM_PROTOCOL_ERROR),
    };
    let body = format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}");
    let transport = broken.transport_failure().map(|reason| format!("|{reason}")).unwrap_or_default();
    let details = format!("upstream_reset_before_response_started{{{reason}{transport}}}").replace(' ', "_");
    (LocalReply { body: body.into(), ..text(status, "", details) }, flag)
}
