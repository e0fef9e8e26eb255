//! Which repeated headers Envoy keeps as one entry, joined by a comma.
//!
//! Envoy stores well-known headers once; a second copy, from a peer or a plugin, is appended to
//! the first. The lists were recorded from Envoy 1.40.0 with all its extensions.

use crate::exchange::Side;

/// Whether a second copy of `name` is joined to the first in a message of this side.
#[must_use]
pub fn is_joined(side: Side, name: &[u8]) -> bool {
    in_both(name)
        || match side {
            Side::Request => in_requests(name),
            Side::Response => in_responses(name),
        }
}

fn in_both(name: &[u8]) -> bool {
    matches!(
        name,
        b"cache-control"
            | b"content-encoding"
            | b"content-type"
            | b"proxy-status"
            | b"via"
            | b"x-envoy-attempt-count"
            | b"x-envoy-decorator-operation"
            | b"x-request-id"
            | b"connection"
            | b"keep-alive"
            | b"proxy-connection"
            | b"transfer-encoding"
            | b"upgrade"
            | b"content-length"
    )
}

fn in_requests(name: &[u8]) -> bool {
    matches!(
        name,
        b":authority"
            | b":method"
            | b":path"
            | b":protocol"
            | b":scheme"
            | b"accept"
            | b"accept-encoding"
            | b"access-control-request-headers"
            | b"access-control-request-method"
            | b"access-control-request-private-network"
            | b"authorization"
            | b"authentication"
            | b"cdn-loop"
            | b"expect"
            | b"grpc-accept-encoding"
            | b"grpc-timeout"
            | b"if-match"
            | b"if-modified-since"
            | b"if-none-match"
            | b"if-range"
            | b"if-unmodified-since"
            | b"origin"
            | b"pragma"
            | b"referer"
            | b"te"
            | b"user-agent"
            | b"x-client-trace-id"
            | b"x-envoy-downstream-service-cluster"
            | b"x-envoy-downstream-service-node"
            | b"x-envoy-external-address"
            | b"x-envoy-hedge-on-per-try-timeout"
            | b"x-envoy-ip-tags"
            | b"x-envoy-is-timeout-retry"
            | b"x-envoy-original-host"
            | b"x-envoy-original-path"
            | b"x-envoy-retry-on"
            | b"x-forwarded-client-cert"
            | b"x-forwarded-for"
            | b"x-forwarded-host"
            | b"x-forwarded-port"
            | b"x-forwarded-proto"
    )
}

fn in_responses(name: &[u8]) -> bool {
    matches!(
        name,
        b":status"
            | b"access-control-allow-credentials"
            | b"access-control-allow-headers"
            | b"access-control-allow-methods"
            | b"access-control-allow-origin"
            | b"access-control-allow-private-network"
            | b"access-control-expose-headers"
            | b"access-control-max-age"
            | b"age"
            | b"date"
            | b"etag"
            | b"expires"
            | b"grpc-message"
            | b"grpc-status"
            | b"last-modified"
            | b"location"
            | b"server"
            | b"vary"
            | b"x-envoy-degraded"
            | b"x-envoy-immediate-health-check-fail"
            | b"x-envoy-ratelimited"
            | b"x-envoy-upstream-canary"
            | b"x-envoy-upstream-healthchecked-cluster"
            | b"x-envoy-upstream-service-time"
    )
}
