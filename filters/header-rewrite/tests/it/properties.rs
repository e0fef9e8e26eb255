//! What holds whatever clients and upstreams send: what no operation names stays as it was, doing it twice is doing it once,
//! and nothing that comes out breaks a message apart or is a pseudo header.

use header_rewrite::HeaderRewrite;
use mesh_filter_test::prelude::*;
use serde_json::Value;

/// Names that clients send; those with `m` are meant by operations.
const NAMES: [&str; 8] = ["x-a", "x-b", "x-c", "accept", "x-m1", "x-m2", "x-m3", "x-m4"];

/// Operations whose result they leave as it is.
fn idempotent() -> Value {
    json!([
        {"append": {"header": {"key": "x-m1", "value": "%QUERY(q)%"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}},
        {"append": {"header": {"key": "x-m2", "value": "there"}, "append_action": "ADD_IF_ABSENT"}},
        {"dedupe": {"header": "x-m3"}},
        {"lower": "x-m3"},
        {"trim": "x-m3"},
        {"dedupe": {"header": "x-m3"}},
        {"dedupe": {"header": "x-m4", "separator": ","}},
        {"regex_rewrite": {"header": "x-m4", "pattern": {"regex": "[0-9]+"}, "substitution": ""}},
        {"dedupe": {"header": "x-m4", "separator": ","}},
    ])
}

/// The name that a number stands for.
fn name(number: u8) -> &'static str {
    NAMES.get(usize::from(number) % NAMES.len()).copied().unwrap_or_default()
}

/// A request with these headers, by numbers of names.
fn request_with(path: &str, headers: &[(u8, String)]) -> mesh_filter_test::api::Request {
    headers.iter().fold(get(path), |request, (number, value)| request.header(name(*number), value))
}

/// The headers that a side got, in order.
fn seen(message: Option<&Received>) -> Vec<(String, Vec<u8>)> {
    assert!(message.is_some(), "there is a message");
    let headers = message.iter().flat_map(|message| message.headers.iter());
    headers.map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())).collect()
}

/// Header values as clients may send them.
fn clean(headers: Vec<(u8, String)>) -> Vec<(u8, String)> {
    let clean = |text: String| text.chars().filter(|character| !character.is_control()).collect();
    headers.into_iter().map(|(name, value)| (name, clean(value))).collect()
}

#[mesh_filter_test::proptest(cases = 256)]
fn headers_that_no_operation_names_keep_their_bytes_and_their_order(
    sim: &mut Sim,
    headers: Vec<(u8, String)>,
    #[strategy("[a-z%0-9&=]{0,30}")] query: String,
) -> TestResult {
    let filter = sim.filter::<HeaderRewrite>(json!({"rules": [{"request_mutations": idempotent()}]}))?;
    let headers = clean(headers);
    let exchange = filter.request(request_with(&format!("/?{query}"), &headers));
    let named = |name: &str| name.starts_with("x-m");
    let sent: Vec<_> = headers
        .iter()
        .map(|(number, value)| (name(*number).to_owned(), value.clone().into_bytes()))
        .filter(|(name, _)| !named(name))
        .collect();
    let came: Vec<_> = seen(exchange.upstream_request())
        .into_iter()
        .filter(|(name, _)| !named(name) && !name.starts_with(':'))
        .collect();
    assert_eq!(joined(sent), joined(came));
    Ok(())
}

/// Proxies join copies of `accept`, which they know, wherever they came from.
fn joined(headers: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in headers {
        match all.iter_mut().find(|(known, _)| *known == name && name == "accept") {
            Some((_, known)) if !value.is_empty() => {
                if !known.is_empty() {
                    known.push(b',');
                }
                known.extend_from_slice(&value);
            }
            Some(_) => {}
            None => all.push((name, value)),
        }
    }
    all
}

#[mesh_filter_test::proptest(cases = 256)]
fn doing_it_twice_is_doing_it_once(
    sim: &mut Sim,
    headers: Vec<(u8, String)>,
    #[strategy("(q=)?[a-z%0-9&=]{0,30}")] query: String,
) -> TestResult {
    let once = json!({"rules": [{"request_mutations": idempotent()}]});
    let twice = json!({"rules": [{"request_mutations": idempotent()}, {"request_mutations": idempotent()}]});
    let headers = clean(headers);
    let path = format!("/?{query}");
    let first = sim.filter::<HeaderRewrite>(once)?.request(request_with(&path, &headers));
    let second = sim.filter::<HeaderRewrite>(twice)?.request(request_with(&path, &headers));
    let sorted = |mut headers: Vec<(String, Vec<u8>)>| {
        // The order of headers of different names says nothing; that of values of one name does.
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        headers
    };
    assert_eq!(sorted(seen(first.upstream_request())), sorted(seen(second.upstream_request())));
    Ok(())
}

/// Everything that can bring what a client sends into headers, path and authority.
fn greedy() -> Value {
    let append = |key: &str, value: &str| json!({"append": {"header": {"key": key, "value": value}}});
    json!({
        "claims": {"payload_header": "x-payload"},
        "rules": [
            {
                "match": {"safe_regex": {"regex": "(?s)/(?P<first>[^/]*)(?P<rest>.*)"}},
                "request_mutations": [
                    append("x-1", "%CAPTURE(first)%"),
                    append("x-2", "<%QUERY(q)%>"),
                    append("x-3", "%COOKIE(c)%"),
                    append("x-4", "%CLAIM(a)%"),
                    append("x-5", "%REQ(x-raw):7%"),
                    {"rename": {"from": "x-raw", "to": "x-6"}},
                    {"copy": {"from": "x-6", "to": "x-7", "append_action": "APPEND_IF_EXISTS_OR_ADD"}},
                    {"regex_rewrite": {"header": "x-6", "pattern": {"regex": "(.)(.)"}, "substitution": "\\2\\1\\0"}},
                    {"upper": "x-7"},
                    {"dedupe": {"header": "x-7", "separator": ":"}},
                    {"remove_on_match": {"key_matcher": {"suffix": "-5"}}},
                ],
                "query_parameter_mutations": [
                    {"append": {"record": {"key": "k", "value": "%REQ(x-6)%"}}},
                    {"rename": {"from": "q", "to": "p"}},
                    {"remove": "r"},
                ],
                "path_rewrite": "/%CAPTURE(rest)%/%CLAIM(a)%",
                "response_mutations": [append("x-8", "%QUERY(q)% %REQ(x-6)% %RESP(x-up)%")],
            },
            {"regex_rewrite": {"pattern": {"regex": "a+"}, "substitution": "/"}},
            {"match": {"headers": [{"name": "x-host"}]}, "host_rewrite": "%REQ(x-host)%.%QUERY(h)%"},
            {"match": {"headers": [{"name": "x-host"}]}, "host_rewrite_header": "x-host"},
        ],
    })
}

/// No name is another pseudo header than each message has, and no value ends its line.
fn is_whole(headers: &[(String, Vec<u8>)], pseudo: &[&str]) {
    for (name, value) in headers {
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{name}: {value:?}");
        assert!(!name.starts_with(':') || pseudo.contains(&name.as_str()), "{name}");
    }
    for name in pseudo {
        assert_eq!(headers.iter().filter(|(known, _)| known == name).count(), 1, "{name}");
    }
}

#[mesh_filter_test::proptest(cases = 512)]
fn nothing_that_comes_out_breaks_a_message_apart(
    sim: &mut Sim,
    #[strategy("(/|[a-z]|%2e|%0d%0a|:|\\.|;|a){0,16}")] path: String,
    #[strategy("([qkhr]=)?(%0d|%0a|%00|:|[a-z]|&|=|\\+|%3a){0,24}")] query: String,
    #[strategy("[ -~é]{0,16}")] raw: String,
    #[strategy(r#"(\\r|\\n|\\u0000|:|[a-z]|/|\.\.|\\u000d\\u000a: ){0,8}"#)] claim: String,
    #[strategy("[a-z@/:.]{0,12}")] host: String,
) -> TestResult {
    let filter = sim.filter::<HeaderRewrite>(greedy())?;
    filter.upstream(reply(200).header("x-up", &raw));
    let exchange = filter.request(
        get(&format!("/{path}?{query}"))
            .header("x-raw", &raw)
            .header("x-raw", &host)
            .header("x-host", &host)
            .header("cookie", &format!("c={raw}; {query}"))
            .header("x-payload", &format!("{{\"a\":\"{claim}\"}}")),
    );
    let status = exchange.response().and_then(|response| response.header(":status"));
    assert!(matches!(status, Some("200" | "400")), "{status:?}");
    if status == Some("200") {
        let headers = seen(exchange.upstream_request());
        is_whole(&headers, &[":method", ":path", ":authority", ":scheme"]);
        let path = &headers.iter().find(|(name, _)| name == ":path").unwrap().1;
        assert!(path.starts_with(b"/") && !path.starts_with(b"//") && !path.contains(&b' '), "{path:?}");
        let authority = &headers.iter().find(|(name, _)| name == ":authority").unwrap().1;
        assert!(!authority.is_empty() && !authority.contains(&b'/') && !authority.contains(&b'@'));
    }
    is_whole(&seen(exchange.response()), &[":status"]);
    Ok(())
}

#[mesh_filter_test::proptest(cases = 512)]
fn no_template_and_no_expression_make_it_fail(
    sim: &mut Sim,
    #[strategy(
        r"(%|%%|[A-Z_]{1,6}|REQ|CAPTURE|START_TIME|PATH|QUERY|CLAIM|PROPERTY|\(|\)|:|[0-9]|\?|x|é|\.){0,12}"
    )]
    template: String,
    #[strategy(r"(\(|\)|\[|\]|[a-z]|\*|\+|\?|\{|\}|[0-9]|\\|\||\^|\$|\.){0,16}")] expression: String,
    #[strategy("[a-z0-9é]{0,40}")] value: String,
) -> TestResult {
    let config = json!({
        "claims": {"token_header": {"name": "x-a"}},
        "rules": [{
            "match": {"safe_regex": {"regex": "/.*"}},
            "request_mutations": [
                {"append": {"header": {"key": "x-1", "value": template}, "default_value": ""}},
                {"regex_rewrite": {"header": "x-a", "pattern": {"regex": expression}, "substitution": "<\\0>"}},
            ],
        }],
    });
    match sim.filter::<HeaderRewrite>(config) {
        Ok(filter) => {
            let exchange = filter.request(get("/a").header("x-a", &value).header("x-a", "a.b.c"));
            is_whole(&seen(exchange.upstream_request()), &[":method", ":path", ":authority", ":scheme"]);
        }
        Err(error) => assert!(error.to_string().contains("at `rules[0].request_mutations["), "{error}"),
    }
    Ok(())
}
