//! HTTP Message Signatures by PyPI's http-message-signatures: the filter verifies what it signs, and it what the filter signs.

use serde_json::{Value, json};

use super::minted::seconds;
use super::signed::{SECRET, Wire, built, play, question};
use super::{ask, python};

const SCRIPT: &str = "signatures.py";

fn verifying() -> Value {
    json!({
        "keys": [{"id": "partner", "consumer": "partner-a", "secrets": [{"inline_string": SECRET}]}],
        "consumer_header": "x-consumer",
        "rules": [
            {"match": {"prefix": "/free"}, "verify": {"scheme": "rfc9421", "required_components": ["@method"]}},
            {"match": {"prefix": "/nonce"}, "verify": {"scheme": "rfc9421", "nonce": {"required": true}}},
            {"match": {"prefix": "/tag"}, "verify": {"scheme": "rfc9421", "tag": "shop"}},
            {"match": {"prefix": "/"}, "verify": {"scheme": "rfc9421"}},
        ],
    })
}

fn signing() -> Value {
    json!({
        "keys": [{"id": "edge", "secrets": [{"inline_string": SECRET}]}],
        "sign": [
            {"match": {"prefix": "/body"}, "scheme": "rfc9421", "key_id": "edge", "sign_body": true},
            {
                "match": {"prefix": "/more"}, "scheme": "rfc9421", "key_id": "edge", "label": "proxy", "tag": "edge",
                "expires_after": "5m", "nonce": true,
                "components": [
                    "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query",
                    "\"@query-param\";name=\"id\"", "content-type", "\"x-dict\";key=\"b\"", "\"priority\";sf", "\"x-bytes\";bs",
                ],
            },
            {"match": {"prefix": "/"}, "scheme": "rfc9421", "key_id": "edge"},
        ],
    })
}

/// A request that is to be signed, with others of its members.
fn request(name: &str, path: &str, others: &Value) -> Value {
    let mut request = json!({
        "name": name, "method": "GET", "url": format!("http://shop.example{path}"), "headers": {},
        "components": ["@method", "@authority", "@path", "@query"],
        "secret": SECRET, "key_id": "partner", "created": seconds(),
    });
    for (name, value) in others.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn with_body(name: &str, digest: &str) -> Value {
    let components = ["@method", "@authority", "@path", "@query", "content-digest"];
    let body = json!({"method": "POST", "body": "{\"a\": 1}", "digest": digest, "components": components});
    request(name, "/a", &body)
}

fn valid() -> Vec<Value> {
    let now = seconds();
    let at = |host: &str, path: &str| json!({"url": format!("http://{host}{path}")});
    vec![
        request("a query", "/a?b=c&b=d", &json!({})),
        request("no query", "/a", &json!({})),
        request("a query without anything", "/a?", &json!({})),
        request("a path with all sorts of characters", "/a%20b/%7Ex;v=1/c%2Fd//e/", &json!({})),
        request("a port", "", &at("shop.example:8443", "/a")),
        request("the port of the scheme", "", &at("shop.example:80", "/a")),
        request("capitals in the host", "", &at("Shop.EXAMPLE", "/a")),
        request("without algorithm", "/a", &json!({"include_alg": false})),
        request(
            "an end, a nonce, a tag and a label",
            "/tag",
            &json!({"expires": now + 3600, "nonce": "n 1", "tag": "shop", "label": "mine"}),
        ),
        request("a nonce", "/nonce", &json!({"nonce": "once"})),
        request("created a while ago", "/a", &json!({"created": now - 120})),
        request(
            "every derived component",
            "/a?id=7",
            &json!({"components": ["@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"]}),
        ),
        request(
            "parameters of the query",
            "/free?a=x+y&b=%C3%A9%20%26&c=",
            &json!({"components": ["@method", "\"@query-param\";name=\"a\"", "\"@query-param\";name=\"b\"", "\"@query-param\";name=\"c\""]}),
        ),
        request(
            "fields",
            "/free",
            &json!({
                "headers": {"x-plain": "a  b,c", "x-dict": "a=1,  b=(1 2);x;y=\"z\", c", "priority": "u=1,   i", "x-bytes": "a, \"b\"", "x-empty": ""},
                "components": ["@method", "x-plain", "\"x-dict\";key=\"b\"", "\"x-dict\";key=\"c\"", "\"priority\";sf", "\"x-bytes\";bs", "x-empty"],
            }),
        ),
        with_body("a body", "sha-256"),
        with_body("a body by the longer hash", "sha-512"),
    ]
}

/// A request that is refused: what is signed, what becomes of it on its way, and what is told.
type Invalid = (Value, fn(&mut Wire), &'static str);

fn invalid() -> Vec<Invalid> {
    let now = seconds();
    let untouched: fn(&mut Wire) = |_| {};
    let plain = |name: &str| request(name, "/a?b=c", &json!({}));
    vec![
        (plain("another method"), |wire| wire.method = "DELETE".to_owned(), "signature_invalid"),
        (plain("another path"), |wire| wire.target = "/b?b=c".to_owned(), "signature_invalid"),
        (plain("another query"), |wire| wire.target = "/a?b=d".to_owned(), "signature_invalid"),
        (plain("another host"), |wire| wire.host = "bank.example".to_owned(), "signature_invalid"),
        (
            plain("another time"),
            |wire| {
                let created = format!("created={}", seconds() - 100);
                let input = wire.header("signature-input");
                let (before, after) = input.split_once("created=").unwrap();
                *input = format!(
                    "{before}{created}{}",
                    after.trim_start_matches(|digit: char| digit.is_ascii_digit())
                );
            },
            "signature_invalid",
        ),
        (
            plain("another order"),
            |wire| {
                *wire.header("signature-input") = wire
                    .header("signature-input")
                    .replace("\"@method\" \"@authority\"", "\"@authority\" \"@method\"")
            },
            "signature_invalid",
        ),
        (
            request("another secret", "/a", &json!({"secret": "a secret of somebody else"})),
            untouched,
            "signature_invalid",
        ),
        (request("another key", "/a", &json!({"key_id": "nobody"})), untouched, "signature_invalid"),
        (request("too old", "/a", &json!({"created": now - 3600})), untouched, "signature_expired"),
        (
            request("ended", "/a", &json!({"created": now - 60, "expires": now - 50})),
            untouched,
            "signature_expired",
        ),
        (request("not yet", "/a", &json!({"created": now + 3600})), untouched, "signature_from_future"),
        (request("another tag", "/tag", &json!({"tag": "bank"})), untouched, "signature_not_found"),
        (
            request("too little", "/a", &json!({"components": ["@method", "@path"]})),
            untouched,
            "component_missing",
        ),
        (with_body("another body", "sha-256"), |wire| wire.body = "{\"a\": 2}".to_owned(), "digest_wrong"),
        (
            with_body("another digest", "sha-512"),
            |wire| {
                let digest = wire.header("content-digest");
                let at = digest.find(':').unwrap() + 1;
                let other = if digest[at..].starts_with('A') { "B" } else { "A" };
                digest.replace_range(at..=at, other);
            },
            "signature_invalid",
        ),
        (
            request(
                "a digest that is not signed",
                "/a",
                &json!({"method": "POST", "body": "{}", "digest": "sha-256"}),
            ),
            untouched,
            "digest_missing",
        ),
    ]
}

#[test]
fn requests_of_http_message_signatures_pass_or_are_refused() {
    let Some(client) = python(SCRIPT) else { return };
    // Signatures grow old while modules are built.
    built();
    let (valid, invalid) = (valid(), invalid());
    let questions: Vec<_> = valid.iter().chain(invalid.iter().map(|(request, ..)| request)).collect();
    let signed = ask(client, "signatures-sign", &json!({"sign": questions}))["signed"].take();
    let wire = |request: &Value| {
        let name = request["name"].as_str().unwrap();
        (name.to_owned(), Wire::new(request, &signed[name]))
    };
    play("clients-rfc9421", &verifying(), &signing(), |world, proxy| {
        for (name, wire) in valid.iter().map(wire) {
            let place = format!("{name}, in {proxy}");
            wire.passes(world, &place, "partner-a");
            let mut changed = wire.clone();
            let signature = changed.header("signature");
            let at = signature.find(":").unwrap() + 1;
            let other = if signature[at..].starts_with('A') { "B" } else { "A" };
            signature.replace_range(at..=at, other);
            changed.refused(world, &place, "signature_invalid");
            if wire.target == "/nonce" {
                wire.refused(world, &place, "replayed");
            }
        }
        for (request, change, error) in &invalid {
            let (name, mut wire) = wire(request);
            change(&mut wire);
            wire.refused(world, &format!("{name}, in {proxy}"), error);
        }
    });
}

#[test]
fn http_message_signatures_verifies_what_the_filter_signs() {
    if python(SCRIPT).is_none() {
        return;
    }
    let wire = |method: &str, target: &str, headers: &[(&str, &str)], body: &str| Wire {
        method: method.to_owned(),
        host: "shop.example:8080".to_owned(),
        target: target.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_owned(),
    };
    let fields = [
        ("content-type", "text/plain"),
        ("x-dict", "a=1, b=?0;c"),
        ("priority", "u=1,  i"),
        ("x-bytes", "a, b"),
    ];
    let requests = [
        ("plain", wire("GET", "/plain/%20a?x=1&y", &[], ""), false),
        (
            "a signature of the client",
            wire(
                "GET",
                "/plain",
                &[("signature", "sig=:AAAA:"), ("signature-input", "sig=();created=1")],
                "",
            ),
            false,
        ),
        ("everything", wire("PUT", "/more?id=a%20b&z", &fields, "text"), false),
        ("a body", wire("POST", "/body", &[("content-type", "text/plain")], "some text"), true),
    ];
    play("clients-rfc9421-sign", &verifying(), &signing(), |world, proxy| {
        let got = |(name, wire, _): &(&str, Wire, bool)| {
            let (response, request) = wire.send(world, "sign");
            question(name, &request.unwrap_or_else(|| panic!("{name}: {}", response.shown())))
        };
        let questions: Vec<_> = requests.iter().map(got).collect();
        let client = python(SCRIPT).unwrap();
        let answer = ask(client, &format!("signatures-verify-{proxy}"), &json!({"verify": questions}));
        for ((name, _, digested), question) in requests.iter().zip(&questions) {
            let verified = &answer["verified"][name];
            let covered = verified["covered"].as_array().map_or(0, Vec::len);
            let expected = match *name {
                "everything" => 12,
                "a body" => 5,
                _ => 4,
            } + 1; // The parameters themselves.
            assert_eq!(
                (covered, &verified["digested"]),
                (expected, &json!(digested)),
                "{name}, in {proxy}: {verified} of {question}"
            );
        }
    });
}
