//! Rows of jwt-auth: beside Envoy's `jwt_authn`, and beside a filter on the crate `jsonwebtoken` (`examples/jwt-check`).

use serde_json::{Value, json};

use super::{Claim, IDLE, NONE, Row, Table};
use crate::bench::load::get;
use crate::bootstrap;

pub(super) const TABLE: Table = Table { name: "jwt-auth", modules: &["jwt-auth", "jwt-check"], rows, claims };

/// Key set and tokens, which expire in 2100. The keys are those of the filter's tests.
const TOKENS: &str = include_str!("tokens.json");

const NATIVE_CACHED: &str = "`jwt_authn` with its cache";
const WARM: &str = "jwt-auth, token verified before";
const OWN_RS256: &str = "jwt-auth, RS256 without cache";
const PLAIN_RS256: &str = "`jsonwebtoken` in Wasm, RS256";

fn document() -> Value {
    serde_json::from_str(TOKENS).unwrap_or_default()
}

/// The key set, which the upstream serves.
pub(in crate::bench) fn jwks() -> String {
    document().get("jwks").map(Value::to_string).unwrap_or_default()
}

fn rows() -> Vec<Row> {
    let document = document();
    let row = |name, filters: Vec<Value>, algorithm: &str, requests| {
        let token =
            document.pointer(&format!("/tokens/{algorithm}")).and_then(Value::as_str).unwrap_or_default();
        let bearer = format!("Bearer {token}");
        Row { name, filters, request: get("/small", &[("authorization", &bearer)]), requests }
    };
    let (cached, uncached) = (|| vec![native(Some(500))], || vec![native(None)]);
    let (own_cached, own) = (|| vec![filter(None)], || vec![filter(Some(0))]);
    let plain = || vec![bootstrap::example("jwt-check", &check())];
    vec![
        row(NONE, vec![], "RS256", 8_000),
        row(IDLE, vec![bootstrap::example("idle", "{}")], "RS256", 8_000),
        row(NATIVE_CACHED, cached(), "RS256", 8_000),
        row(WARM, own_cached(), "RS256", 8_000),
        row("`jwt_authn`, RS256 without cache", uncached(), "RS256", 4_000),
        row(OWN_RS256, own(), "RS256", 2_000),
        row(PLAIN_RS256, plain(), "RS256", 640),
        row("`jwt_authn`, ES256 without cache", uncached(), "ES256", 4_000),
        row("jwt-auth, ES256 without cache", own(), "ES256", 1_280),
        row("`jsonwebtoken` in Wasm, ES256", plain(), "ES256", 640),
        row("`jwt_authn`, EdDSA without cache", uncached(), "EdDSA", 4_000),
        row("jwt-auth, EdDSA without cache", own(), "EdDSA", 2_000),
        row("`jsonwebtoken` in Wasm, EdDSA", plain(), "EdDSA", 2_000),
    ]
}

fn claims(costs: &super::Costs) -> Vec<Claim> {
    let allowed = costs.of(IDLE) + costs.of(NATIVE_CACHED) + 10.0;
    vec![
        Claim::microseconds(
            "a token verified before, by idle + `jwt_authn` + 10 µs",
            costs.of(WARM),
            allowed,
        ),
        Claim::ratio("RS256 by that of `jsonwebtoken`", costs.of(OWN_RS256), costs.of(PLAIN_RS256), 0.2),
    ]
}

fn filter(cache_size: Option<u32>) -> Value {
    bootstrap::example("jwt-auth", &config(cache_size).to_string())
}

fn native(cache_size: Option<u32>) -> Value {
    let message = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
    json!({"name": "envoy.filters.http.jwt_authn", "typed_config": bootstrap::any(message, &config(cache_size))})
}

/// What both understand.
fn config(cache_size: Option<u32>) -> Value {
    let issuer = json!({
        "issuer": "https://issuer.example",
        "audiences": ["shop"],
        "local_jwks": {"inline_string": jwks()},
        "jwt_cache_config": cache_size.map(|size| json!({"jwt_cache_size": size})),
    });
    json!({
        "providers": {"issuer": issuer},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}],
    })
}

/// It fetches its keys from the upstream, once.
fn check() -> String {
    let jwks = json!({"cluster": "upstream", "path": "/jwks.json", "ttl": "1h", "timeout": "500ms"});
    json!({"issuer": "https://issuer.example", "audience": "shop", "jwks": jwks}).to_string()
}
