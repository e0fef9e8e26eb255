//! Header lists between this crate's form and the HTTP/2 library's.

use crate::exchange::Side;
use crate::headers::Headers;
use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, request, response,
};

/// The headers cannot be said in HTTP/2, or must not be accepted from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// A client's request. Cookies are joined, after all others, as in Envoy.
pub(super) fn from_request(parts: &request::Parts) -> Result<Headers, Invalid> {
    let mut headers = Headers::with_capacity(parts.headers.len() + 8);
    let host = parts.headers.get(http::header::HOST).map(value);
    let authority =
        parts.uri.authority().map(|authority| Bytes::copy_from_slice(authority.as_str().as_bytes()));
    let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    headers.append(Bytes::from_static(b":method"), Bytes::copy_from_slice(parts.method.as_str().as_bytes()));
    headers.append(
        Bytes::from_static(b":scheme"),
        Bytes::copy_from_slice(parts.uri.scheme_str().unwrap_or("http").as_bytes()),
    );
    headers.append(Bytes::from_static(b":authority"), authority.or(host).ok_or(Invalid)?);
    headers.append(Bytes::from_static(b":path"), Bytes::copy_from_slice(path.as_bytes()));
    let mut cookies = Vec::new();
    for (name, field) in &parts.headers {
        match *name {
            http::header::HOST => {}
            http::header::EXPECT if field.as_bytes().eq_ignore_ascii_case(b"100-continue") => {}
            http::header::COOKIE => cookies.push(field.as_bytes()),
            http::header::TE if field != "trailers" => return Err(Invalid),
            _ => headers.add(Side::Request, Bytes::copy_from_slice(name.as_str().as_bytes()), value(field)),
        }
    }
    if !cookies.is_empty() {
        headers.append(Bytes::from_static(b"cookie"), cookies.join(&b"; "[..]).into());
    }
    Ok(headers)
}

/// An upstream's response.
pub(super) fn from_response(parts: &response::Parts) -> Headers {
    let mut headers = Headers::with_capacity(parts.headers.len() + 8);
    headers.append(Bytes::from_static(b":status"), Bytes::copy_from_slice(parts.status.as_str().as_bytes()));
    append_all(&mut headers, &parts.headers);
    headers
}

/// Trailers of either side.
pub(super) fn from_map(map: &HeaderMap) -> Headers {
    let mut headers = Headers::with_capacity(map.len());
    append_all(&mut headers, map);
    headers
}

/// A request to an upstream.
pub(super) fn to_request(headers: &Headers) -> Result<Request<()>, Invalid> {
    let pseudo = |name: &[u8]| headers.get(name).cloned().ok_or(Invalid);
    let authority = Authority::from_maybe_shared(pseudo(b":authority")?).map_err(|_| Invalid)?;
    let path = PathAndQuery::from_maybe_shared(pseudo(b":path")?).map_err(|_| Invalid)?;
    let https = headers.get(b":scheme").is_some_and(|scheme| scheme == "https");
    let scheme = if https { Scheme::HTTPS } else { Scheme::HTTP };
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
    let mut request = Request::new(());
    *request.uri_mut() = uri.map_err(|_| Invalid)?;
    *request.method_mut() = Method::from_bytes(&pseudo(b":method")?).map_err(|_| Invalid)?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = to_map(headers);
    Ok(request)
}

/// A response to a client.
pub(super) fn to_response(headers: &Headers) -> Response<()> {
    let status = headers.get(b":status").and_then(|status| StatusCode::from_bytes(status).ok());
    let mut response = Response::new(());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = to_map(headers);
    response
}

/// All but pseudo headers and those that HTTP/2 does not have.
pub(super) fn to_map(headers: &Headers) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.entries() {
        let of_connection =
            [&b"connection"[..], b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];
        if name.first() == Some(&b':') || of_connection.contains(&name.as_ref()) {
            continue;
        }
        let name = HeaderName::from_bytes(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_maybe_shared(value.clone())) {
            map.append(name, value);
        }
    }
    map
}

fn append_all(headers: &mut Headers, map: &HeaderMap) {
    for (name, field) in map {
        headers.add(Side::Response, Bytes::copy_from_slice(name.as_str().as_bytes()), value(field));
    }
}

fn value(field: &HeaderValue) -> Bytes {
    Bytes::copy_from_slice(field.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_both_ways_without_connection_headers() {
        let headers: Headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "h:1"),
            (":path", "/a?b"),
            ("x-a", "1"),
            ("connection", "close"),
            ("x-a", "2"),
        ]
        .into_iter()
        .collect();
        let (parts, ()) = to_request(&headers).unwrap().into_parts();
        let mut expected = headers.clone();
        expected.remove(b"connection");
        assert_eq!(from_request(&parts), Ok(expected));
    }

    #[test]
    fn cookies_are_joined_and_a_foreign_te_is_refused() {
        let request = |name: &str, value: &str| {
            let builder = Request::builder().uri("http://h/").header("cookie", "a=1");
            builder.header("cookie", "b=2").header(name, value).body(()).unwrap().into_parts().0
        };
        let headers = from_request(&request("te", "trailers")).unwrap();
        assert_eq!(headers.get(b"cookie").unwrap(), "a=1; b=2");
        assert_eq!(from_request(&request("te", "gzip")), Err(Invalid));
    }
}
