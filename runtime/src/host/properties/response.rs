//! `response.*`.

use super::values::{byte_size, joined, map, number, text};
use super::{Found, MISSING};
use crate::exchange::Exchange;
use crate::headers::Headers;
use crate::host::{View, grpc_status_of_http};
use bytes::Bytes;

pub(super) fn property(view: &View, exchange: &Exchange, rest: &[&[u8]]) -> Found {
    let info = &exchange.info;
    let headers = exchange.response.headers.as_ref().filter(|_| view.response.headers || view.logging);
    let trailers = exchange.response.trailers.as_ref().filter(|_| view.response.trailers || view.logging);
    let sizes = byte_size(headers).saturating_add(byte_size(trailers));
    let found: Option<Bytes> = match rest {
        [b"code"] => info.code.map(|code| number(code.into())),
        [b"code_details"] => Some(text(&info.code_details)).filter(|details| !details.is_empty()),
        [b"flags"] => Some(number(info.response_flags)),
        [b"headers"] => Some(map(headers)),
        [b"headers", name] => headers.and_then(|headers| joined(headers, name)),
        [b"headers_bytes"] => Some(number(byte_size(headers))),
        [b"trailers"] => Some(map(trailers)),
        [b"trailers", name] => trailers.and_then(|trailers| joined(trailers, name)),
        [b"grpc_status"] => grpc_status(info.code, headers, trailers).map(number),
        [b"size"] => Some(number(info.response_bytes)),
        [b"total_size"] => Some(number(info.response_bytes.saturating_add(sizes))),
        [b"backend_latency"] => info
            .upstream_end_ns
            .zip(info.upstream_sent_ns)
            .map(|(end, sent)| number(end.saturating_sub(sent))),
        _ => None,
    };
    found.map_or(MISSING, Ok)
}

/// The status of the trailers, of the headers, or the one that stands for the HTTP status.
fn grpc_status(code: Option<u16>, headers: Option<&Headers>, trailers: Option<&Headers>) -> Option<u64> {
    let said = [trailers, headers].into_iter().flatten().find_map(|headers| headers.get(b"grpc-status"));
    match said {
        Some(status) => std::str::from_utf8(status).ok()?.parse().ok(),
        None => code.map(|code| grpc_status_of_http(code.into()).into()),
    }
}
