//! What holds whatever clients send: nothing makes the filter panic, what is changed is refused, and neither secrets nor expected
//! signatures stand in a response or in the log.

use hmac::{Hmac, Mac};
use hmac_auth::HmacAuth;
use mesh_filter_test::api::Request;
use mesh_filter_test::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

const SECRET: &str = "a secret for tests only";
/// 2026-01-01T00:00:00Z, where clocks begin.
const NOW: u64 = 1_767_225_600;
const BODY: &str = r#"{"amount":12}"#;

fn config() -> Value {
    json!({
        "keys": [{"id": "k", "secrets": [{"inline_string": SECRET}]}],
        "consumer_header": "x-consumer",
        "rules": [
            {"match": {"prefix": "/github"}, "verify": {"scheme": "github", "key_ids": ["k"]}},
            {"match": {"prefix": "/stripe"}, "verify": {"scheme": "stripe", "key_ids": ["k"]}},
            {"match": {"prefix": "/slack"}, "verify": {"scheme": "slack", "key_ids": ["k"]}},
            {"match": {"prefix": "/standard"}, "verify": {"scheme": "standard-webhooks", "key_ids": ["k"]}},
            {"match": {"prefix": "/custom"}, "verify": {"scheme": "custom", "custom": {
                "signature_header": "x-sig",
                "prefix": "v1=",
                "components": ["@method", "@path", "@nonce", "@timestamp", "content-type", "@body"],
                "separator": "|",
                "key_id_header": "x-key",
                "nonce_header": "x-nonce",
                "timestamp": {"header": "x-time"},
            }}},
            {"match": {"prefix": "/aws"}, "verify": {"scheme": "aws-sigv4", "region": "r", "service": "s"}},
            {"match": {"prefix": "/rfc"}, "verify": {"scheme": "rfc9421", "nonce": {}}},
        ],
    })
}

fn mac(message: &str) -> Vec<u8> {
    mac_by(SECRET.as_bytes(), message)
}

fn mac_by(key: &[u8], message: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// How many schemes [`signed`] knows.
const SCHEMES: u8 = 7;

/// A request that is signed by a scheme: its path, and its headers.
fn signed(scheme: u8) -> (&'static str, Vec<(&'static str, String)>) {
    match scheme % SCHEMES {
        5 => ("/aws?a=b", aws(&hex(&Sha256::digest(BODY)))),
        6 => {
            let signature = hex(&mac(&format!("POST|/custom|n|{NOW}|a/b|{BODY}")));
            let headers = vec![
                ("x-key", "k".to_owned()),
                ("x-nonce", "n".to_owned()),
                ("x-time", NOW.to_string()),
                ("content-type", "a/b".to_owned()),
                ("x-sig", format!("v1={signature}")),
            ];
            ("/custom", headers)
        }
        0 => ("/github", vec![("x-hub-signature-256", format!("sha256={}", hex(&mac(BODY))))]),
        1 => {
            let signature = hex(&mac(&format!("{NOW}.{BODY}")));
            ("/stripe", vec![("stripe-signature", format!("t={NOW},v1={signature}"))])
        }
        2 => {
            let signature = hex(&mac(&format!("v0:{NOW}:{BODY}")));
            let time = ("x-slack-request-timestamp", NOW.to_string());
            ("/slack", vec![time, ("x-slack-signature", format!("v0={signature}"))])
        }
        3 => {
            let signature = base64(&mac(&format!("msg.{NOW}.{BODY}")));
            let time = ("webhook-timestamp", NOW.to_string());
            let id = ("webhook-id", "msg".to_owned());
            ("/standard", vec![id, time, ("webhook-signature", format!("v1,{signature}"))])
        }
        _ => {
            let digest = format!("sha-256=:{}:", base64(&Sha256::digest(BODY)));
            let input = format!(
                "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created={NOW};keyid=\"k\";nonce=\"n\""
            );
            let message = format!(
                "\"@method\": POST\n\"@authority\": localhost\n\"@path\": /rfc\n\"@query\": ?a=b\n\"content-digest\": {digest}\n\"@signature-params\": {input}"
            );
            let signature = format!("sig=:{}:", base64(&mac(&message)));
            let headers = vec![
                ("content-digest", digest),
                ("signature-input", format!("sig={input}")),
                ("signature", signature),
            ];
            ("/rfc?a=b", headers)
        }
    }
}

/// The headers of AWS, for a body of this hash.
fn aws(payload: &str) -> Vec<(&'static str, String)> {
    let date = "20260101T000000Z";
    let names = "host;x-amz-content-sha256;x-amz-date";
    let request = format!(
        "POST\n/aws\na=b\nhost:localhost\nx-amz-content-sha256:{payload}\nx-amz-date:{date}\n\n{names}\n{payload}"
    );
    let hash = hex(&Sha256::digest(request));
    let message = format!("AWS4-HMAC-SHA256\n{date}\n20260101/r/s/aws4_request\n{hash}");
    let day = mac_by(format!("AWS4{SECRET}").as_bytes(), "20260101");
    let key = ["r", "s", "aws4_request"].iter().fold(day, |key, part| mac_by(&key, part));
    let signature = hex(&mac_by(&key, &message));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, SignedHeaders={names}, Signature={signature}"
    );
    vec![
        ("x-amz-date", date.to_owned()),
        ("x-amz-content-sha256", payload.to_owned()),
        ("authorization", authorization),
    ]
}

fn sent(path: &str, headers: &[(&str, String)], body: &str) -> Request {
    let request = post(path).body(body.to_owned());
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// Whether a text tells the secret, or a signature that would be right.
fn tells(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let headers =
        (0..SCHEMES).flat_map(|scheme| signed(scheme).1).filter(|(name, _)| *name != "signature-input");
    let signatures: Vec<String> = headers
        .flat_map(|(_, value)| value.split(['=', ',', ':']).map(str::to_ascii_lowercase).collect::<Vec<_>>())
        .filter(|part| part.len() > 30 && !part.contains(';'))
        .collect();
    text.contains(SECRET) || signatures.into_iter().any(|signature| text.contains(&signature))
}

/// Looks at what is said about a request that may not pass.
fn refused(exchange: &Exchange, what: &str) {
    let response = exchange.response().cloned().unwrap_or_default();
    assert_eq!(response.header(":status"), Some("401"), "{what}");
    let told = response.headers.iter().any(|(_, value)| tells(value));
    assert!(!told && !tells(&response.body), "{what}");
    assert!(!exchange.logs().iter().any(|line| tells(line.message.as_bytes())), "{what}");
}

#[mesh_filter_test::proptest(cases = 256)]
fn a_signed_request_that_is_changed_anywhere_is_refused(
    sim: &mut Sim,
    scheme: u8,
    header: u8,
    place: u16,
    how: u8,
    with: u8,
) -> TestResult {
    let filter = sim.filter::<HmacAuth>(config())?;
    let (path, headers) = signed(scheme);
    filter.request(sent(path, &headers, BODY)).expect(status(200));

    let mut changed = headers.clone();
    let header = usize::from(header) % changed.len();
    let mut value = changed[header].1.clone().into_bytes();
    let place = usize::from(place) % value.len();
    let with = b"ABCDEFabcdef0123456789+/=:;,.\" "[usize::from(with) % 31];
    match how % 4 {
        0 => value[place] = with,
        1 => value.insert(place, with),
        2 => drop(value.remove(place)),
        _ => value.truncate(place),
    }
    changed[header].1 = String::from_utf8(value)?;
    // Sent again it is refused for its nonce; a new filter has not seen it.
    let exchange = filter.request(sent(path, &changed, BODY));
    let response = exchange.response().cloned().unwrap_or_default();
    if response.header(":status") == Some("200") {
        // What still means the same may pass: white space at the ends, digits of another case, a version that nobody reads.
        assert!(means_the_same(&headers[header], &changed[header]), "{changed:?}");
    } else {
        refused(&exchange, &format!("{changed:?}"));
    }
    Ok(())
}

/// Whether a header was changed where its scheme does not look.
fn means_the_same((name, was): &(&str, String), (_, is): &(&str, String)) -> bool {
    let plain = |text: &str| text.replace([' ', ','], "").to_ascii_lowercase();
    match *name {
        "stripe-signature" => {
            let whole = |text: &str| {
                text.split(',')
                    .map(str::trim)
                    .filter(|part| part.starts_with("t=") || part.starts_with("v1="))
                    .map(str::to_ascii_lowercase)
                    .collect::<Vec<_>>()
            };
            whole(was) == whole(is)
        }
        _ => plain(was) == plain(is),
    }
}

#[mesh_filter_test::proptest(cases = 128)]
fn another_body_method_or_path_is_refused(
    sim: &mut Sim,
    scheme: u8,
    #[strategy("[ -~]{0,30}")] body: String,
    #[strategy("/[a-z]{1,8}")] more: String,
) -> TestResult {
    let filter = sim.filter::<HmacAuth>(config())?;
    let (path, headers) = signed(scheme);
    if body != BODY {
        refused(&filter.request(sent(path, &headers, &body)), &body);
    }
    for scheme in [4, 5] {
        let (path, headers) = signed(scheme);
        let (start, query) = path.split_once('?').unwrap_or((path, ""));
        refused(&filter.request(sent(&format!("{start}{more}?{query}"), &headers, BODY)), &more);
        refused(&filter.request(sent(&format!("{path}{}", &more[1..]), &headers, BODY)), &more);
        let other = request("PUT", path).body(BODY).authority("localhost");
        let other = headers.iter().fold(other, |request, (name, value)| request.header(name, value));
        refused(&filter.request(other), "PUT");
        refused(&filter.request(sent(path, &headers, BODY).authority("other.example")), "another authority");
    }
    Ok(())
}

#[mesh_filter_test::proptest(cases = 256)]
fn no_header_makes_it_fail(
    sim: &mut Sim,
    #[strategy(r#"(sig|=|\(|\)|"@method"|"@query-param"|"content-digest"|;name="a"|;key="b"|;bs|;sf|;created=1767225600|;keyid="k"|:AAAA:|,| |\?1|1\.5|-1|"|\\|é){0,16}"#)]
    input: String,
    #[strategy(r#"(sig|=|:|AAAA|,| |;|1|"){0,10}"#)] signature: String,
    #[strategy(r#"AWS4-HMAC-SHA256 (Credential=|k/|20260101|/r/s/aws4_request|SignedHeaders=|host|x-amz-date|;|,|Signature=|00|=|/| ){0,12}"#)]
    authorization: String,
    #[strategy("(t|v0|v1|sha256|=|,|1767225600|00|msg| |\\.|AAAA|é){0,10}")] hook: String,
    #[strategy("/(rfc|aws|github|stripe|slack|standard)[?]?[a-z%&=+é]{0,10}")] path: String,
) -> TestResult {
    let filter = sim.filter::<HmacAuth>(config())?;
    let headers: Vec<(&str, String)> = vec![
        ("signature-input", input),
        ("signature", signature),
        ("authorization", authorization),
        ("x-amz-date", "20260101T000000Z".to_owned()),
        ("content-digest", hook.clone()),
        ("x-hub-signature-256", hook.clone()),
        ("stripe-signature", hook.clone()),
        ("x-slack-signature", hook.clone()),
        ("x-slack-request-timestamp", NOW.to_string()),
        ("webhook-id", hook.clone()),
        ("webhook-timestamp", NOW.to_string()),
        ("webhook-signature", hook),
    ];
    refused(&filter.request(sent(&path, &headers, BODY)), &format!("{path} {headers:?}"));
    Ok(())
}
