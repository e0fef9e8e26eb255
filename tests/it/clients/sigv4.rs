//! AWS Signature Version 4 by PyPI's botocore: the filter verifies what it signs, and signs as it does.

use serde_json::{Value, json};

use super::signed::{SECRET, Wire, built, play, question};
use super::{ask, python};

const SCRIPT: &str = "sigv4.py";
const REGION: &str = "eu-west-1";

fn verifying() -> Value {
    let verify = |service: &str, digest: &str| json!({"scheme": "aws-sigv4", "region": REGION, "service": service, "body_digest": digest});
    json!({
        "keys": [{"id": "AKIDEXAMPLE", "consumer": "backup", "secrets": [{"inline_string": SECRET}]}],
        "consumer_header": "x-consumer",
        "rules": [
            {"match": {"prefix": "/streams"}, "verify": verify("s3", "if_present")},
            {"match": {"prefix": "/bucket"}, "verify": verify("s3", "required")},
            {"match": {"prefix": "/"}, "verify": verify("execute-api", "with_body")},
        ],
    })
}

fn signing() -> Value {
    let sign = |prefix: &str, service: &str, sign_body: bool| {
        json!({
            "match": {"prefix": prefix}, "scheme": "aws-sigv4", "key_id": "AKIDEXAMPLE", "region": REGION, "service": service,
            "sign_body": sign_body,
        })
    };
    let mut session = sign("/session", "execute-api", true);
    session["session_token"] = json!({"inline_string": "a token of a session"});
    json!({
        "keys": [{"id": "AKIDEXAMPLE", "secrets": [{"inline_string": SECRET}]}],
        "sign": [session, sign("/streams", "s3", false), sign("/bucket", "s3", true), sign("/", "execute-api", true)],
    })
}

fn request(name: &str, service: &str, path: &str, others: &Value) -> Value {
    let mut request = json!({
        "name": name, "method": "GET", "url": format!("http://files.example{path}"), "headers": {},
        "access_key": "AKIDEXAMPLE", "secret": SECRET, "region": REGION, "service": service,
    });
    for (name, value) in others.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

/// Paths and queries in which signers have been known to differ. None ends with `/.` or `/..`: there a slash stays (RFC 3986,
/// section 5.2.4), and botocore takes it away.
const TARGETS: [&str; 8] = [
    "/",
    "/items?b=2&a=1&a=0&B=3",
    "/items?flag&empty=&x=a%20b%2Fc~",
    "/a%20b",
    "/a%2Fb/c",
    "/a//b///c/",
    "/a/./b/../c/",
    "/%C3%A9/%E2%98%83",
];
/// What botocore encodes, whatever the service. For S3 it is given paths that are encoded already.
const UNUSUAL: &str = "/~user/a=b,c;d:e@f/(g)*'!$&+";
const UNUSUAL_ENCODED: &str = "/~user/a%3Db%2Cc%3Bd%3Ae%40f/%28g%29%2A%27%21%24%26%2B";

fn api_targets() -> impl Iterator<Item = &'static str> {
    TARGETS.into_iter().chain([UNUSUAL, UNUSUAL_ENCODED])
}

fn s3_targets() -> impl Iterator<Item = &'static str> {
    TARGETS.into_iter().chain([UNUSUAL_ENCODED])
}

fn valid() -> Vec<Value> {
    let api = |target: &str| request(&format!("execute-api {target}"), "execute-api", target, &json!({}));
    let s3 = |target: &str| {
        let put = json!({"method": "PUT", "body": "some text"});
        request(&format!("s3 {target}"), "s3", &format!("/bucket{target}"), &put)
    };
    let mut valid: Vec<_> = api_targets().map(api).chain(s3_targets().map(s3)).collect();
    valid.extend([
        request(
            "a body",
            "execute-api",
            "/items",
            &json!({"method": "POST", "body": "{\"a\": 1}", "headers": {"content-type": "application/json"}}),
        ),
        request(
            "headers",
            "execute-api",
            "/items",
            &json!({"headers": {"x-amz-meta-a": "  many   spaces  ", "x-other": "a, b"}}),
        ),
        request("a session", "execute-api", "/items", &json!({"token": "a token of a session"})),
        request("no body", "s3", "/bucket/a", &json!({})),
        request(
            "a body that is not signed",
            "s3",
            "/streams/a",
            &json!({"method": "PUT", "body": "some text", "unsigned": true}),
        ),
        request("a port", "execute-api", "", &json!({"url": "http://files.example:8080/items"})),
    ]);
    valid
}

/// A request that is refused: what is signed, what becomes of it on its way, and what is told.
type Invalid = (Value, fn(&mut Wire), &'static str);

fn invalid() -> Vec<Invalid> {
    let untouched: fn(&mut Wire) = |_| {};
    let api = |name: &str, others: &Value| request(name, "execute-api", "/items?a=1", others);
    let put = |name: &str| request(name, "s3", "/bucket/a", &json!({"method": "PUT", "body": "some text"}));
    vec![
        (api("another method", &json!({})), |wire| wire.method = "DELETE".to_owned(), "signature_invalid"),
        (api("another path", &json!({})), |wire| wire.target = "/item?a=1".to_owned(), "signature_invalid"),
        (api("another query", &json!({})), |wire| wire.target = "/items?a=2".to_owned(), "signature_invalid"),
        (api("another host", &json!({})), |wire| wire.host = "other.example".to_owned(), "signature_invalid"),
        (
            api("another header", &json!({"headers": {"x-amz-meta-a": "1"}})),
            |wire| *wire.header("x-amz-meta-a") = "2".to_owned(),
            "signature_invalid",
        ),
        (
            api("a header of AWS that is not signed", &json!({})),
            |wire| wire.headers.push(("x-amz-meta-a".to_owned(), "1".to_owned())),
            "component_missing",
        ),
        (
            api("another secret", &json!({"secret": "a secret of somebody else"})),
            untouched,
            "signature_invalid",
        ),
        (api("another key", &json!({"access_key": "AKIDNOBODY"})), untouched, "signature_invalid"),
        (api("another region", &json!({"region": "us-east-1"})), untouched, "signature_invalid"),
        (api("another service", &json!({"service": "lambda"})), untouched, "signature_invalid"),
        (
            request("a slash that was encoded", "s3", "/bucket/a%2Fb", &json!({})),
            |wire| wire.target = "/bucket/a/b".to_owned(),
            "signature_invalid",
        ),
        (put("another body"), |wire| wire.body = "some test".to_owned(), "digest_wrong"),
        (
            api("another body whose hash is not stated", &json!({"method": "POST", "body": "{}"})),
            |wire| wire.body = "[]".to_owned(),
            "signature_invalid",
        ),
        (
            put("another time"),
            |wire| {
                let date = wire.header("x-amz-date");
                let other = if date.ends_with("0Z") { "1Z" } else { "0Z" };
                date.replace_range(date.len() - 2.., other);
            },
            "signature_invalid",
        ),
    ]
}

#[test]
fn requests_of_botocore_pass_or_are_refused() {
    let Some(client) = python(SCRIPT) else { return };
    // Signatures grow old while modules are built.
    built();
    let (valid, invalid) = (valid(), invalid());
    let questions: Vec<_> = valid.iter().chain(invalid.iter().map(|(request, ..)| request)).collect();
    let signed = ask(client, "sigv4-sign", &json!({"sign": questions}))["signed"].take();
    let wire = |request: &Value| {
        let name = request["name"].as_str().unwrap();
        (name.to_owned(), Wire::new(request, &signed[name]))
    };
    play("clients-sigv4", &verifying(), &signing(), |world, proxy| {
        for (name, wire) in valid.iter().map(wire) {
            let place = format!("{name}, in {proxy}");
            wire.passes(world, &place, "backup");
            let mut changed = wire.clone();
            let authorization = changed.header("authorization");
            let at = authorization.rfind('=').unwrap() + 1;
            let other = if authorization[at..].starts_with('a') { "b" } else { "a" };
            authorization.replace_range(at..=at, other);
            changed.refused(world, &place, "signature_invalid");
        }
        for (request, change, error) in &invalid {
            let (name, mut wire) = wire(request);
            change(&mut wire);
            wire.refused(world, &format!("{name}, in {proxy}"), error);
        }
    });
}

#[test]
fn the_filter_signs_as_botocore_does() {
    if python(SCRIPT).is_none() {
        return;
    }
    let wire = |target: &str, body: &str| Wire {
        method: if body.is_empty() { "GET" } else { "PUT" }.to_owned(),
        host: "files.example:8080".to_owned(),
        target: target.to_owned(),
        headers: vec![
            ("content-type".to_owned(), "text/plain".to_owned()),
            ("x-amz-meta-a".to_owned(), "a  b".to_owned()),
        ],
        body: body.to_owned(),
    };
    let mut requests: Vec<_> =
        api_targets().map(|target| ("execute-api", wire(target, "some text"))).collect();
    requests.extend(s3_targets().map(|target| ("s3", wire(&format!("/bucket{target}"), ""))));
    requests.push(("s3", wire("/bucket/a", "some text")));
    requests.push(("s3", wire("/streams/a", "some text")));
    requests.push(("execute-api", wire("/session", "")));
    play("clients-sigv4-sign", &verifying(), &signing(), |world, proxy| {
        let (mut questions, mut authorizations) = (Vec::new(), Vec::new());
        for (service, wire) in &requests {
            let (response, request) = wire.send(world, "sign");
            let place = format!("{service} {} {} bytes", wire.target, wire.body.len());
            let mut question =
                question(&place, &request.unwrap_or_else(|| panic!("{place}: {}", response.shown())));
            let authorization = question["headers"]["authorization"].as_str().unwrap().to_owned();
            let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
            let signed: Vec<_> = signed.split(',').next().unwrap().split(';').collect();
            assert!(
                ["content-type", "host", "x-amz-date", "x-amz-meta-a"]
                    .iter()
                    .all(|name| signed.contains(name)),
                "{place}: {signed:?}"
            );
            question["headers"].as_object_mut().unwrap().retain(|name, _| signed.contains(&name.as_str()));
            question["access_key"] = json!("AKIDEXAMPLE");
            question["region"] = json!(REGION);
            question["service"] = json!(service);
            questions.push(question);
            authorizations.push((place, authorization));
        }
        let client = python(SCRIPT).unwrap();
        let answer = ask(client, &format!("sigv4-again-{proxy}"), &json!({"again": questions}));
        for ((place, authorization), question) in authorizations.iter().zip(&questions) {
            assert_eq!(&answer["again"][place], authorization, "{place}, in {proxy}: {question}");
        }
        // The hash of each body is botocore's concern only where it is not stated; here it always is.
        let unsigned = |question: &&Value| question["headers"]["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD";
        assert_eq!(questions.iter().filter(unsigned).count(), 1);
    });
}
