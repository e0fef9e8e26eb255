//! What holds whatever clients and issuers send: nothing makes the filter panic, what is changed is refused, and no token
//! stands in a response or in the log.

use hmac::{Hmac, Mac};
use jwt_auth::JwtAuth;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use sha2::Sha256;

/// The secret, as JWK and as it is.
const JWKS: &str = r#"{"keys":[{"kty":"oct","k":"YSBzZWNyZXQgb2Ygc2l4dHktZm91ciBieXRlcywgd2hpY2ggaXMgYXMgbG9uZyBhcyBIUzUxMiB3YW50cyBpdA"}]}"#;
const SECRET: &[u8] = b"a secret of sixty-four bytes, which is as long as HS512 wants it";

fn config() -> Value {
    json!({
        "providers": {"p": {
            "issuer": "i",
            "algorithms": ["HS256"],
            "local_jwks": {"inline_string": JWKS},
            "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}, {"name": "x-jwt"}],
            "from_params": ["token"],
            "from_cookies": ["sid"],
            "claim_to_headers": [
                {"header_name": "x-sub", "claim_name": "sub"},
                {"header_name": "x-any", "claim_name": "any", "array": "comma", "object": "json"},
            ],
        }},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "p"}}],
    })
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with this payload and a valid signature.
fn signed(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let mut mac = Hmac::<Sha256>::new(SECRET.into());
    mac.update(signed.as_bytes());
    format!("{signed}.{}", base64url(&mac.finalize().into_bytes()))
}

fn good() -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"iss":"i","sub":"alice","exp":4102444800}"#)
}

/// Whether a text has a part of a token that says anything: a segment, or the secret.
fn tells(text: &[u8], token: &str) -> bool {
    let text = String::from_utf8_lossy(text);
    let segments = token.split('.').filter(|segment| segment.len() > 8);
    segments.into_iter().any(|segment| text.contains(segment)) || text.contains("a secret of sixty-four")
}

/// Looks at what is said about a request that may not pass.
fn refused(exchange: &Exchange, token: &str) {
    let response = exchange.response().cloned().unwrap_or_default();
    assert!(
        matches!(response.header(":status"), Some("400" | "401")),
        "{:?} for {token}",
        response.header(":status")
    );
    assert!(exchange.upstream_request().is_none());
    assert!(!tells(&response.body, token), "{token}");
    assert!(!tells(response.header("www-authenticate").unwrap_or_default().as_bytes(), token), "{token}");
    assert!(!exchange.logs().iter().any(|line| tells(line.message.as_bytes(), token)), "{token}");
}

#[mesh_filter_test::proptest(cases = 256)]
fn no_token_that_is_made_up_passes_or_is_repeated(
    sim: &mut Sim,
    #[strategy("[ -~é]{0,80}")] token: String,
) -> TestResult {
    let filter = sim.filter::<JwtAuth>(config())?;
    refused(&filter.request(get("/").header("authorization", &format!("Bearer {token}"))), &token);
    refused(&filter.request(get("/").header("x-jwt", &token)), &token);
    refused(&filter.request(get("/").header("cookie", &format!("sid={token}; a=b"))), &token);
    Ok(())
}

#[mesh_filter_test::proptest(cases = 128)]
fn no_query_and_no_cookies_make_it_fail(
    sim: &mut Sim,
    #[strategy("[a-z%&=+?#;0-9]{0,40}")] query: String,
    #[strategy("[a-z=;\" ]{0,40}")] cookies: String,
) -> TestResult {
    let filter = sim.filter::<JwtAuth>(config())?;
    let good = good();
    let path = format!("/x?{query}&token={good}");
    let exchange = filter.request(get(&path).header("cookie", &format!("{cookies}; sid={good}")));
    let upstream = exchange.upstream_request().cloned();
    // More tokens may have come along.
    if let Some(upstream) = upstream {
        assert!(!tells(upstream.header(":path").unwrap_or_default().as_bytes(), &good));
        assert!(!tells(upstream.header("cookie").unwrap_or_default().as_bytes(), &good));
        assert_eq!(upstream.header("x-sub"), Some("alice"));
    }
    Ok(())
}

#[mesh_filter_test::proptest(cases = 256)]
fn a_token_that_is_changed_anywhere_is_refused(sim: &mut Sim, place: u16, how: u8, with: u8) -> TestResult {
    let filter = sim.filter::<JwtAuth>(config())?;
    let good = good();
    filter.request(get("/").bearer(&good)).expect(status(200));
    let mut changed = good.clone().into_bytes();
    let place = usize::from(place) % changed.len();
    let with = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."[usize::from(with) % 65];
    match how % 4 {
        0 if changed[place] != with => changed[place] = with,
        1 => changed.insert(place, with),
        2 => drop(changed.remove(place)),
        _ => changed.truncate(place),
    }
    let changed = String::from_utf8(changed)?;
    if changed != good {
        refused(&filter.request(get("/").bearer(&changed)), &changed);
    }
    Ok(())
}

#[mesh_filter_test::proptest(cases = 256)]
fn whatever_an_issuer_signs_either_passes_or_is_refused(
    sim: &mut Sim,
    #[strategy(r#"(\{|\[|\}|\]|,|:|"iss"|"i"|"aud"|"exp"|"any"|"sub"|1e99|-1|0\.5|null|true|"\\u0000"|"a,b"| ){0,24}"#)]
    part: String,
    #[strategy(r#"(,"(typ|kid|crit|b64|zip|alg)":("x"|1|null|true|\{\}|\[\])){0,2}"#)] header: String,
) -> TestResult {
    let filter = sim.filter::<JwtAuth>(config())?;
    for payload in
        [format!(r#"{{"iss":"i","any":{part}}}"#), format!(r#"{{"iss":"i",{part}}}"#), part.clone()]
    {
        let token = signed(&format!(r#"{{"alg":"HS256"{header}}}"#), &payload);
        let exchange = filter.request(get("/").bearer(&token));
        let status = exchange.response().and_then(|response| response.header(":status").map(str::to_owned));
        assert!(matches!(status.as_deref(), Some("200" | "401")), "{status:?} for {payload}");
        if let Some(upstream) = exchange.upstream_request() {
            let value = upstream.header("x-any").unwrap_or_default();
            assert!(!value.chars().any(char::is_control), "{value:?}");
        }
    }
    Ok(())
}

#[mesh_filter_test::proptest(cases = 256)]
fn no_key_set_makes_it_fail(
    sim: &mut Sim,
    #[strategy(r#"(\{|\}|\[|\]|,|:|"keys"|"kty"|"RSA"|"EC"|"OKP"|"oct"|"crv"|"P-256"|"Ed25519"|"x"|"y"|"n"|"e"|"k"|"AQAB"|"AA"|"alg"|"ES256"){0,40}"#)]
    json: String,
    #[strategy("(-----BEGIN PUBLIC KEY-----\n)?[A-Za-z0-9+/=\n]{0,120}(-----END PUBLIC KEY-----)?")]
    pem: String,
    kind: u8,
) -> TestResult {
    let members = ["RSA", "EC", "OKP", "oct"][usize::from(kind % 4)];
    let key = format!(r#"{{"keys":[{{"kty":"{members}",{json}}}]}}"#);
    for keys in [json, pem, key] {
        let mut config = config();
        config["providers"]["p"]["local_jwks"]["inline_string"] = keys.into();
        // It starts, or says why it does not.
        if let Err(error) = sim.filter::<JwtAuth>(config) {
            assert!(error.to_string().contains("local_jwks.inline_string"), "{error}");
        }
    }
    Ok(())
}
