//! Where an exchange takes place: the connections, the upstream, and what the configuration says of them.

use super::values::{boolean, empty_map, number, text};
use super::{Found, MISSING, NO_VALUE};
use crate::exchange::Info;
use bytes::Bytes;
use std::net::SocketAddr;

/// `source.*` and `destination.*`.
pub(super) fn address(address: Option<SocketAddr>, rest: &[&[u8]]) -> Found {
    match (address, rest) {
        (Some(address), [b"address"]) => Ok(text(&address.to_string())),
        (Some(address), [b"port"]) => Ok(number(address.port().into())),
        _ => MISSING,
    }
}

/// `connection.*`.
pub(super) fn connection(info: &Info, rest: &[&[u8]]) -> Found {
    match rest {
        [b"id"] => Ok(number(info.connection_id)),
        [b"mtls"] => Ok(boolean(false)),
        [b"requested_server_name"] => Ok(Bytes::new()),
        _ => MISSING,
    }
}

/// `upstream.*`.
pub(super) fn upstream(info: &Info, rest: &[&[u8]]) -> Found {
    let known = |value: Option<Bytes>| value.map_or(MISSING, Ok);
    match rest {
        [b"request_attempt_count"] => Ok(number(info.upstream_attempts)),
        [b"num_endpoints"] => known(info.upstream_endpoints.map(number)),
        [b"local_address"] => known(info.upstream_local.map(|address| text(&address.to_string()))),
        [b"cx_pool_ready_duration"] => known(info.upstream_wait_ns.map(number)),
        [b"transport_failure_reason"] if info.upstream_remote.is_some() => Ok(text(&info.upstream_failure)),
        [b"locality"] if info.upstream_remote.is_some() => Ok(Bytes::new()),
        [b"locality", b"region" | b"zone" | b"sub_zone"] if info.upstream_remote.is_some() => {
            Ok(Bytes::new())
        }
        _ => address(info.upstream_remote, rest),
    }
}

/// `xds.*` but for `xds.node`.
pub(super) fn xds(info: &Info, rest: &[&[u8]]) -> Found {
    let name = |name: &Option<String>| name.as_deref().map_or(MISSING, |name| Ok(text(name)));
    match rest {
        [b"cluster_name"] => name(&info.cluster_name),
        [b"cluster_metadata", rest @ ..] if info.cluster_name.is_some() => metadata(rest),
        [b"listener_direction"] => Ok(number(0)),
        [b"route_name"] => name(&info.route_name),
        [b"virtual_host_name"] => name(&info.virtual_host_name),
        [b"filter_chain_name"] => Ok(Bytes::new()),
        [b"listener_metadata", rest @ ..] => metadata(rest),
        [b"route_metadata", rest @ ..] if info.route_name.is_some() => metadata(rest),
        [b"virtual_host_metadata", rest @ ..] if info.virtual_host_name.is_some() => metadata(rest),
        [b"upstream_host_metadata" | b"upstream_host_locality_metadata"]
            if info.upstream_remote.is_some() =>
        {
            NO_VALUE
        }
        _ => MISSING,
    }
}

/// Metadata, which the configuration of this proxy has none of.
pub(super) fn metadata(rest: &[&[u8]]) -> Found {
    match rest {
        [] => Ok(Bytes::new()),
        [b"filter_metadata" | b"typed_filter_metadata"] => Ok(empty_map()),
        _ => MISSING,
    }
}

/// `xds.node`, of which the configuration of this proxy says nothing.
pub(super) fn node(rest: &[&[u8]]) -> Found {
    match rest {
        [b"id" | b"cluster"] => Ok(Bytes::new()),
        [b"metadata"] => Ok(empty_map()),
        [b"locality", b"region" | b"zone" | b"sub_zone"] => Ok(Bytes::new()),
        _ => MISSING,
    }
}
