//! What the proxy changes in headers, as Envoy's HTTP connection manager does.

use super::config::{Forward, HttpConnections, PathMatch, Route};
use crate::headers::Headers;
use bytes::Bytes;
use std::net::IpAddr;

/// Headers of one connection only; those that `connection` names go too.
const OF_CONNECTION: [&[u8]; 5] =
    [b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"transfer-encoding"];

/// Instructions to Envoy, which clients may not give.
const INTERNAL: [&[u8]; 15] = [
    b"x-envoy-internal",
    b"x-envoy-retriable-status-codes",
    b"x-envoy-retriable-header-names",
    b"x-envoy-retry-on",
    b"x-envoy-retry-grpc-on",
    b"x-envoy-max-retries",
    b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-force-trace",
    b"x-envoy-ip-tags",
    b"x-envoy-original-url",
    b"x-envoy-hedge-on-per-try-timeout",
];

/// The same, where the client is outside for sure.
const INTERNAL_AT_EDGE: [&[u8]; 4] = [
    b"x-envoy-decorator-operation",
    b"x-envoy-downstream-service-cluster",
    b"x-envoy-downstream-service-node",
    b"x-envoy-original-path",
];

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// The client.
    pub(super) client: IpAddr,
    /// This machine, as others see it.
    pub(super) machine: IpAddr,
}

/// Why a request is answered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) status: u16,
    pub(super) details: &'static str,
}

/// Makes a client's headers those that filters see.
///
/// `request_id` gives a new id.
pub(super) fn prepare_request(
    headers: &mut Headers,
    config: &HttpConnections,
    origin: Origin,
    request_id: impl FnOnce() -> Bytes,
) -> Result<(), Rejection> {
    if !headers.contains(b":authority") {
        return Err(Rejection { status: 400, details: "missing_host_header" });
    }
    if headers.get(b":path").is_some_and(|path| path.contains(&b'#')) {
        return Err(Rejection { status: 400, details: "path_normalization_failed" });
    }
    if !headers.contains(b":scheme") {
        headers.append(Bytes::from_static(b":scheme"), Bytes::from_static(b"http"));
    }
    drop_connection_headers(headers)?;
    if config.use_remote_address {
        let client = if origin.client.is_loopback() { origin.machine } else { origin.client };
        let forwarded = match headers.get(b"x-forwarded-for") {
            Some(list) => format!("{},{client}", String::from_utf8_lossy(list)),
            None => client.to_string(),
        };
        headers.overwrite(Bytes::from_static(b"x-forwarded-for"), forwarded.into());
        headers.overwrite(Bytes::from_static(b"x-forwarded-proto"), Bytes::from_static(b"http"));
    } else if !headers.contains(b"x-forwarded-proto") {
        headers.append(Bytes::from_static(b"x-forwarded-proto"), Bytes::from_static(b"http"));
    }
    headers.retain(|name, _| {
        !name.starts_with(b"x-envoy-")
            || !(INTERNAL.contains(&name) || config.use_remote_address && INTERNAL_AT_EDGE.contains(&name))
    });
    if config.use_remote_address {
        let external = origin.client.to_string();
        headers.overwrite(Bytes::from_static(b"x-envoy-external-address"), external.into());
    }
    if let Some(via) = &config.via {
        add_via(headers, via);
    }
    let keep = !config.use_remote_address || config.preserve_external_request_id;
    if config.generate_request_id && !(keep && headers.contains(b"x-request-id")) {
        headers.overwrite(Bytes::from_static(b"x-request-id"), request_id());
    }
    Ok(())
}

/// What the route changes on the way to the upstream.
pub(super) fn rewrite(headers: &mut Headers, route: &Route, forward: &Forward) {
    if let Some(timeout) = forward.timeout {
        let milliseconds = timeout.as_millis().to_string();
        headers.overwrite(Bytes::from_static(b"x-envoy-expected-rq-timeout-ms"), milliseconds.into());
    }
    if let (Some(rewrite), Some(path)) = (&forward.prefix_rewrite, headers.get(b":path").cloned()) {
        let matched = match &route.path {
            PathMatch::Prefix(text) | PathMatch::Exact(text) => text.len(),
        };
        let rest = path.get(matched..).unwrap_or_default();
        let rewritten = [rewrite.as_bytes(), rest].concat();
        headers.overwrite(Bytes::from_static(b"x-envoy-original-path"), path);
        headers.overwrite(Bytes::from_static(b":path"), rewritten.into());
    }
    if let (Some(rewrite), Some(host)) = (&forward.host_rewrite, headers.get(b":authority").cloned()) {
        headers.overwrite(Bytes::from_static(b"x-envoy-original-host"), host);
        headers.overwrite(Bytes::from_static(b":authority"), rewrite.clone().into());
    }
}

/// Makes the headers that filters have seen those that the client gets.
pub(super) fn prepare_response(headers: &mut Headers, config: &HttpConnections, date: &Bytes) {
    if headers.iter().any(|(name, _)| OF_CONNECTION.contains(&name)) {
        headers.retain(|name, _| !OF_CONNECTION.contains(&name));
    }
    if let Some(via) = &config.via {
        add_via(headers, via);
    }
    if !headers.contains(b"date") {
        headers.append(Bytes::from_static(b"date"), date.clone());
    }
    if config.server_name == "envoy" {
        headers.overwrite(Bytes::from_static(b"server"), Bytes::from_static(b"envoy"));
    } else {
        headers
            .overwrite(Bytes::from_static(b"server"), Bytes::copy_from_slice(config.server_name.as_bytes()));
    }
}

fn add_via(headers: &mut Headers, via: &str) {
    let value = match headers.get(b"via") {
        Some(first) => [first, b", ".as_slice(), via.as_bytes()].concat(),
        None => via.as_bytes().to_vec(),
    };
    headers.overwrite(Bytes::from_static(b"via"), value.into());
}

fn drop_connection_headers(headers: &mut Headers) -> Result<(), Rejection> {
    let connection = headers.get(b"connection").cloned();
    let named = |wanted: &[u8]| {
        let tokens =
            connection.iter().flat_map(|list| list.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        tokens.into_iter().any(|token| token.eq_ignore_ascii_case(wanted))
    };
    let h2c = headers.get(b"upgrade").is_none_or(|protocol| protocol.eq_ignore_ascii_case(b"h2c"));
    if named(b"upgrade") && !h2c {
        return Err(Rejection { status: 403, details: "upgrade_failed" });
    }
    if let Some(te) = headers.get(b"te") {
        let mut codings = te.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        if codings.any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
            headers.overwrite(Bytes::from_static(b"te"), Bytes::from_static(b"trailers"));
        } else {
            headers.remove(b"te");
        }
    }
    let dropped =
        |name: &[u8]| OF_CONNECTION.contains(&name) || name != b"te" && connection.is_some() && named(name);
    if headers.iter().any(|(name, _)| dropped(name)) {
        headers.retain(|name, _| !dropped(name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const ORIGIN: Origin =
        Origin { client: IpAddr::V4(Ipv4Addr::LOCALHOST), machine: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)) };

    fn prepared(pairs: &[(&'static str, &'static str)], remote: bool) -> Result<String, Rejection> {
        let mut headers: Headers =
            [(":authority", "h"), (":path", "/"), (":method", "GET")].into_iter().collect();
        for (name, value) in pairs {
            headers.append((*name).into(), (*value).into());
        }
        let config = HttpConnections { use_remote_address: remote, ..HttpConnections::default() };
        prepare_request(&mut headers, &config, ORIGIN, || "new-id".into())?;
        let lines = headers.iter().skip(4).map(|(name, value)| {
            format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        });
        Ok(lines.collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn an_ordinary_request_gets_protocol_and_id() {
        assert_eq!(
            prepared(&[("a", "1")], false).unwrap(),
            "a: 1|x-forwarded-proto: http|x-request-id: new-id"
        );
    }

    #[test]
    fn the_clients_own_values_stay_unless_its_address_is_taken() {
        let given = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-proto", "https"),
            ("x-request-id", "mine"),
            ("x-envoy-internal", "true"),
            ("x-envoy-original-path", "/o"),
            ("x-envoy-retry-on", "5xx"),
        ];
        assert_eq!(
            prepared(&given, false).unwrap(),
            "x-forwarded-for: 1.2.3.4|x-forwarded-proto: https|x-request-id: mine|x-envoy-original-path: /o"
        );
        assert_eq!(
            prepared(&given, true).unwrap(),
            "x-forwarded-for: 1.2.3.4,192.0.2.2|x-forwarded-proto: http|x-request-id: new-id|\
             x-envoy-external-address: 127.0.0.1"
        );
    }

    #[test]
    fn headers_of_the_connection_end_here() {
        let given = [
            ("connection", "keep-alive, X-Drop"),
            ("x-drop", "1"),
            ("keep-alive", "5"),
            ("te", "trailers, deflate"),
            ("trailer", "x"),
            ("x-forwarded-proto", "http"),
            ("x-request-id", "i"),
        ];
        assert_eq!(
            prepared(&given, false).unwrap(),
            "te: trailers|trailer: x|x-forwarded-proto: http|x-request-id: i"
        );
    }

    #[test]
    fn upgrades_are_refused_but_for_h2c_which_is_ignored() {
        let upgrade = |protocol| prepared(&[("connection", "Upgrade"), ("upgrade", protocol)], false);
        assert_eq!(upgrade("websocket").unwrap_err().status, 403);
        assert!(upgrade("h2c").is_ok());
    }
}
