//! Headers of signatures: whatever they are, who does not know the secret is refused.

use hmac_auth::HmacAuth;
use mesh_filter_test::prelude::*;
use std::cell::RefCell;

/// A simulation keeps what has happened, so each is used for so many requests.
const REQUESTS: usize = 500;

/// Of each scheme the path that has it, and its headers.
const SCHEMES: [(&str, &[&str]); 6] = [
    ("/rfc", &["signature-input", "signature", "content-digest", "x-any"]),
    ("/aws", &["authorization", "x-amz-date", "x-amz-content-sha256"]),
    ("/github", &["x-hub-signature-256"]),
    ("/stripe", &["stripe-signature"]),
    ("/slack", &["x-slack-signature", "x-slack-request-timestamp"]),
    ("/standard", &["webhook-id", "webhook-timestamp", "webhook-signature"]),
];

thread_local! {
    static FILTER: RefCell<Option<(TestFilter, usize)>> = const { RefCell::new(None) };
}

/// The first byte chooses the scheme, lines are values of its headers, and the last one is query and body.
pub(crate) fn run(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else { return };
    let Some((path, names)) = SCHEMES.get(usize::from(*how) % SCHEMES.len()) else { return };
    let text: String = rest.iter().copied().map(char::from).collect();
    let mut lines = text.splitn(names.len() + 1, '\n');
    let headers: Vec<_> = names.iter().zip(&mut lines).collect();
    let rest = lines.next().unwrap_or_default();
    let visible: String = rest.chars().filter(char::is_ascii_graphic).collect();
    let request = post(&format!("{path}?{visible}")).body(rest.to_owned());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let exchange = filter().request(request);
    let status = exchange.response().and_then(|response| response.header(":status").map(str::to_owned));
    assert_eq!(status.as_deref(), Some("401"), "{path} {text:?}");
}

fn filter() -> TestFilter {
    FILTER.with_borrow_mut(|kept| {
        let (filter, left) = kept.take().filter(|(_, left)| *left > 0).unwrap_or_else(|| (start(), REQUESTS));
        *kept = Some((filter.clone(), left - 1));
        filter
    })
}

fn start() -> TestFilter {
    let config = json!({
        "keys": [{"id": "k", "secrets": [{"inline_string": "a secret that the bytes do not have"}]}],
        "nonce_cache_entries": 64,
        "rules": [
            {"match": {"prefix": "/rfc"}, "verify": {"scheme": "rfc9421", "nonce": {}, "required_components": []}},
            {"match": {"prefix": "/aws"}, "verify": {"scheme": "aws-sigv4", "region": "r", "service": "s"}},
            {"match": {"prefix": "/github"}, "verify": {"scheme": "github", "key_ids": ["k"]}},
            {"match": {"prefix": "/stripe"}, "verify": {"scheme": "stripe", "key_ids": ["k"]}},
            {"match": {"prefix": "/slack"}, "verify": {"scheme": "slack", "key_ids": ["k"]}},
            {"match": {"prefix": "/standard"}, "verify": {"scheme": "standard-webhooks", "key_ids": ["k"]}},
        ],
    });
    Sim::new().filter::<HmacAuth>(config).unwrap_or_else(|error| panic!("{error}"))
}
