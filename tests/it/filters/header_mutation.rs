//! The filter `header-rewrite` beside Envoy's own `header_mutation`: the same operations on the same requests, in one Envoy.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::answers;
use crate::support::bootstrap::{self, Filter, listener};
use crate::support::build::example;
use crate::support::client::exchange;
use crate::support::host::{self, Host};
use crate::support::message::Message;
use crate::support::upstream::Upstream;
use crate::support::world::folder;

const TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.";

/// Operations, configured for both filters in the same words.
struct Case {
    mutations: Value,
    /// Whether letters and digits of what is written differ each time.
    varies: bool,
    /// Why both filters are meant to do something else.
    difference: Option<&'static str>,
}

fn case(mutations: Value) -> Case {
    Case { mutations, varies: false, difference: None }
}

/// Operators whose values go into a header of the request.
const REQUEST: &[&str] = &[
    "plain",
    "100%%",
    "%REQ(x-a)%",
    "%REQ(X-A)%",
    "%REQ(x-none?x-a)%",
    "%REQ(x-a):3%",
    "%REQ(x-twice)%",
    "%REQ(x-empty)%",
    "%REQ(x-none)%",
    "%REQ(:path)%",
    "%REQ(:authority)%",
    "%REQ(:METHOD)%",
    "<%REQ(x-a)%|%REQ(x-b)%>",
    "%PROTOCOL%",
    "%ROUTE_NAME%",
    "%UPSTREAM_CLUSTER%",
    "%PATH%",
    "%PATH(NQ)%",
    "%PATH(WQ)%",
    "%PATH(NQ):3%",
    "%QUERY_PARAM(b)%",
    "%QUERY_PARAM(none)%",
    "%START_TIME(%Y-%m-%d (x))%",
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_TLS_VERSION%",
    "%REQUESTED_SERVER_NAME%",
    "%METADATA(ROUTE:com.example:team)%",
    "%METADATA(CLUSTER:com.example:team)%",
    "%CLUSTER_METADATA(com.example:team)%",
    "%DYNAMIC_METADATA(com.example:team)%",
    "%FILTER_STATE(none:PLAIN)%",
    r#"%COALESCE({"operators": [{"command": "REQ", "param": "x-none"}, {"command": "REQ", "param": "x-a"}]})%"#,
    r#"%COALESCE({"operators": [{"command": "REQ", "param": "x-empty"}, {"command": "REQ", "param": "x-a"}]})%"#,
    r#"%COALESCE({"operators": [{"command": "REQ", "param": "x-a", "max_length": 4}, "PROTOCOL"]}):3%"#,
    r#"%COALESCE({"operators": [{"command": "REQ", "param": "x-none"}]})%"#,
    r#"%COALESCE({"operators": ["REQUESTED_SERVER_NAME", "PROTOCOL"]})%"#,
];

/// The same for values that are others for each exchange.
const VARYING: &[&str] = &[
    "%START_TIME%",
    "%START_TIME(%s.%3f)%",
    "%DOWNSTREAM_REMOTE_ADDRESS%",
    "%DOWNSTREAM_REMOTE_PORT%",
    "%DOWNSTREAM_LOCAL_ADDRESS%",
    "%DOWNSTREAM_LOCAL_PORT%",
    "%CONNECTION_ID%",
    "%UNIQUE_ID%",
];

/// Operators whose values go into a header of the response.
const RESPONSE: &[&str] = &[
    "%RESP(x-other)%",
    "%RESP(X-Other):3%",
    "%RESP(x-none?x-other)%",
    "%RESP(x-none)%",
    "%RESP(set-cookie)%",
    "%RESPONSE_CODE%",
    "%RESPONSE_CODE_DETAILS%",
    "%REQ(x-a)%",
    "%PROTOCOL%",
    "%PATH(NQ)%",
    "%UPSTREAM_CLUSTER%",
    "%UPSTREAM_HOST%",
    "%UPSTREAM_REMOTE_ADDRESS%",
    "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%UPSTREAM_REMOTE_PORT%",
    "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
];

const ACTIONS: [&str; 4] =
    ["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD", "OVERWRITE_IF_EXISTS"];

fn append(key: &str, value: &str) -> Value {
    json!({"append": {"header": {"key": key, "value": value}}})
}

fn cases() -> Vec<Case> {
    let request = |value: &&str| case(json!({"request_mutations": [append("x-r", value)]}));
    let response = |value: &&str| case(json!({"response_mutations": [append("x-r", value)]}));
    let mut cases: Vec<Case> = REQUEST.iter().map(request).chain(RESPONSE.iter().map(response)).collect();
    cases.extend(VARYING.iter().map(request).map(|case| Case { varies: true, ..case }));
    for action in ACTIONS {
        for key in ["x-twice", "x-new", "set-cookie"] {
            let mut operation = append(key, "new");
            operation["append"]["append_action"] = json!(action);
            cases.push(case(
                json!({"request_mutations": [operation.clone()], "response_mutations": [operation]}),
            ));
        }
        for key in ["b", "new"] {
            let operation = json!({"append": {"record": {"key": key, "value": "1"}, "action": action}});
            cases.push(case(json!({"query_parameter_mutations": [operation]})));
        }
    }
    cases.push(case(json!({"request_mutations": [append("x-r", "%REQ(x-empty)%")]})));
    for operation in [
        json!({"remove": "x-twice"}),
        json!({"remove": "X-Other"}),
        json!({"remove": "x-none"}),
        json!({"remove_on_match": {"key_matcher": {"exact": "x-a"}}}),
        json!({"remove_on_match": {"key_matcher": {"prefix": "x-t"}}}),
        json!({"remove_on_match": {"key_matcher": {"suffix": "-cookie"}}}),
        json!({"remove_on_match": {"key_matcher": {"contains": "upper"}}}),
        json!({"remove_on_match": {"key_matcher": {"prefix": "X-T", "ignore_case": true}}}),
        json!({"remove_on_match": {"key_matcher": {"safe_regex": {"regex": "x-[ab]"}}}}),
    ] {
        cases
            .push(case(json!({"request_mutations": [operation.clone()], "response_mutations": [operation]})));
    }
    cases.push(case(json!({"query_parameter_mutations": [{"remove": "b"}]})));
    cases.push(case(json!({"request_mutations": [
        {"remove": "x-twice"}, append("x-twice", "%REQ(x-a)%"), append("x-r", "%REQ(x-twice)%")]})));
    cases.extend(
        differences().map(|(reason, mutations)| Case { difference: Some(reason), ..case(mutations) }),
    );
    cases
}

/// Where the filters are meant to differ. The README says so.
fn differences() -> impl Iterator<Item = (&'static str, Value)> {
    let request = |value: &str| json!({"request_mutations": [append("x-r", value)]});
    let mut kept = request("%REQ(x-empty)%");
    kept["request_mutations"][0]["append"]["keep_empty_value"] = json!(true);
    let flags = r#"%COALESCE({"operators": ["RESPONSE_FLAGS", "PROTOCOL"]})%"#;
    let record = json!({"record": {"key": "new", "value": "%REQ(x-b)%"}});
    [
        ("a value that is missing leaves the operation undone", request("a-%REQ(x-none)%-b")),
        ("the same where empty values are kept", kept),
        (
            "flags that are not there are missing",
            json!({"response_mutations": [append("x-r", "%RESPONSE_FLAGS%")]}),
        ),
        ("and no alternative", json!({"response_mutations": [append("x-r", flags)]})),
        (
            "parameters keep their order and their escapes",
            json!({"query_parameter_mutations": [{"remove": "none"}]}),
        ),
        ("values of parameters are encoded", json!({"query_parameter_mutations": [{"append": record}]})),
    ]
    .into_iter()
}

/// A route for each case with Envoy's filter configured for it; both listeners have them, so that names of routes are the same.
fn routes(cases: &[Case]) -> Value {
    let route = |(index, case): (usize, &Case)| {
        let own = json!({"@type": format!("{TYPE}HeaderMutationPerRoute"), "mutations": case.mutations});
        json!({
            "name": "the route",
            "match": {"prefix": "/", "headers": [{"name": "x-case", "string_match": {"exact": index.to_string()}}]},
            "route": {"cluster": "upstream"},
            "metadata": {"filter_metadata": {"com.example": {"team": "blue"}}},
            "typed_per_filter_config": {"native": own},
        })
    };
    let routes: Vec<_> = cases.iter().enumerate().map(route).collect();
    json!([{"name": "all", "domains": ["*"], "routes": routes}])
}

/// A rule for each case.
fn configuration(cases: &[Case]) -> Value {
    let rule = |(index, case): (usize, &Case)| {
        let mut rule = case.mutations.clone();
        rule["match"] =
            json!({"headers": [{"name": "x-case", "string_match": {"exact": index.to_string()}}]});
        rule
    };
    json!({"rules": cases.iter().enumerate().map(rule).collect::<Vec<_>>()})
}

/// The headers of a message by name, and the first line. Headers that are others for each exchange are left out.
fn seen(message: &Message, varies: bool) -> BTreeMap<String, Vec<String>> {
    let mut seen = BTreeMap::from([(String::new(), vec![message.head[0].clone()])]);
    for (name, value) in message.head.iter().skip(1).filter_map(|line| line.split_once(':')) {
        if ["date", "x-envoy-upstream-service-time", "x-request-id"].contains(&name) {
            continue;
        }
        let value = match varies && name == "x-r" {
            true => shape(value.trim()),
            false => value.trim().to_owned(),
        };
        seen.entry(name.to_owned()).or_default().push(value);
    }
    seen
}

/// A text with `#` for each run of letters and digits.
fn shape(text: &str) -> String {
    let parts = text.split(|character: char| !character.is_ascii_alphanumeric());
    let separators = text.chars().filter(|character| !character.is_ascii_alphanumeric());
    let marks = parts.map(|part| if part.is_empty() { "" } else { "#" });
    let separators = separators.map(String::from).chain([String::new()]);
    marks.zip(separators).map(|(mark, separator)| mark.to_owned() + &separator).collect()
}

/// The third is for cases that are meant to differ: its parameters are not in the order of the alphabet.
const REQUESTS: [&str; 3] = [
    "GET /case?a=0&b=two HTTP/1.1\r\nhost: a.example\r\nx-a: alice\r\nx-b: b ob\r\nx-empty:\r\nx-twice: one\r\nx-twice: two\r\n",
    "GET /own HTTP/1.1\r\nhost: b.example\r\nx-a: carol\r\nx-B: b\r\ncookie: a=1\r\n",
    "GET /other?z=1&a=%41 HTTP/1.1\r\nhost: c.example\r\nx-b: b ob\r\n",
];

#[test]
fn operations_do_what_envoys_own_filter_does() {
    let Some(envoy) = host::envoy() else {
        eprintln!("SKIPPED: no Envoy: set `$ENVOY` or run `cargo xtask test`");
        return;
    };
    let cases = cases();
    let routes = routes(&cases);
    let upstream = Upstream::start(answers::upstream);
    let native = json!([
        {"name": "native", "typed_config": {"@type": format!("{TYPE}HeaderMutation")}},
        {"name": "router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}},
    ]);
    let ours = Filter::new("ours", &example("header-rewrite"), &configuration(&cases).to_string());
    let listeners = [
        listener("ours", &[ours], &routes, &json!({"generate_request_id": false})),
        listener("native", &[], &routes, &json!({"generate_request_id": false, "http_filters": native})),
    ];
    let mut cluster = bootstrap::cluster("upstream", &[upstream.address]);
    cluster["metadata"] = json!({"filter_metadata": {"com.example": {"team": "red"}}});
    let file = folder("header-mutation").join("envoy.json");
    bootstrap::write(&file, &listeners, &[cluster]);
    let host = Host::start(&envoy, &file, "envoy");

    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let both = ["ours", "native"].map(|name| {
            let requests = if case.difference.is_some() { &REQUESTS[..] } else { &REQUESTS[..2] };
            let played = requests.iter().map(|request| {
                let request = format!("{request}x-case: {index}\r\n\r\n");
                let reply = exchange(host.listener(name), request.as_bytes()).unwrap();
                let requests = upstream.take();
                let messages = requests.iter().chain(&reply.messages);
                messages.map(|message| seen(message, case.varies)).collect::<Vec<_>>()
            });
            played.collect::<Vec<_>>()
        });
        let [ours, native] = both;
        if (ours == native) == case.difference.is_some() {
            let meant = case.difference.unwrap_or("the same");
            wrong.push(format!("{}\nmeant: {meant}\nours:   {ours:?}\nnative: {native:?}", case.mutations));
        }
    }
    assert!(cases.len() >= 45 && wrong.is_empty(), "of {}:\n{}", cases.len(), wrong.join("\n\n"));
}
