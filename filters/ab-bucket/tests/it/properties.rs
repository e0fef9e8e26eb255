//! What holds whatever clients and services send: nothing makes the filter fail, and nobody chooses a variation by a header.

use ab_bucket::AbBucket;
use mesh_filter_test::prelude::*;
use serde_json::Value;

fn config() -> Value {
    json!({
        "unit": [
            {"jwt_claim": "sub"}, {"header": "x-user"}, {"cookie": "user"}, {"query_parameter": "user"},
            {"path_template": "/users/{id}"}, {"generate": {"name": "uid"}},
        ],
        "sticky_cookie": {"name": "ab"},
        "unit_header": "x-unit",
        "experiments_header": "x-experiments",
        "trusted_cidrs": ["10.0.0.0/8"],
        "exposure_log": 1,
        "experiments": [
            {
                "key": "one",
                "request_header": "x-one",
                "override_header": "x-force",
                "override_query_parameter": "force",
                "override_ids": {"b": ["qa"]},
                "variations": [{"key": "a"}, {"key": "b", "prefix_rewrite": {"/": "/b"}}],
            },
            {"key": "two", "coverage": 0.5, "hash": "unleash", "request_header": "x-two", "variations": [{"key": "c", "weight": 10}]},
        ],
    })
}

#[mesh_filter_test::proptest(cases = 256)]
fn nothing_that_a_client_sends_makes_it_fail(
    sim: &mut Sim,
    #[strategy("[ -~é]{0,60}")] value: String,
    #[strategy("[a-z%&=+?#;:~./0-9]{0,40}")] text: String,
) -> TestResult {
    let filter = sim.filter::<AbBucket>(config())?;
    let path = format!("/{text}?user={text}");
    for (name, value) in [
        ("x-user", value.clone()),
        ("authorization", format!("Bearer {value}.{text}.{value}")),
        ("cookie", format!("ab={text}; user={value}; uid={text}")),
        ("cookie", format!("ab=one:0:{text}~two:0:c")),
        ("x-force", value.clone()),
        ("x-one", text.clone()),
        ("x-experiments", value.clone()),
    ] {
        let exchange = filter.request(get(&path).header(name, &value));
        let upstream = exchange.upstream_request().cloned().unwrap();
        assert!(matches!(upstream.header("x-one"), Some("a" | "b")), "{:?}", upstream.header("x-one"));
        assert!(matches!(upstream.header("x-two"), None | Some("c")), "{:?}", upstream.header("x-two"));
        assert!(upstream.header("x-force").is_none());
        assert!(!exchange.logs().iter().any(|line| line.message.contains("error")), "{:?}", exchange.logs());
    }
    Ok(())
}

#[mesh_filter_test::proptest(cases = 128)]
fn a_client_that_brings_its_cookies_back_stays_where_it_is(
    sim: &mut Sim,
    #[strategy("[!-:<-~]{1,40}")] user: String,
    #[strategy("[a-z]{0,20}")] other: String,
) -> TestResult {
    let filter = sim.filter::<AbBucket>(config())?;
    let first = filter.request(get("/").header("x-user", &user));
    let cookie = first.response().and_then(|response| response.header("set-cookie").map(str::to_owned));
    let cookie = cookie.unwrap();
    let (kept, _) = cookie.split_once(';').unwrap();
    let second = filter.request(get("/").header("x-user", &other).header("cookie", kept));
    let cohort = |exchange: &Exchange| {
        exchange.upstream_request().and_then(|request| request.header("x-one").map(str::to_owned))
    };
    if other != "qa" && user != "qa" {
        assert_eq!(cohort(&first), cohort(&second), "{kept}");
    }
    Ok(())
}

#[mesh_filter_test::proptest(cases = 128)]
fn nothing_that_a_service_says_makes_it_fail(
    sim: &mut Sim,
    answer: Vec<u8>,
    #[strategy("[ -~\r\n]{0,80}")] text: String,
) -> TestResult {
    for body in [answer, text.into_bytes()] {
        let filter = sim.filter::<AbBucket>(json!({
            "experiments": [{"key": "launch", "decision_service": {"cluster": "bucket_tester", "fallback": "fallback"}, "request_header": "x-test-cohort"}],
        }))?;
        sim.cluster("bucket_tester").reply(reply(200).body(body));
        let exchange = filter.request(get("/"));
        let cohort = exchange
            .upstream_request()
            .and_then(|request| request.header("x-test-cohort").map(str::to_owned));
        let cohort = cohort.unwrap();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        assert!((1..=64).contains(&cohort.len()) && cohort.bytes().all(fits), "{cohort}");
    }
    Ok(())
}
