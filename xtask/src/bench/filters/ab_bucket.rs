//! Rows of ab-bucket. No filter of Envoy's own decides over experiments, so it stands beside the idle filter alone.

use serde_json::{Value, json};

use super::{Claim, IDLE, NONE, Row, Table};
use crate::bench::load::get;
use crate::bootstrap;

pub(super) const TABLE: Table = Table { name: "ab-bucket", modules: &["ab-bucket"], rows, claims };

const HASH: &str = "ab-bucket, a decision by hash";
const KEPT: &str = "ab-bucket, one that is remembered";

fn rows() -> Vec<Row> {
    let row = |name, filters| {
        let request =
            get("/small", &[("x-user", "0f9d2f7e-4c8b"), ("cookie", "a=b; ab=checkout:0:treatment")]);
        Row { name, filters, request, requests: 8_000 }
    };
    let filter = |more: Value| {
        let config = json!({
            "unit": [{"header": "x-user"}],
            "experiments": [{
                "key": "checkout",
                "variations": [{"key": "control", "weight": 0.5}, {"key": "treatment", "weight": 0.5}],
                "request_header": "x-test-cohort",
            }],
            "sticky_cookie": more,
        });
        bootstrap::example("ab-bucket", &config.to_string())
    };
    vec![
        row(NONE, vec![]),
        row(IDLE, vec![bootstrap::example("idle", "{}")]),
        row(HASH, vec![filter(Value::Null)]),
        row(KEPT, vec![filter(json!({"name": "ab"}))]),
    ]
}

fn claims(costs: &super::Costs) -> Vec<Claim> {
    let idle = costs.of(IDLE);
    vec![
        Claim::ratio("a decision by hash, by the idle filter", costs.of(HASH), idle, 2.0),
        Claim::ratio("one that is remembered, by the idle filter", costs.of(KEPT), idle, 2.0),
    ]
}
