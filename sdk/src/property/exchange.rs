//! Properties of the request and the response.

use super::{Map, ResponseFlags, Result, group, read};
use std::time::{Duration, SystemTime};

group! {
    /// Properties of the request; see [`request`].
    Request: "request" {
        /// Path and query, as the headers have them.
        path: String = "path",
        /// Path without the query.
        url_path: String = "url_path",
        /// What stands behind the `?` of the path.
        query: String = "query",
        /// The authority.
        host: String = "host",
        /// `http` or `https`.
        scheme: String = "scheme",
        /// The method.
        method: String = "method",
        /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`.
        protocol: String = "protocol",
        /// The header `x-request-id`.
        id: String = "id",
        /// The header `referer`.
        referer: String = "referer",
        /// The header `user-agent`.
        user_agent: String = "useragent",
        /// All headers; values of repeated names are joined by commas.
        headers: Map = "headers",
        /// Bytes of all header names and values.
        headers_size: u64 = "headers_bytes",
        /// When the first byte came.
        time: SystemTime = "time",
        /// How long the exchange took; only at its end.
        duration: Duration = "duration",
        /// The `content-length`; without one the bytes of the body so far.
        size: u64 = "size",
        /// Bytes of headers and body so far.
        total_size: u64 = "total_size",
    }
}

/// The request.
///
/// What is read from its headers is there while the filter may change them (until
/// [`crate::Next::run`]), and again when the access log is written.
#[must_use]
pub fn request() -> Request {
    Request(())
}

impl Request {
    /// A header; values of a repeated name are joined by commas.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn header(self, name: &str) -> Result<Option<Vec<u8>>> {
        read(&["request", "headers", name])
    }
}

group! {
    /// Properties of the response; see [`response`].
    Response: "response" {
        /// The status that the client gets, or the upstream gave.
        code: u16 = "code",
        /// Why it has that status: `via_upstream`, or what a local reply gave as details.
        code_details: String = "code_details",
        /// What went wrong.
        flags: ResponseFlags = "flags",
        /// The status of gRPC, from the trailers or the headers.
        grpc_status: i64 = "grpc_status",
        /// All headers; values of repeated names are joined by commas.
        headers: Map = "headers",
        /// Bytes of all header names and values.
        headers_size: u64 = "headers_bytes",
        /// All trailers.
        trailers: Map = "trailers",
        /// Bytes of the body so far.
        size: u64 = "size",
        /// Bytes of headers, body and trailers so far.
        total_size: u64 = "total_size",
        /// From the first byte sent to the upstream to the first that came back.
        backend_latency: Duration = "backend_latency",
    }
}

/// The response.
///
/// What is read from its headers is there while the filter may change them, and when the access
/// log is written.
#[must_use]
pub fn response() -> Response {
    Response(())
}

impl Response {
    /// A header; values of a repeated name are joined by commas.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn header(self, name: &str) -> Result<Option<Vec<u8>>> {
        read(&["response", "headers", name])
    }

    /// A trailer.
    ///
    /// # Errors
    /// When the proxy refuses.
    pub fn trailer(self, name: &str) -> Result<Option<Vec<u8>>> {
        read(&["response", "trailers", name])
    }
}
