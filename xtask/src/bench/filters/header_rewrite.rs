//! Rows of header-rewrite: beside Envoy's `header_mutation`, with the same changes of the request and of the response.

use serde_json::{Value, json};

use super::{Claim, IDLE, NONE, Row, Table};
use crate::bench::load::get;
use crate::bootstrap;

pub(super) const TABLE: Table = Table { name: "header-rewrite", modules: &["header-rewrite"], rows, claims };

const NATIVE: &str = "`header_mutation`";
const OWN: &str = "header-rewrite";

fn rows() -> Vec<Row> {
    let row = |name, filters| {
        let request = get("/small", &[("x-internal", "a"), ("x-user", "alice")]);
        Row { name, filters, request, requests: 8_000 }
    };
    let filter = json!({"rules": [mutations()]}).to_string();
    vec![
        row(NONE, vec![]),
        row(IDLE, vec![bootstrap::example("idle", "{}")]),
        row(NATIVE, vec![native()]),
        row(OWN, vec![bootstrap::example("header-rewrite", &filter)]),
    ]
}

fn claims(costs: &super::Costs) -> Vec<Claim> {
    vec![Claim::ratio("its changes, by the idle filter", costs.of(OWN), costs.of(IDLE), 2.0)]
}

fn mutations() -> Value {
    let set = |key: &str, value: &str| json!({"append": {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}});
    json!({
        "request_mutations": [set("x-edge", "edge-1"), {"remove": "x-internal"}],
        "response_mutations": [set("x-served-by", "edge-1")],
    })
}

fn native() -> Value {
    let message = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
    let typed = bootstrap::any(message, &json!({"mutations": mutations()}));
    json!({"name": "envoy.filters.http.header_mutation", "typed_config": typed})
}
