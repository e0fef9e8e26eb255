//! Requests that the filter signs: it verifies them, and not with another signature.

use hmac_auth::HmacAuth;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use std::cell::RefCell;

/// A simulation keeps what has happened, so each is used for so many requests.
const REQUESTS: usize = 500;

const SCHEMES: [&str; 3] = ["rfc", "aws", "s3"];

thread_local! {
    static FILTERS: RefCell<Option<(TestFilter, TestFilter, usize)>> = const { RefCell::new(None) };
}

/// The first byte chooses the scheme, the first line is path and query, the rest is a header.
pub(crate) fn run(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else { return };
    let text: String = rest.iter().copied().map(char::from).collect();
    let (target, value) = text.split_once('\n').unwrap_or((&text, ""));
    // A proxy lets nothing else through.
    let target: String = target.chars().filter(char::is_ascii_graphic).collect();
    let value: String = value.chars().filter(|character| !character.is_control()).collect();
    assert!(verifies(*how, &target, &value), "{how} {target:?} {value:?}");
}

/// Whether the filter verifies what it has signed.
pub(crate) fn verifies(how: u8, target: &str, value: &str) -> bool {
    let (sign, verify) = filters();
    let scheme = SCHEMES[usize::from(how) % SCHEMES.len()];
    let signed = sign.request(get(&format!("/{scheme}/{target}")).header("x-any", value));
    let Some(signed) = signed.upstream_request() else { panic!("{:?}", signed.response()) };
    let send = |change: &str| {
        let mut request = get(signed.header(":path").unwrap_or_default());
        for (name, sent) in signed.headers.iter() {
            let (name, sent) = (String::from_utf8_lossy(name), String::from_utf8_lossy(sent));
            let changed = if name == change { other(&sent) } else { sent.into_owned() };
            if !name.starts_with(':') {
                request = request.header(&name, &changed);
            }
        }
        let exchange = verify.request(request);
        exchange.upstream_request().is_some()
    };
    let signature = if scheme == "rfc" { "signature" } else { "authorization" };
    assert!(!send(signature), "{target:?}");
    send("")
}

/// The same with another character near its end.
fn other(signature: &str) -> String {
    let mut changed = signature.to_owned();
    let at = changed.len() - 8;
    let with = if changed[at..].starts_with('a') { "b" } else { "a" };
    changed.replace_range(at..=at, with);
    changed
}

/// One that signs, and one that verifies.
fn filters() -> (TestFilter, TestFilter) {
    FILTERS.with_borrow_mut(|kept| {
        let (sign, verify, left) = kept.take().filter(|(.., left)| *left > 0).unwrap_or_else(start);
        *kept = Some((sign.clone(), verify.clone(), left - 1));
        (sign, verify)
    })
}

fn start() -> (TestFilter, TestFilter, usize) {
    let keys = json!([{"id": "k", "secrets": [{"inline_string": "a secret for tests only"}]}]);
    let components = json!([
        "@method",
        "@authority",
        "@target-uri",
        "@request-target",
        "@path",
        "@query",
        "x-any",
        "\"x-any\";bs"
    ]);
    let aws = |service: &str, mut others: Value| {
        others["scheme"] = json!("aws-sigv4");
        others["region"] = json!("r");
        others["service"] = json!(service);
        others
    };
    let key = || json!({"key_id": "k"});
    let matching = |prefix: &str, mut one: Value| {
        one["match"] = json!({"prefix": prefix});
        one
    };
    let rfc = json!({"scheme": "rfc9421", "key_id": "k", "components": components});
    let sign = json!({"keys": keys, "sign": [
        matching("/rfc", rfc), matching("/aws", aws("api", key())), matching("/s3", aws("s3", key())),
    ]});
    let verified = |prefix: &str, verify: Value| json!({"match": {"prefix": prefix}, "verify": verify});
    let verify = json!({"keys": keys, "rules": [
        verified("/rfc", json!({"scheme": "rfc9421", "required_components": components})),
        verified("/aws", aws("api", json!({}))), verified("/s3", aws("s3", json!({}))),
    ]});
    let filter = |config| Sim::new().filter::<HmacAuth>(config).unwrap_or_else(|error| panic!("{error}"));
    (filter(sign), filter(verify), REQUESTS)
}
