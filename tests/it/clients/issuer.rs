//! A real OpenID provider: its keys are fetched by the filter, and become others while both run.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, Running, node, start};
use crate::support::answers;
use crate::support::bootstrap::{self, Filter, cluster, listener};
use crate::support::build::{example, program};
use crate::support::client::exchange;
use crate::support::host::{self, Host};
use crate::support::message::Message;
use crate::support::upstream::Upstream;
use crate::support::world::folder;

/// How long keys may take from the issuer to all workers.
const SPREAD: Duration = Duration::from_secs(30);

/// A running OpenID provider.
struct Issuer {
    address: SocketAddr,
    questions: ChildStdin,
    answers: Receiver<String>,
    _process: Running,
}

impl Issuer {
    /// Starts one with these keys, of which the first one signs.
    fn start(name: &str, keys: &Value) -> Option<Self> {
        let mut process = start(node("issuer.mjs")?, name);
        let questions = process.0.stdin.take().unwrap();
        let lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        // It ends with the process.
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut issuer = Self { address: ([127, 0, 0, 1], 0).into(), questions, answers, _process: process };
        let answer = issuer.rotate(keys);
        issuer.address.set_port(answer["port"].as_u64().unwrap().try_into().unwrap());
        Some(issuer)
    }

    /// Goes on with other keys; answers how often they were fetched before.
    fn rotate(&mut self, keys: &Value) -> Value {
        writeln!(self.questions, "{keys}").unwrap();
        let answer = self.answers.recv_timeout(PATIENCE).expect("the issuer answers");
        serde_json::from_str(&answer).unwrap()
    }

    /// An access token for the robot, as it would get one.
    fn token(&self) -> String {
        let form = "grant_type=client_credentials&scope=read&resource=urn:shop&client_id=robot\
            &client_secret=a+secret+of+the+robot+that+nobody+else+has";
        let head = format!(
            "POST /token HTTP/1.1\r\nhost: issuer.example\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        let reply = exchange(self.address, head.as_bytes()).unwrap();
        let body: Value = serde_json::from_slice(&reply.messages[0].body).unwrap();
        body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {body}")).to_owned()
    }
}

fn configuration() -> Value {
    let requires = json!({"provider_name": "users"});
    json!({
        "providers": {"users": {
            "issuer": "http://issuer.example",
            "audiences": ["shop"],
            "algorithms": ["RS256", "ES256", "EdDSA"],
            "token_types": ["at+jwt"],
            "require_expiration": true,
            "remote_jwks": {
                "http_uri": {"uri": "http://issuer.example/jwks", "cluster": "issuer", "timeout": "5s"},
                // So long that in this test keys are only fetched for those that are not among them.
                "cache_duration": "1h",
                "refetch_on_unknown_kid": {"min_interval": "1s"},
            },
            "claim_to_headers": [{"header_name": "x-client", "claim_name": "client_id"}],
        }},
        "rules": [
            {"match": {"prefix": "/admin"}, "requires": requires, "authorization": {"scopes_all": ["write"]}},
            {"match": {"prefix": "/"}, "requires": requires, "authorization": {"scopes_all": ["read"]}},
        ],
    })
}

/// A proxy with the filter before a service, with two workers.
struct Proxy {
    host: Host,
    service: Upstream,
}

impl Proxy {
    fn start(program: &Path, name: &str, issuer: SocketAddr) -> Self {
        let service = Upstream::start(answers::upstream);
        let filter = Filter::new("jwt-auth", &example("jwt-auth"), &configuration().to_string());
        let all = json!([{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "service"}}]}]);
        let listeners = [listener("edge", &[filter], &all, &json!({}))];
        let file = folder("clients-issuer").join(format!("{name}.json"));
        let clusters = [cluster("service", &[service.address]), cluster("issuer", &[issuer])];
        bootstrap::write(&file, &listeners, &clusters);
        Self { host: Host::start_with(program, &file, name, 2), service }
    }

    /// What the client gets for a request with a token, and the service.
    fn send(&self, path: &str, token: &str) -> (Message, Option<Message>) {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {token}\r\n\r\n");
        let reply = exchange(self.host.listener("edge"), head.as_bytes()).unwrap();
        (reply.messages.into_iter().next_back().unwrap_or_default(), self.service.take().pop())
    }

    /// Asks again and again until the answer is this one, as often in a row as workers have their turn.
    fn until(&self, status: u16, token: &str) -> Message {
        let (begun, mut row) = (Instant::now(), 0);
        loop {
            let (response, request) = self.send("/orders", token);
            row = if response.status() == status { row + 1 } else { 0 };
            assert_eq!(request.is_some(), response.status() == 200);
            let client = request.as_ref().and_then(|request| request.header("x-client"));
            assert_eq!(client, (response.status() == 200).then_some("robot"));
            if row == 8 {
                return response;
            }
            assert!(begun.elapsed() < SPREAD, "not {status}: {}", response.shown());
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// A counter of the filter.
    fn counter(&self, name: &str) -> u64 {
        let page = self.host.page("/stats").unwrap();
        let mut lines = page.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.ends_with(name)).map_or(0, |(_, value)| value.parse().unwrap())
    }
}

fn play(program: &Path, name: &str) {
    let (first, second, third) = (
        json!({"kid": "first", "alg": "RS256"}),
        json!({"kid": "second", "alg": "ES256"}),
        json!({"kid": "third", "alg": "EdDSA"}),
    );
    let Some(mut issuer) = Issuer::start(&format!("issuer-{name}"), &json!([first])) else { return };
    let proxy = Proxy::start(program, name, issuer.address);
    let by_first = issuer.token();
    // The first request finds the keys, or waits for them.
    let (response, request) = proxy.send("/orders", &by_first);
    assert_eq!((response.status(), request.is_some()), (200, true), "{}", response.shown());
    proxy.until(200, &by_first);
    let (response, request) = proxy.send("/admin", &by_first);
    assert_eq!((response.status(), request), (403, None));
    let challenge = response.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains(r#"error="insufficient_scope""#) && challenge.contains(r#"scope="write""#));

    // A new key signs, the old one is still there.
    let fetched = issuer.rotate(&json!([second, first]))["fetched"].clone();
    assert!(fetched.as_u64().is_some_and(|fetched| (1..=2).contains(&fetched)), "{fetched} fetches");
    let by_second = issuer.token();
    proxy.until(200, &by_second);
    proxy.until(200, &by_first);

    // The old keys are taken back: their tokens end with the next fetch, remembered or not.
    issuer.rotate(&json!([third]));
    let by_third = issuer.token();
    proxy.until(200, &by_third);
    for token in [&by_first, &by_second] {
        let response = proxy.until(401, token);
        let challenge = response.header("www-authenticate").unwrap_or_default();
        assert!(challenge.contains("the token's key is not known"), "{challenge}");
    }

    // Nobody fetches often, whoever asks.
    let fetched = issuer.rotate(&json!([second]))["fetched"].as_u64().unwrap();
    let succeeded = proxy.counter("jwt_auth.jwks_fetch_success");
    assert!(
        fetched <= SPREAD.as_secs() && succeeded <= fetched,
        "{fetched} fetches, {succeeded} of them good"
    );

    // Without an issuer what is known goes on, and what is not known is not let in.
    let (by_new, by_known) = (issuer.token(), by_third);
    drop(issuer);
    let begun = Instant::now();
    while proxy.counter("jwt_auth.jwks_fetch_failed") == 0 {
        let (response, _) = proxy.send("/orders", &by_new);
        assert_eq!(response.status(), 401, "{}", response.shown());
        assert!(begun.elapsed() < SPREAD, "nothing was fetched");
        thread::park_timeout(Duration::from_millis(20));
    }
    proxy.until(200, &by_known);
}

#[test]
fn keys_of_an_openid_provider_are_followed() {
    play(&program("mesh-filter-proxy"), "ours");
}

#[test]
fn keys_of_an_openid_provider_are_followed_on_envoy() {
    match host::envoy() {
        Some(envoy) => play(&envoy, "envoy"),
        None => eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`"),
    }
}
