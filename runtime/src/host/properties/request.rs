//! `request.*`.

use super::values::{byte_size, joined, map, number, text};
use super::{Found, MISSING};
use crate::abi::Status;
use crate::exchange::Exchange;
use crate::headers::Headers;
use crate::host::View;
use bytes::Bytes;

pub(super) fn property(view: &View, exchange: &Exchange, rest: &[&[u8]]) -> Found {
    let info = &exchange.info;
    // Envoy reads them through the filter's own map: what is closed is missing here too.
    let headers = exchange.request.headers.as_ref().filter(|_| view.request.headers || view.logging);
    let ended = || Some(info.end_ns?.saturating_sub(info.start_ns));
    match rest {
        [b"protocol"] => Ok(text(info.protocol)),
        [b"time"] => Ok(number(info.start_ns)),
        [b"duration"] => ended().map(number).ok_or(Status::NOT_FOUND),
        [b"size"] => Ok(number(size(info.request_bytes, headers))),
        [b"total_size"] => Ok(number(info.request_bytes.saturating_add(byte_size(headers)))),
        [b"headers"] => Ok(map(headers)),
        [b"headers_bytes"] => Ok(number(byte_size(headers))),
        _ => headers.and_then(|headers| header(headers, rest)).map_or(MISSING, Ok),
    }
}

fn header(headers: &Headers, rest: &[&[u8]]) -> Option<Bytes> {
    let header = |name: &[u8]| headers.get(name).cloned();
    match rest {
        [b"path"] => header(b":path"),
        [b"url_path"] => header(b":path").map(|path| split_query(&path).0),
        [b"query"] => header(b":path").map(|path| split_query(&path).1),
        [b"host"] => header(b":authority"),
        [b"scheme"] => header(b":scheme"),
        [b"method"] => header(b":method"),
        [b"referer"] => header(b"referer"),
        [b"useragent"] => header(b"user-agent"),
        [b"id"] => header(b"x-request-id"),
        // As in Envoy's map, where the one is another name of the other.
        [b"headers", name] if name.eq_ignore_ascii_case(b"host") => header(b":authority"),
        [b"headers", name] => joined(headers, name),
        _ => None,
    }
}

/// The content-length where the client sent one, else what has arrived.
fn size(arrived: u64, headers: Option<&Headers>) -> u64 {
    let announced = headers.and_then(|headers| headers.get(b"content-length"));
    announced.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(arrived)
}

fn split_query(path: &Bytes) -> (Bytes, Bytes) {
    match path.iter().position(|byte| *byte == b'?') {
        Some(mark) => (path.slice(..mark), path.slice(mark + 1..)),
        None => (path.clone(), Bytes::new()),
    }
}
