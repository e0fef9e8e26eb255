//! Properties that hold for all inputs.

use mesh_filter_test::prelude::*;
use mesh_filter_test::proptest::prelude::*;
use rate_limit::RateLimit;
use serde_json::Value;

/// Whatever clients send, nothing traps, and what is admitted is the burst and what comes in the time.
#[mesh_filter_test::proptest(cases = 64)]
fn no_key_has_more_than_its_burst_and_rate(
    sim: &mut Sim,
    #[strategy(1..6_u32)] burst: u32,
    #[strategy(prop::collection::vec((0..3_usize, 0..700_u64), 1..60))] arrivals: Vec<(usize, u64)>,
) -> TestResult {
    let rule = json!({
        "name": "per-user",
        "actions": [{"request_headers": {"header_name": "x-user", "descriptor_key": "user"}}],
        "token_bucket": {"max_tokens": burst, "tokens_per_fill": 2, "fill_interval": "1s"},
    });
    let filter = sim.filter::<RateLimit>(json!({"rate_limits": [rule]}))?;
    let mut admitted = [const { Vec::new() }; 3];
    let mut now_ms = 0_u64;
    for (user, step_ms) in arrivals {
        sim.advance(ms(step_ms));
        now_ms += step_ms;
        let exchange = filter.request(get("/").header("x-user", &format!("user-{user}")));
        if exchange.response().is_some_and(|response| response.status() == 200) {
            admitted[user].push(now_ms);
        }
    }
    for moments in &admitted {
        for (first, from) in moments.iter().enumerate() {
            for (last, to) in moments.iter().enumerate().skip(first) {
                let most = u64::from(burst) + (to - from) * 2 / 1000;
                assert!((last - first + 1) as u64 <= most, "{moments:?}");
            }
        }
    }
    Ok(())
}

/// Bytes from the wire trap nothing.
#[mesh_filter_test::proptest(cases = 128)]
fn any_path_and_header_is_answered(
    sim: &mut Sim,
    #[strategy("/[ -~]{0,40}")] path: String,
    #[strategy("\\PC{0,40}")] value: String,
) -> TestResult {
    let header =
        |name: &str, key: &str| json!({"request_headers": {"header_name": name, "descriptor_key": key}});
    let rule = |name: &str, actions: Value| json!({"name": name, "actions": actions, "token_bucket": {"max_tokens": 1, "fill_interval": "1h"}});
    let rules = [
        rule("a", json!([header("x-user", "user"), {"path": {"segments": 2}}, {"host": {}}])),
        rule(
            "b",
            json!([{"path": {"template": "/{a}/*/**"}}, {"query_parameters": {"query_parameter_name": "q", "descriptor_key": "q"}}]),
        ),
        rule("c", json!([{"cookie": {"name": "sid"}}, {"remote_address": {}}])),
    ];
    let config = json!({"rate_limits": rules, "client_address": {"xff_num_trusted_hops": 0}});
    let filter = sim.filter::<RateLimit>(config)?;
    for expected in [200, 429] {
        let request = get(&path).header("x-user", &value);
        let request = request.header("cookie", &value).header("x-forwarded-for", &value);
        filter.request(request).expect(status(expected));
    }
    Ok(())
}
