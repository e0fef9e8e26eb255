//! Rows of rate-limit: beside Envoy's `local_ratelimit`, with limits that no run reaches.

use serde_json::{Value, json};

use super::{Claim, IDLE, NONE, Row, Table};
use crate::bench::load::get;
use crate::bootstrap;

pub(super) const TABLE: Table = Table { name: "rate-limit", modules: &["rate-limit"], rows, claims };

const NATIVE: &str = "`local_ratelimit`, one bucket";
const NATIVE_KEYS: &str = "`local_ratelimit`, a bucket by header";
const KEY: &str = "rate-limit, a bucket by header";
const ADDRESS: &str = "rate-limit, a bucket by address";

/// More than a run sends.
const TOKENS: u32 = 1_000_000_000;

fn rows() -> Vec<Row> {
    let row = |name, filters| {
        let request = get("/small", &[("x-api-key", "0f9d2f7e-4c8b")]);
        Row { name, filters, request, requests: 8_000 }
    };
    let key = json!({"request_headers": {"header_name": "x-api-key", "descriptor_key": "key"}});
    vec![
        row(NONE, vec![]),
        row(IDLE, vec![bootstrap::example("idle", "{}")]),
        row(NATIVE, vec![native(json!([]))]),
        row(NATIVE_KEYS, vec![native(json!([{"key": "key", "value": "0f9d2f7e-4c8b"}]))]),
        row(KEY, vec![filter(&key)]),
        row(ADDRESS, vec![filter(&json!({"remote_address": {}}))]),
    ]
}

fn claims(costs: &super::Costs) -> Vec<Claim> {
    let idle = costs.of(IDLE);
    vec![
        Claim::ratio("a bucket by header, by the idle filter", costs.of(KEY), idle, 2.0),
        Claim::ratio("a bucket by address, by the idle filter", costs.of(ADDRESS), idle, 2.0),
    ]
}

fn filter(action: &Value) -> Value {
    let bucket = json!({"max_tokens": TOKENS, "tokens_per_fill": TOKENS, "fill_interval": "1s"});
    let limit = json!({"name": "bench", "actions": [action], "token_bucket": bucket});
    bootstrap::example("rate-limit", &json!({"rate_limits": [limit]}).to_string())
}

fn native(entries: Value) -> Value {
    let bucket = json!({"max_tokens": TOKENS, "tokens_per_fill": TOKENS, "fill_interval": "1s"});
    let all = json!({"default_value": {"numerator": 100, "denominator": "HUNDRED"}});
    let by_key = entries.as_array().is_some_and(|entries| !entries.is_empty());
    let actions =
        json!([{"actions": [{"request_headers": {"header_name": "x-api-key", "descriptor_key": "key"}}]}]);
    let descriptors = json!([{"entries": entries, "token_bucket": bucket}]);
    let config = json!({
        "stat_prefix": "bench",
        "token_bucket": bucket,
        "filter_enabled": all,
        "filter_enforced": all,
        "rate_limits": by_key.then_some(actions),
        "descriptors": by_key.then_some(descriptors),
    });
    let message = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
    json!({"name": "envoy.filters.http.local_ratelimit", "typed_config": bootstrap::any(message, &config)})
}
