//! Key sets: of the configuration, where the filter starts or names the place, and of an issuer, where it fails closed.

use jwt_auth::JwtAuth;
use mesh_filter_test::prelude::*;
use serde_json::Value;

pub(crate) fn run(bytes: &[u8]) {
    starts(bytes);
    fetched(bytes);
}

fn config(provider: Value) -> Value {
    json!({
        "providers": {"p": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "p"}}],
    })
}

/// Whether the filter starts with them.
pub(crate) fn starts(bytes: &[u8]) -> bool {
    let keys = String::from_utf8_lossy(bytes);
    let provider = json!({"algorithms": ["RS256", "ES256", "ES512", "EdDSA", "HS256"], "local_jwks": {"inline_string": keys}});
    match Sim::new().filter::<JwtAuth>(config(provider)) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.to_string().contains("providers.p.local_jwks.inline_string"), "{error}");
            false
        }
    }
}

/// Whether tokens can be checked by them, as a server's.
pub(crate) fn fetched(bytes: &[u8]) -> bool {
    let sim = Sim::new();
    sim.cluster("issuer").reply(reply(200).body(bytes.to_vec()));
    let provider = json!({"remote_jwks": {"http_uri": {"uri": "https://issuer/keys", "cluster": "issuer"}}});
    let filter = sim.filter::<JwtAuth>(config(provider)).unwrap_or_else(|error| panic!("{error}"));
    // Well made, signed by nobody.
    let exchange = filter.request(get("/").bearer("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"));
    let status = exchange.response().and_then(|response| response.header(":status").map(str::to_owned));
    assert!(exchange.upstream_request().is_none());
    assert!(matches!(status.as_deref(), Some("401" | "503")), "{status:?}");
    status.as_deref() == Some("401")
}
