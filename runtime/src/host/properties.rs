//! Properties: Envoy's attributes of the current exchange, in Envoy's byte encodings.
//!
//! Strings are raw bytes, numbers 8 bytes little-endian, booleans one byte, durations and
//! timestamps nanoseconds, maps the serialised pairs. What only TLS or a mesh can know is missing.

use super::{Host, View};
use crate::abi::{Status, pairs, path};
use crate::exchange::Exchange;
use crate::headers::Headers;
use bytes::Bytes;
use std::net::SocketAddr;

impl Host {
    /// `proxy_get_property`.
    ///
    /// # Errors
    /// `NotFound` where the path names nothing that is known now.
    pub fn property(&self, path: &[u8]) -> Result<Bytes, Status> {
        let segments = path::segments(path);
        if path.is_empty() {
            return Err(Status::SERIALIZATION_FAILURE);
        }
        let found = match segments.as_slice() {
            [b"plugin_name"] => self.plugin_of(self.effective).map(|plugin| text(&plugin.name)),
            [b"plugin_root_id"] => self.plugin_of(self.effective).map(|plugin| text(&plugin.root_id)),
            [b"plugin_vm_id"] => Some(text(&self.vm.id)),
            // These are no values by themselves.
            [
                b"request" | b"response" | b"source" | b"destination" | b"upstream" | b"connection" | b"xds",
            ] if self.view().is_some() => {
                return Err(Status::SERIALIZATION_FAILURE);
            }
            [b"filter_state", rest @ ..] => return self.filter_state(rest),
            segments => self.view().and_then(|view| self.of_exchange(view, segments)),
        };
        found.ok_or(Status::NOT_FOUND)
    }

    fn of_exchange(&self, view: &View, segments: &[&[u8]]) -> Option<Bytes> {
        let exchange = view.exchange.borrow();
        match segments {
            [b"request", rest @ ..] => request(view, &exchange, rest, self.services.clock.realtime_ns()),
            [b"response", rest @ ..] => response(view, &exchange, rest),
            [b"source", rest @ ..] => address(exchange.info.downstream_remote?, rest),
            [b"destination", rest @ ..] => address(exchange.info.downstream_local?, rest),
            [b"upstream", b"local_address"] => Some(text(&exchange.info.upstream_local?.to_string())),
            [b"upstream", b"num_endpoints"] => exchange.info.upstream_endpoints.map(number),
            [b"upstream", rest @ ..] => address(exchange.info.upstream_remote?, rest),
            [b"connection", b"id"] | [b"connection_id"] => Some(number(exchange.info.connection_id)),
            [b"connection", b"mtls"] => Some(boolean(false)),
            [b"xds", b"cluster_name"] => exchange.info.cluster_name.as_deref().map(text),
            [b"xds", b"route_name"] => Some(text(&exchange.info.route_name)),
            [b"xds", b"virtual_host_name"] => Some(text(&exchange.info.virtual_host_name)),
            // A path of several segments is stored as a whole, and cannot be read back by segments.
            [name] => exchange.info.filter_state.property(name),
            _ => None,
        }
    }
}

fn request(view: &View, exchange: &Exchange, rest: &[&[u8]], now_ns: u64) -> Option<Bytes> {
    let info = &exchange.info;
    // Envoy reads them through the filter's own map: what is closed is missing here too.
    let headers = exchange.request.headers.as_ref().filter(|_| view.request.headers || view.logging);
    match rest {
        [b"protocol"] => Some(text(info.protocol)),
        [b"time"] => Some(number(info.start_ns)),
        [b"duration"] => Some(number(info.end_ns.unwrap_or(now_ns).saturating_sub(info.start_ns))),
        [b"size"] => Some(number(request_size(info.request_bytes, headers))),
        [b"total_size"] => {
            let headers = headers.map_or(0, Headers::byte_size) as u64;
            Some(number(info.request_bytes.saturating_add(headers)))
        }
        _ => request_header(headers?, rest),
    }
}

fn request_header(headers: &Headers, rest: &[&[u8]]) -> Option<Bytes> {
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
        [b"headers"] => Some(map(headers)),
        // As in Envoy's map, where the one is another name of the other.
        [b"headers", name] if name.eq_ignore_ascii_case(b"host") => header(b":authority"),
        [b"headers", name] => joined(headers, name),
        [b"headers_bytes"] => Some(size(headers.byte_size())),
        _ => None,
    }
}

fn response(view: &View, exchange: &Exchange, rest: &[&[u8]]) -> Option<Bytes> {
    let all = exchange.response.headers.as_ref();
    let headers = all.filter(|_| view.response.headers || view.logging);
    let trailers = exchange.response.trailers.as_ref().filter(|_| view.response.trailers || view.logging);
    match rest {
        [b"code"] => exchange.info.code.map(|code| number(code.into())),
        [b"code_details"] => Some(text(&exchange.info.code_details)).filter(|details| !details.is_empty()),
        [b"flags"] => Some(number(exchange.info.response_flags)),
        [b"headers"] => headers.map(map),
        [b"headers", name] => joined(headers?, name),
        [b"headers_bytes"] => headers.map(|headers| size(headers.byte_size())),
        [b"trailers"] => trailers.map(map),
        [b"trailers", name] => joined(trailers?, name),
        [b"grpc_status"] => {
            let in_trailers = trailers.and_then(|trailers| trailers.get(b"grpc-status"));
            let status = in_trailers.or_else(|| headers?.get(b"grpc-status"))?;
            Some(number(std::str::from_utf8(status).ok()?.parse().ok()?))
        }
        [b"size"] => Some(number(exchange.info.response_bytes)),
        [b"total_size"] => {
            let headers = headers.map_or(0, Headers::byte_size) as u64;
            Some(number(exchange.info.response_bytes.saturating_add(headers)))
        }
        _ => None,
    }
}

/// `request.size` is the content-length where the client sent one, else what has arrived.
fn request_size(arrived: u64, headers: Option<&Headers>) -> u64 {
    let announced = headers.and_then(|headers| headers.get(b"content-length"));
    announced.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(arrived)
}

fn address(address: SocketAddr, rest: &[&[u8]]) -> Option<Bytes> {
    match rest {
        [b"address"] => Some(text(&address.to_string())),
        [b"port"] => Some(number(address.port().into())),
        _ => None,
    }
}

fn split_query(path: &Bytes) -> (Bytes, Bytes) {
    match path.iter().position(|byte| *byte == b'?') {
        Some(mark) => (path.slice(..mark), path.slice(mark + 1..)),
        None => (path.clone(), Bytes::new()),
    }
}

fn joined(headers: &Headers, name: &[u8]) -> Option<Bytes> {
    let name = name.to_ascii_lowercase();
    let values: Vec<&[u8]> = headers.get_all(&name).map(AsRef::as_ref).collect();
    (!values.is_empty()).then(|| values.join(&b","[..]).into())
}

fn map(headers: &Headers) -> Bytes {
    let mut names: Vec<&[u8]> = Vec::new();
    for (name, _) in headers.iter() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let values: Vec<Bytes> = names.iter().map(|name| joined(headers, name).unwrap_or_default()).collect();
    pairs::encode(names.iter().copied().zip(values.iter().map(AsRef::as_ref))).into()
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_le_bytes())
}

fn size(size: usize) -> Bytes {
    number(size as u64)
}

fn boolean(value: bool) -> Bytes {
    Bytes::from_static(if value { &[1] } else { &[0] })
}
