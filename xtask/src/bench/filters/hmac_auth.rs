//! Rows of hmac-auth on a body of one kilobyte, beside a filter that only reads the same body. Envoy has no such filter.

use serde_json::{Value, json};

use super::{Claim, NONE, Row, Table};
use crate::bench::load::request;
use crate::bootstrap;

pub(super) const TABLE: Table = Table { name: "hmac-auth", modules: &["hmac-auth"], rows, claims };

const IDLE_GATED: &str = "an idle filter of the SDK that gates the body";
const IDLE_HELD: &str = "an idle filter of the SDK that holds the headers";
const GATED: &str = "hmac-auth, gated body";
const HELD: &str = "hmac-auth, held headers";

/// The HMAC with SHA-256 of the body, by the secret.
const SECRET: &str = "a secret for tests only";
const SIGNATURE: &str = "sha256=2e28ceed6100e2c4c0e331076c3ae06d7bf89fbc7f7743cf375a50e1d8278f2e";

fn rows() -> Vec<Row> {
    let row = |name, filters| {
        let body = [b'x'; 1024];
        let request = request("POST", "/small", &[("x-hub-signature-256", SIGNATURE)], &body);
        Row { name, filters, request, requests: 8_000 }
    };
    let idle = |body: &str, holds| bootstrap::module("idle", &json!({"body": body}).to_string(), holds);
    vec![
        row(NONE, vec![]),
        row(IDLE_GATED, vec![idle("gated", false)]),
        row(GATED, vec![filter("gate", false)]),
        row(IDLE_HELD, vec![idle("held", true)]),
        row(HELD, vec![filter("hold", true)]),
    ]
}

fn claims(costs: &super::Costs) -> Vec<Claim> {
    vec![
        Claim::ratio("a gated body, by the idle filter", costs.of(GATED), costs.of(IDLE_GATED), 2.0),
        Claim::ratio("held headers, by the idle filter", costs.of(HELD), costs.of(IDLE_HELD), 2.0),
    ]
}

fn filter(body_mode: &str, holds: bool) -> Value {
    let verify = json!({"scheme": "github", "key_ids": ["hooks"], "body_mode": body_mode});
    let config = json!({
        "keys": [{"id": "hooks", "secrets": [{"inline_string": SECRET}]}],
        "rules": [{"match": {"prefix": "/"}, "verify": verify}],
    });
    bootstrap::module("hmac-auth", &config.to_string(), holds)
}
