//! Messages of tests as HTTP/2 has them, and back, without what only sockets add.

use crate::traffic::{Message, Received};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use mesh_filter_runtime::headers::Headers;
use std::time::Duration;

/// What Envoy adds to callouts, and no simulator does.
const OF_CALLOUTS: [&str; 4] = [
    "x-envoy-internal",
    "x-forwarded-for",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-upstream-service-time",
];

/// The request's head; the error says what HTTP/2 cannot carry.
pub(super) fn request(message: &Message) -> Result<Request<()>, String> {
    let pseudo = |name: &str| message.headers.get(name.as_bytes()).map(Bytes::as_ref).unwrap_or_default();
    let uri = Uri::builder()
        .scheme(pseudo(":scheme"))
        .authority(pseudo(":authority"))
        .path_and_query(pseudo(":path"))
        .build()
        .map_err(|error| format!("HTTP/2 cannot carry this request: {error}"))?;
    let method = Method::from_bytes(pseudo(":method"))
        .map_err(|error| format!("HTTP/2 cannot carry this method: {error}"))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = map(&message.headers)?;
    Ok(request)
}

/// The response's head.
pub(super) fn response(headers: &Headers) -> Result<Response<()>, String> {
    let status = headers.get(b":status").map(Bytes::as_ref).unwrap_or(b"200");
    let status = http::StatusCode::from_bytes(status).map_err(|error| error.to_string())?;
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = map(headers)?;
    Ok(response)
}

/// Headers and trailers without the pseudo headers.
pub(super) fn map(headers: &Headers) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        let name = HeaderName::from_bytes(name).map_err(|error| error.to_string())?;
        map.append(name, HeaderValue::from_bytes(value).map_err(|error| error.to_string())?);
    }
    Ok(map)
}

/// A request as it has arrived, still without its body.
pub(super) fn received_request(head: &http::request::Parts) -> Received {
    let uri = &head.uri;
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let pseudo = [
        (":authority", uri.authority().map_or("", http::uri::Authority::as_str)),
        (":path", path),
        (":method", head.method.as_str()),
        (":scheme", uri.scheme_str().unwrap_or_default()),
    ];
    let there = pseudo.into_iter().filter(|(_, value)| !value.is_empty());
    let mut headers: Headers = there.map(|(name, value)| (name, value.to_owned())).collect();
    append(&mut headers, &head.headers);
    Received { headers, ..Received::default() }
}

/// A response as it has arrived, still without its body.
pub(super) fn received_response(head: &http::response::Parts) -> Received {
    let mut headers: Headers = [(":status", head.status.as_str().to_owned())].into_iter().collect();
    append(&mut headers, &head.headers);
    Received { headers, ..Received::default() }
}

/// Trailers as they have arrived.
pub(super) fn trailers(map: &HeaderMap) -> Headers {
    let mut trailers = Headers::new();
    append(&mut trailers, map);
    trailers
}

fn append(headers: &mut Headers, map: &HeaderMap) {
    for (name, value) in map {
        headers.append(
            Bytes::copy_from_slice(name.as_str().as_bytes()),
            Bytes::copy_from_slice(value.as_bytes()),
        );
    }
}

/// Takes from a request at the upstream what Envoy adds to each.
pub(super) fn strip_upstream(request: &mut Received, sent: &Headers) {
    request.headers.remove(super::config::EXCHANGE.as_bytes());
    strip_scheme(request, sent);
}

/// After which Envoy gives a callout up, by what it tells the cluster.
pub(super) fn timeout(request: &Received) -> Option<Duration> {
    let timeout = request.header("x-envoy-expected-rq-timeout-ms")?.parse().ok()?;
    (timeout > 0).then(|| Duration::from_millis(timeout))
}

/// Takes from a callout what Envoy adds to each.
pub(super) fn strip_callout(request: &mut Received) {
    for name in OF_CALLOUTS {
        request.headers.remove(name.as_bytes());
    }
    strip_scheme(request, &Headers::new());
}

/// Takes from a gRPC callout what Envoy adds to each and the simulator does not.
pub(super) fn strip_call(request: &mut Received) {
    request.headers.remove(b"x-forwarded-for");
    strip_scheme(request, &Headers::new());
}

/// `x-forwarded-proto` repeats the scheme, unless somebody has set it.
fn strip_scheme(request: &mut Received, sent: &Headers) {
    let name = b"x-forwarded-proto".as_slice();
    let added = matches!(request.headers.get(name).map(Bytes::as_ref), Some(b"http" | b"https"));
    if added && !sent.contains(name) {
        request.headers.remove(name);
    }
}

/// Takes from a response what Envoy adds to each, unless the upstream has sent it.
pub(super) fn strip_response(response: &mut Received, answered: Option<&Headers>) {
    for name in [b"date".as_slice(), b"server"] {
        if answered.is_none_or(|headers| !headers.contains(name)) {
            response.headers.remove(name);
        }
    }
}
