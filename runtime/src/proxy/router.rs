//! Chooses the route of a request.

use super::config::{Action, Domain, PathMatch, Route, RouteConfig, VirtualHost};
use crate::exchange::Info;
use crate::headers::Headers;
use std::rc::Rc;

/// The routes of a listener, ready for look-ups.
#[derive(Debug)]
pub(super) struct Router {
    hosts: Vec<Host>,
}

#[derive(Debug)]
struct Host {
    config: VirtualHost,
    routes: Vec<Rc<Route>>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// The virtual host's name; there may be one without a route for the request.
    pub(super) host: Option<String>,
    /// The route.
    pub(super) route: Option<Rc<Route>>,
}

impl Found {
    /// Writes what was found, or that nothing was, into the facts of an exchange.
    /// `endpoints` tells how many a cluster has.
    pub(super) fn describe(&self, info: &mut Info, endpoints: impl FnOnce(&str) -> Option<usize>) {
        let route = self.route.as_ref();
        info.route_name = route.map(|route| route.name.clone());
        info.virtual_host_name.clone_from(&self.host);
        info.cluster_name = route.and_then(|route| match &route.action {
            Action::Forward(forward) => Some(forward.cluster.clone()),
            Action::Direct(_) => None,
        });
        let endpoints = info.cluster_name.as_deref().and_then(endpoints);
        info.upstream_endpoints = endpoints.and_then(|count| u64::try_from(count).ok());
    }
}

impl Router {
    pub(super) fn new(config: &RouteConfig) -> Self {
        let hosts = config.virtual_hosts.iter().map(|host| Host {
            routes: host.routes.iter().cloned().map(Rc::new).collect(),
            config: host.clone(),
        });
        Self { hosts: hosts.collect() }
    }

    /// The virtual host and the route of a request.
    ///
    /// There is none for a request without `:authority`, or without `x-forwarded-proto`, as in Envoy:
    /// a filter may have removed them.
    pub(super) fn find(&self, headers: &Headers) -> Found {
        let authority = headers.get(b":authority").filter(|_| headers.contains(b"x-forwarded-proto"));
        let Some(host) = authority.and_then(|authority| self.host(&authority.to_ascii_lowercase())) else {
            return Found::default();
        };
        let path = headers.get(b":path").map(AsRef::as_ref).unwrap_or_default();
        let path = path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
        let route = host.routes.iter().find(|route| {
            let path_fits = match &route.path {
                PathMatch::Prefix(prefix) => path.starts_with(prefix.as_bytes()),
                PathMatch::Exact(exact) => path == exact.as_bytes(),
            };
            path_fits
                && route.headers.iter().all(|wanted| {
                    let values = headers.get_all(wanted.name.as_bytes());
                    wanted.matches(values.map(AsRef::as_ref))
                })
        });
        Found { host: Some(host.config.name.clone()), route: route.cloned() }
    }

    fn host(&self, authority: &[u8]) -> Option<&Host> {
        let best =
            |host: &Host| host.config.domains.iter().filter_map(|domain| rank(domain, authority)).max();
        let ranked = self.hosts.iter().filter_map(|host| Some((best(host)?, host)));
        ranked.max_by_key(|(rank, _)| *rank).map(|(_, host)| host)
    }
}

/// How well a domain fits: exact, suffix, prefix, any; the longer the better.
fn rank(domain: &Domain, authority: &[u8]) -> Option<(u8, usize)> {
    match domain {
        Domain::Exact(name) => (authority == name.as_bytes()).then_some((3, name.len())),
        Domain::Suffix(end) => {
            (authority.len() > end.len() && authority.ends_with(end.as_bytes())).then_some((2, end.len()))
        }
        Domain::Prefix(start) => (authority.len() > start.len() && authority.starts_with(start.as_bytes()))
            .then_some((1, start.len())),
        Domain::Any => Some((0, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::{DirectResponse, HeaderMatch, HeaderTest, StringMatch, TextTest};
    use super::*;

    fn route(name: &str, path: PathMatch, headers: Vec<HeaderMatch>) -> Route {
        let action = Action::Direct(DirectResponse { status: 200, body: Vec::new() });
        Route { name: name.into(), path, headers, action }
    }

    fn found(
        config: &RouteConfig,
        authority: &str,
        path: &str,
        header: Option<(&str, &str)>,
    ) -> Option<String> {
        let mut headers: Headers =
            [(":authority", authority), (":path", path), ("x-forwarded-proto", "http")]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
        if let Some((name, value)) = header {
            headers.append(name.to_owned().into(), value.to_owned().into());
        }
        let Found { host, route } = Router::new(config).find(&headers);
        Some(format!("{}/{}", host?, route?.name))
    }

    #[test]
    fn the_most_specific_domain_wins_whatever_the_order() {
        let host = |name: &str, domain: Domain| VirtualHost {
            name: name.into(),
            domains: vec![domain],
            routes: vec![route("r", PathMatch::Prefix("/".into()), vec![])],
        };
        let config = RouteConfig {
            name: String::new(),
            virtual_hosts: vec![
                host("any", Domain::Any),
                host("prefix", Domain::Prefix("www.".into())),
                host("suffix", Domain::Suffix(".example.com".into())),
                host("longer", Domain::Suffix(".b.example.com".into())),
                host("exact", Domain::Exact("www.example.com".into())),
            ],
        };
        for (authority, expected) in [
            ("WWW.example.com", "exact"),
            ("a.example.com", "suffix"),
            ("a.b.example.com", "longer"),
            ("www.other", "prefix"),
            (".example.com", "any"),
            ("example.com:80", "any"),
        ] {
            assert_eq!(found(&config, authority, "/", None), Some(format!("{expected}/r")), "{authority}");
        }
    }

    #[test]
    fn the_first_route_whose_path_and_headers_fit_is_taken() {
        let value = StringMatch { test: TextTest::Exact("a".into()), ignore_case: false };
        let header = |test, invert| vec![HeaderMatch { name: "x-a".into(), test, invert }];
        let config = RouteConfig {
            name: String::new(),
            virtual_hosts: vec![VirtualHost {
                name: "v".into(),
                domains: vec![Domain::Any],
                routes: vec![
                    route("exact", PathMatch::Exact("/a".into()), vec![]),
                    route("value", PathMatch::Prefix("/h".into()), header(HeaderTest::Value(value), false)),
                    route("absent", PathMatch::Prefix("/h".into()), header(HeaderTest::Present(true), true)),
                ],
            }],
        };
        assert_eq!(found(&config, "h", "/a?q", None).unwrap(), "v/exact");
        assert_eq!(found(&config, "h", "/ab", None), None);
        assert_eq!(found(&config, "h", "/h", Some(("x-a", "a"))).unwrap(), "v/value");
        assert_eq!(found(&config, "h", "/h", None).unwrap(), "v/absent");
        assert_eq!(found(&config, "h", "/h", Some(("x-a", "c"))), None);
    }
}
