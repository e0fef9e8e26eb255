//! Tokens of PyPI's joserfc and npm's jose, with keys that these have made: by each algorithm, and at the edges.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{ask, node, python};
use crate::support::bootstrap::{Filter, listener};
use crate::support::build::{example, program};
use crate::support::client::exchange;
use crate::support::host;
use crate::support::message::Message;
use crate::support::world::{World, routes};

const ISSUER: &str = "https://issuer.example";

/// Every algorithm, and the key that it signs with.
const ALGORITHMS: [(&str, &str); 16] = [
    ("RS256", "rsa"),
    ("RS384", "rsa"),
    ("RS512", "rsa"),
    ("PS256", "rsa"),
    ("PS384", "rsa"),
    ("PS512", "rsa"),
    ("RS256", "rsa-4096"),
    ("PS512", "rsa-4096"),
    ("ES256", "p-256"),
    ("ES384", "p-384"),
    ("ES512", "p-521"),
    ("EdDSA", "ed"),
    ("Ed25519", "ed"),
    ("HS256", "secret"),
    ("HS384", "secret"),
    ("HS512", "secret"),
];

/// What becomes of a token.
enum Verdict {
    /// It passes, and the service gets these headers.
    Passes(Vec<(&'static str, &'static str)>),
    /// It is refused with this description.
    Refused(&'static str),
}

use Verdict::{Passes, Refused};

/// A token and what becomes of it.
struct Case {
    token: Value,
    verdict: Verdict,
}

fn keys() -> Value {
    let key = |name: &str, kty: &str, crv: Value, bits: Value| json!({"name": name, "kid": name, "kty": kty, "crv": crv, "bits": bits, "published": true});
    let ec = |name, curve: &str| key(name, "EC", json!(curve), json!(null));
    json!([
        key("rsa", "RSA", json!(null), json!(2048)),
        key("rsa-4096", "RSA", json!(null), json!(4096)),
        ec("p-256", "P-256"),
        ec("p-384", "P-384"),
        ec("p-521", "P-521"),
        key("ed", "OKP", json!("Ed25519"), json!(null)),
        key("secret", "oct", json!(null), json!(512)),
        {"name": "stranger", "kid": "p-256", "kty": "EC", "crv": "P-256", "published": false},
    ])
}

pub(super) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Good claims with others in their place; what is null goes.
fn claims(others: &Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": "shop", "sub": "alice", "exp": seconds() + 3600});
    for (name, value) in others.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

/// A token by ES256 with such claims.
fn says(name: &str, others: &Value, verdict: Verdict) -> Case {
    let header = json!({"alg": "ES256", "kid": "p-256", "typ": "JWT"});
    Case { token: json!({"name": name, "key": "p-256", "header": header, "claims": claims(others)}), verdict }
}

/// A token with good claims and this header.
fn headed(name: &str, key: &str, header: &Value, verdict: Verdict) -> Case {
    Case { token: json!({"name": name, "key": key, "header": header, "claims": claims(&json!({}))}), verdict }
}

/// A token by ES256 with this payload, whatever it is.
fn carries(name: &str, payload: &str, verdict: Verdict) -> Case {
    let header = json!({"alg": "ES256", "kid": "p-256", "typ": "JWT"});
    Case { token: json!({"name": name, "key": "p-256", "header": header, "payload": payload}), verdict }
}

fn by_algorithm() -> impl Iterator<Item = Case> {
    ALGORITHMS.into_iter().map(|(algorithm, key)| {
        let header = json!({"alg": algorithm, "kid": key, "typ": "JWT"});
        headed(&format!("{algorithm} by {key}"), key, &header, Passes(vec![("x-user", "alice")]))
    })
}

fn valid() -> Vec<Case> {
    let now = seconds();
    let alice = || Passes(vec![("x-user", "alice")]);
    vec![
        says("several audiences", &json!({"aud": ["other", "shop"]}), alice()),
        says("no end", &json!({"exp": null}), alice()),
        says(
            "a fraction of a second",
            &json!({"exp": now as f64 + 3600.5, "iat": now as f64 - 0.25}),
            alice(),
        ),
        // The provider allows half an hour.
        says("an end within the skew", &json!({"exp": now - 900}), alice()),
        says("a beginning within the skew", &json!({"nbf": now + 900}), alice()),
        says("another script", &json!({"sub": "zoë ☃"}), Passes(vec![("x-user", "zoë ☃")])),
        says(
            "claims inside of others",
            &json!({"realm": {"roles": ["reader", "writer"], "level": 7, "active": true}}),
            Passes(vec![("x-roles", "reader,writer"), ("x-level", "7"), ("x-active", "true")]),
        ),
        says("a long claim", &json!({"groups": vec!["a-group-with-a-name"; 400]}), alice()),
        says("numbers of all sizes", &json!({"a": 1e300, "b": u64::MAX, "c": i64::MIN, "d": -0.5}), alice()),
        headed("no name", "p-256", &json!({"alg": "ES256", "typ": "JWT"}), alice()),
        headed("an access token", "ed", &json!({"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"}), alice()),
        headed("a media type", "ed", &json!({"alg": "EdDSA", "typ": "application/at+jwt"}), alice()),
    ]
}

fn invalid() -> Vec<Case> {
    let now = seconds();
    let es256 = |more: &Value| {
        let mut header = json!({"alg": "ES256", "kid": "p-256", "typ": "JWT"});
        for (name, value) in more.as_object().unwrap() {
            header[name] = value.clone();
        }
        header
    };
    vec![
        says("expired", &json!({"exp": now - 7200}), Refused("the token has expired")),
        says("not yet valid", &json!({"nbf": now + 7200}), Refused("the token is not valid yet")),
        says(
            "of another issuer",
            &json!({"iss": "https://evil.example"}),
            Refused("the token's issuer is not accepted"),
        ),
        says("of no issuer", &json!({"iss": null}), Refused("the token's issuer is not accepted")),
        says("for others", &json!({"aud": ["bank"]}), Refused("the token is for another audience")),
        says("for nobody", &json!({"aud": null}), Refused("the token is for another audience")),
        carries("no JSON", "alice", Refused("the token's claims are malformed")),
        carries("no object", "[]", Refused("the token's claims are malformed")),
        carries(
            "one name twice",
            r#"{"sub":"alice","sub":"root"}"#,
            Refused("the token's claims are malformed"),
        ),
        carries(
            "a date that is text",
            r#"{"exp":"4102444800"}"#,
            Refused("the token's claims are malformed"),
        ),
        carries("a subject that is a number", r#"{"sub":1}"#, Refused("the token's claims are malformed")),
        headed(
            "another key of this name",
            "stranger",
            &es256(&json!({})),
            Refused("the token's signature is not valid"),
        ),
        headed(
            "an unknown key",
            "p-256",
            &es256(&json!({"kid": "x"})),
            Refused("the token's key is not known"),
        ),
        headed(
            "a key of another kind",
            "p-256",
            &es256(&json!({"kid": "rsa"})),
            Refused("the token's key is not known"),
        ),
        headed(
            "another type",
            "p-256",
            &es256(&json!({"typ": "secevent+jwt"})),
            Refused("tokens of this type are not accepted"),
        ),
        // As a payload, since of claims joserfc says by itself that they are a `JWT`.
        Case {
            token: json!({"name": "no type", "key": "p-256", "header": {"alg": "ES256"}, "payload": claims(&json!({})).to_string()}),
            verdict: Refused("tokens of this type are not accepted"),
        },
        headed(
            "critical",
            "p-256",
            &es256(&json!({"crit": ["b64"], "b64": true})),
            Refused("the token's header demands what is not supported"),
        ),
        headed(
            "its own key",
            "p-256",
            &es256(&json!({"jwk": {"kty": "oct", "k": "AA"}})),
            Refused("the token's header demands what is not supported"),
        ),
        headed(
            "unsigned",
            "secret",
            &json!({"alg": "none"}),
            Refused("tokens signed by this algorithm are not accepted"),
        ),
        headed(
            "encrypted",
            "secret",
            &json!({"alg": "dir", "enc": "A256GCM", "typ": "JWT"}),
            Refused("encrypted tokens are not accepted"),
        ),
    ]
}

fn configuration(jwks: &Value) -> Value {
    let algorithms: BTreeSet<_> = ALGORITHMS.iter().map(|(algorithm, _)| *algorithm).collect();
    json!({
        "providers": {"client": {
            "issuer": ISSUER,
            "audiences": ["shop"],
            "algorithms": algorithms,
            "token_types": ["JWT", "at+jwt"],
            "clock_skew_seconds": 1800,
            "local_jwks": {"inline_string": jwks.to_string()},
            "claim_to_headers": [
                {"header_name": "x-user", "claim_name": "sub"},
                {"header_name": "x-roles", "claim_name": "realm.roles", "array": "comma"},
                {"header_name": "x-level", "claim_name": "realm.level"},
                {"header_name": "x-active", "claim_name": "realm.active"},
            ],
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "client"}}],
    })
}

/// Sends a request with a token; answers what the client and what the service got.
fn send(world: &World, token: &str) -> (Message, Option<Message>) {
    let head = format!(
        "GET / HTTP/1.1\r\nhost: example.com\r\nauthorization: Bearer {token}\r\nx-user: root\r\n\r\n"
    );
    let reply = exchange(world.host.listener("jwt-auth"), head.as_bytes()).unwrap();
    (reply.messages.into_iter().next_back().unwrap_or_default(), world.upstream.take().pop())
}

fn refused(world: &World, place: &str, token: &str, description: &str) {
    let (response, request) = send(world, token);
    assert!(request.is_none(), "{place} passed: {token}");
    let challenge = response.header("www-authenticate").unwrap_or_default();
    let expected = format!(r#"Bearer error="invalid_token", error_description="{description}""#);
    assert_eq!((response.status(), challenge), (401, expected.as_str()), "{place}: {token}");
}

fn passes(world: &World, place: &str, token: &str, headers: &[(&str, &str)]) {
    // The second time its signature is remembered.
    for _ in 0..2 {
        let (response, request) = send(world, token);
        assert_eq!(response.status(), 200, "{place}: {token}: {}", response.shown());
        let request = request.unwrap();
        for (name, value) in headers {
            let bytes: String = value.bytes().map(char::from).collect();
            assert_eq!(request.header(name), Some(bytes.as_str()), "{place}: {token}");
        }
        assert_eq!(request.header("authorization"), None, "{place}");
    }
}

fn play(client: &str, command: Command) {
    let cases: Vec<_> = by_algorithm().chain(valid()).chain(invalid()).collect();
    let tokens: Vec<_> = cases.iter().map(|case| &case.token).collect();
    let made = ask(command, client, &json!({"keys": keys(), "tokens": tokens}));
    let configuration = configuration(&made["jwks"]).to_string();
    let filter = Filter::new("jwt-auth", &example("jwt-auth"), &configuration);
    let listeners = [listener("jwt-auth", &[filter], &routes(), &json!({}))];
    let proxies = [(Some(program("mesh-filter-proxy")), "ours"), (host::envoy(), "envoy")];
    for (program, proxy) in proxies.into_iter().filter_map(|(program, name)| Some((program?, name))) {
        let world = World::start(&program, &format!("clients-{client}"), proxy, &listeners);
        for Case { token, verdict } in &cases {
            let name = token["name"].as_str().unwrap();
            let place = format!("{name}, of {client}, in {proxy}");
            let token = made["tokens"][name].as_str().unwrap_or_else(|| panic!("{place}: {made}"));
            match verdict {
                Refused(description) => refused(&world, &place, token, description),
                Passes(headers) => {
                    passes(&world, &place, token, headers);
                    refused(&world, &place, &changed(token), "the token's signature is not valid");
                }
            }
        }
    }
}

/// The token with another signature: the first character of it is another.
fn changed(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

#[test]
fn tokens_of_joserfc_pass_or_are_refused() {
    if let Some(client) = python("joserfc_mint.py") {
        play("joserfc", client);
    }
}

#[test]
fn tokens_of_jose_pass_or_are_refused() {
    if let Some(client) = node("jose_mint.mjs") {
        play("jose", client);
    }
}
