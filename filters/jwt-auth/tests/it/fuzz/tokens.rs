//! Tokens: whatever comes as one is refused, unless it is signed; whatever is signed passes or is refused for what it says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use jwt_auth::JwtAuth;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use sha2::Sha256;
use std::cell::RefCell;

const SECRET: &[u8] = b"a secret of sixty-four bytes, which is as long as HS512 wants it";
/// A simulation keeps what has happened, so each is used for so many requests.
const REQUESTS: usize = 500;

thread_local! {
    static FILTER: RefCell<Option<(TestFilter, usize)>> = const { RefCell::new(None) };
}

pub(crate) fn run(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else { return };
    match how % 3 {
        0 => refused(rest),
        1 => {
            let mut parts = rest.splitn(2, |byte| *byte == b'\n');
            let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            signed(header, payload);
        }
        _ => taken_out(rest),
    }
}

/// A filter with the secret. Requests come in at 2026-01-01.
fn filter() -> TestFilter {
    FILTER.with_borrow_mut(|kept| {
        let (filter, left) = kept.take().filter(|(_, left)| *left > 0).unwrap_or_else(|| (start(), REQUESTS));
        *kept = Some((filter.clone(), left - 1));
        filter
    })
}

fn start() -> TestFilter {
    let jwks = json!({"keys": [{"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)}]});
    let config = json!({
        "providers": {"p": {
            "issuer": "i",
            "algorithms": ["HS256"],
            "local_jwks": {"inline_string": jwks.to_string()},
            "from_headers": [{"name": "x-jwt"}],
            "from_params": ["token"],
            "from_cookies": ["sid"],
            "forward_payload_header": "x-payload",
            "claim_to_headers": [
                {"header_name": "x-sub", "claim_name": "sub"},
                {"header_name": "x-any", "claim_name": "a.b", "array": "comma", "object": "json"},
            ],
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "p"}}],
    });
    Sim::new().filter::<JwtAuth>(config).unwrap_or_else(|error| panic!("{error}"))
}

/// A token with these parts and their signature.
fn token(header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap_or_else(|error| panic!("{error}"));
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn good() -> String {
    token(br#"{"alg":"HS256"}"#, br#"{"iss":"i","sub":"alice"}"#)
}

/// Bytes as text in which each is one character.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Nobody who does not know the secret makes a token.
fn refused(bytes: &[u8]) {
    let token = text(bytes);
    let exchange = filter().request(get("/").header("x-jwt", &token));
    let status = exchange.response().and_then(|response| response.header(":status").map(str::to_owned));
    assert!(status.as_deref() == Some("401") || token == good(), "{status:?} for {token:?}");
    assert_eq!(exchange.upstream_request().is_some(), token == good());
}

/// Who knows it says what he likes, and passes where that is a token for this provider.
pub(crate) fn signed(header: &[u8], payload: &[u8]) -> bool {
    let exchange = filter().request(get("/").header("x-jwt", &token(header, payload)));
    let Some(request) = exchange.upstream_request() else { return false };
    let read = |json: &[u8]| -> Value { serde_json::from_slice(json).unwrap_or_default() };
    let (header, claims) = (read(header), read(payload));
    assert!(header["alg"] == "HS256" && claims["iss"] == "i", "{header} {claims}");
    for member in ["crit", "zip", "jwk", "jku", "x5u", "x5c"] {
        assert_eq!(header.get(member), None);
    }
    let now = 1_767_225_600.0;
    assert!(
        claims.get("exp").is_none_or(|date| date.as_f64().is_some_and(|date| date > now - 60.0)),
        "{claims}"
    );
    assert!(
        claims.get("nbf").is_none_or(|date| date.as_f64().is_some_and(|date| date <= now + 60.0)),
        "{claims}"
    );
    for name in ["x-sub", "x-any"] {
        assert!(!request.header(name).unwrap_or_default().chars().any(char::is_control));
    }
    assert_eq!(request.header("x-payload"), Some(URL_SAFE_NO_PAD.encode(payload).as_str()));
    true
}

/// What passes, goes on without its token, whatever else the query and the cookies have.
fn taken_out(bytes: &[u8]) {
    let (good, other) = (good(), text(bytes));
    let request = get(&format!("/?{other}&token={good}")).header("cookie", &format!("{other}; sid={good}"));
    let exchange = filter().request(request);
    if let Some(request) = exchange.upstream_request() {
        assert_eq!(request.header("x-sub"), Some("alice"));
        for name in [":path", "cookie"] {
            assert!(!request.header(name).unwrap_or_default().contains(&good), "{other:?}");
        }
    }
}
