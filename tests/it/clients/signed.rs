//! Requests that clients sign: how they go over the wire to hmac-auth, and the proxies that it runs in.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::bootstrap::{Filter, listener};
use crate::support::build::{example, program};
use crate::support::client::exchange;
use crate::support::host;
use crate::support::message::Message;
use crate::support::world::World;

/// The secret of all keys here.
pub(super) const SECRET: &str = "a secret that only tests have";

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) method: String,
    pub(super) host: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Wire {
    /// What a client was asked to sign, with the headers that it has given.
    pub(super) fn new(wanted: &Value, headers: &Value) -> Self {
        let text = |name: &str| wanted[name].as_str().unwrap_or_default().to_owned();
        let url = text("url");
        let (host, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let headers = headers.as_object().unwrap_or_else(|| panic!("no headers: {headers}"));
        let headers =
            headers.iter().map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned()));
        Self {
            method: text("method"),
            host: host.to_owned(),
            target: format!("/{target}"),
            headers: headers.filter(|(name, _)| name != "host").collect(),
            body: text("body"),
        }
    }

    /// The value of a header, to change it.
    pub(super) fn header(&mut self, name: &str) -> &mut String {
        let found = self.headers.iter_mut().find(|(found, _)| found == name);
        &mut found.unwrap_or_else(|| panic!("no header `{name}`")).1
    }

    /// Sends it to a listener; answers what the client and what the service got.
    pub(super) fn send(&self, world: &World, listener: &str) -> (Message, Option<Message>) {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        let request = format!("{head}\r\n{}", self.body);
        let reply = exchange(world.host.listener(listener), request.as_bytes()).unwrap();
        (reply.messages.into_iter().next_back().unwrap_or_default(), world.upstream.take().pop())
    }

    /// It passes, and the service is told who has signed.
    pub(super) fn passes(&self, world: &World, place: &str, consumer: &str) {
        let (response, request) = self.send(world, "verify");
        assert_eq!(response.status(), 200, "{place}: {self:?}: {}", response.shown());
        let request = request.unwrap();
        assert_eq!(request.header("x-consumer"), Some(consumer), "{place}");
        assert_eq!(request.body, self.body.as_bytes(), "{place}");
    }

    /// It is refused for this.
    pub(super) fn refused(&self, world: &World, place: &str, error: &str) {
        let (response, request) = self.send(world, "verify");
        assert!(request.is_none_or(|request| request.broken), "{place} passed: {self:?}");
        let told: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        assert_eq!(
            (response.status(), &told["error"]),
            (401, &json!(error)),
            "{place}: {self:?}: {}",
            response.shown()
        );
    }
}

/// A request as the service got it, in the words of the scripts.
pub(super) fn question(name: &str, request: &Message) -> Value {
    let mut line = request.head[0].split(' ');
    let (method, target) = (line.next().unwrap(), line.next().unwrap());
    let headers: serde_json::Map<_, _> = request.head[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), json!(value)))
        .collect();
    let url = format!("http://{}{target}", request.header("host").unwrap());
    let body = String::from_utf8(request.body.clone()).unwrap();
    json!({"name": name, "method": method, "url": url, "headers": headers, "body": body, "secret": SECRET})
}

/// Builds what the tests run.
pub(super) fn built() {
    example("hmac-auth");
    program("mesh-filter-proxy");
}

/// Starts each proxy with the filter: one listener verifies, and one signs.
pub(super) fn play(test: &str, verify: &Value, sign: &Value, play: impl Fn(&World, &str)) {
    let filter = |name: &str, configuration: &Value| {
        let mut filter = Filter::new(name, &example("hmac-auth"), &configuration.to_string());
        filter.options = json!({"root_id": "hmac_auth"});
        filter
    };
    let mut signing = filter("sign", sign);
    // Heads wait for their bodies, which are signed too.
    signing.hold_headers = true;
    signing.environment = vec![("MESH_FILTER_HOLD_HEADERS", "1")];
    let all = json!([{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]);
    let listeners = [
        listener("verify", &[filter("verify", verify)], &all, &json!({})),
        listener("sign", &[signing], &all, &json!({})),
    ];
    let start = |program: &Path, name: &str| play(&World::start(program, test, name, &listeners), name);
    start(&program("mesh-filter-proxy"), "ours");
    if let Some(envoy) = host::envoy() {
        start(&envoy, "envoy");
    }
}
