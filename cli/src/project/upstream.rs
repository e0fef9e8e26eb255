//! Addresses of upstreams as people type them: `http://127.0.0.1:8080`.

use mesh_filter_runtime::proxy::config::Cluster;

use crate::failure::{Failure, Result};

/// The cluster `name` at the address that `url` names.
pub(crate) fn cluster(name: &str, url: &str) -> Result<Cluster> {
    let wrong = |reason: &str| {
        Failure::usage(format!("`{url}` is not an upstream: {reason}"))
            .help("expected http://HOST:PORT, or h2c://HOST:PORT for HTTP/2 with prior knowledge")
    };
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let http2 = match scheme {
        "http" => false,
        "h2c" => true,
        "https" => return Err(wrong("TLS towards upstreams is not supported")),
        _ => return Err(wrong("its scheme is not known")),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return Err(wrong("it has a path, and requests keep their own"));
    }
    if authority.contains('@') {
        return Err(wrong("it has a user name"));
    }
    let (host, port) = split_port(authority).ok_or_else(|| wrong("its port is not a number"))?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(wrong("it names no host"));
    }
    Ok(Cluster { http2, ..Cluster::of(name, host, port.unwrap_or(80)) })
}

/// Host and port; `None` where the port is wrong.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of a bare IPv6 address, or of one in brackets, do not begin a port.
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') && (host.starts_with('[') || !host.contains(':')) => {
            Some((host, Some(port.parse().ok().filter(|port| *port != 0)?)))
        }
        _ => Some((authority, None)),
    }
}

/// Reads `NAME=URL`.
pub(crate) fn named(text: &str) -> Result<Cluster> {
    match text.split_once('=') {
        Some((name, url)) if !name.is_empty() => cluster(name, url),
        _ => Err(Failure::usage(format!("`--cluster {text}` does not name a cluster"))
            .help("expected NAME=URL, as in --cluster jwks=http://127.0.0.1:9000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_read_as_people_type_them() {
        for (url, host, port, http2) in [
            ("http://127.0.0.1:8080", "127.0.0.1", 8080, false),
            ("127.0.0.1:8080", "127.0.0.1", 8080, false),
            ("localhost", "localhost", 80, false),
            ("h2c://shop:50051/", "shop", 50051, true),
            ("http://[::1]:9000", "::1", 9000, false),
            ("http://[::1]", "::1", 80, false),
            ("::1", "::1", 80, false),
        ] {
            let cluster = cluster("upstream", url).unwrap();
            let endpoint = &cluster.endpoints[0];
            assert_eq!((endpoint.host.as_str(), endpoint.port, cluster.http2), (host, port, http2), "{url}");
        }
    }

    #[test]
    fn what_is_no_upstream_is_refused() {
        for url in [
            "",
            "http://",
            "https://shop",
            "ftp://shop",
            "shop:port",
            "shop:99999",
            "shop:0",
            "shop/cart",
            "me@shop",
        ] {
            assert!(cluster("upstream", url).is_err(), "{url}");
        }
        for text in ["shop", "=shop", "shop=https://x"] {
            assert!(named(text).is_err(), "{text}");
        }
    }
}
