//! Local replies from every phase.

use super::super::case::{Case, Exchange, case};

const REPLY: &str = "send_local_response 403 'why not' 'no entry' {'X-Why'='rule', 'x-why'='twice'} -1";

pub(super) fn cases() -> Vec<Case> {
    let mut all = phases();
    all.extend(contents());
    all
}

fn phases() -> Vec<Case> {
    let at = |callback: &str, answer: u32| {
        format!(
            "{callback}:\n  {REPLY}\n  log goes on\n  return {answer}\nlog:\n  get_property 'response\\0code_details' &bytes\n  \
             get_property 'response\\0flags' &bytes\n"
        )
    };
    vec![
        case("replies/in-request-headers", &at("request_headers", 1)).get("/echo").post("/echo", "abcde"),
        case("replies/in-request-headers-and-continue", &at("request_headers", 0)).get("/echo"),
        case("replies/in-request-body", &at("request_body 1", 1)).post("/echo", "abcde"),
        case("replies/in-request-body-and-continue", &at("request_body 1", 0)).post("/echo", "abcde"),
        case("replies/in-response-headers", &at("response_headers", 1)).get("/echo"),
        case("replies/in-response-headers-and-continue", &at("response_headers", 0)).get("/echo"),
        case("replies/in-response-body-of-held-headers", &format!("response_headers:\n  return 1\nresponse_body 1:\n  {REPLY}\n  return 1\n"))
            .holding_headers()
            .get("/echo"),
        case(
            "replies/when-a-callout-ends",
            &format!("request_headers:\n  CALL\n  return 1\nhttp_call_response:\n  {REPLY}\n  set_effective_context $stream\n  {REPLY}\n"),
        )
        .get("/echo"),
        case("replies/twice", &format!("request_headers:\n  {REPLY}\n  send_local_response 404 '' 'second' '' -1\n  return 1\n"))
            .get("/echo"),
        case("replies/in-configure", &format!("configure:\n  {REPLY}\n")).get("/echo"),
        case("replies/in-the-middle-of-a-chain", "")
            .then(&format!("request_headers:\n  {REPLY}\n  return 1\nresponse_headers:\n  add_header_map_value 2 'x-own' '1'\n"))
            .then("")
            .get("/echo"),
        case(
            "replies/changed-by-own-response-callbacks",
            &format!(
                "request_headers:\n  {REPLY}\n  return 1\nresponse_headers:\n  replace_header_map_value 2 ':status' '418'\n  \
                 remove_header_map_value 2 'content-length'\nresponse_body:\n  set_buffer_bytes 1 0 100 'tea'\n"
            ),
        )
        .get("/echo"),
    ]
}

fn contents() -> Vec<Case> {
    let replies = |call: &str| format!("request_headers:\n  send_local_response {call}\n  return 1\n");
    let mut all = vec![
        case("replies/without-body", &replies("401 '' '' {'www-authenticate'='Basic'} -1")).get("/echo"),
        case("replies/to-head", &replies("403 '' 'no entry' '' -1"))
            .exchange(Exchange::default().send("HEAD /echo HTTP/1.1\nHost: example.com\n\n")),
        case("replies/own-content-type", &replies("403 '' '{}' {'content-type'='application/json'} -1")).get("/echo"),
        case("replies/own-content-length", &replies("403 '' 'no entry' {'content-length'='3'} -1")).get("/echo"),
        case("replies/own-status-header", &replies("403 '' 'no entry' {':status'='200', 'x-a'='1'} -1")).get("/echo"),
        case("replies/well-known-header-twice", &replies("403 '' '' {'vary'='a', 'vary'='b', 'server'='mine', 'date'='now'} -1"))
            .get("/echo"),
        case("replies/with-status-700", "request_headers:\n  send_local_response 700 '' '' '' -1\n")
            .differs("status-of-a-local-reply")
            .get("/echo"),
        case("replies/with-204", &replies("204 '' '' '' -1")).get("/echo"),
        case("replies/with-304-and-body", &replies("304 '' 'no entry' '' -1")).get("/echo"),
        case("replies/with-wrong-addresses", "request_headers:\n  send_local_response 403 4294967280 16 '' '' -1\n").get("/echo"),
        case("replies/with-malformed-headers", &replies("403 '' 'no entry' '\\x05\\0\\0\\0' -1")).get("/echo"),
        case("replies/details-with-spaces", "request_headers:\n  send_local_response 403 'a b\\tc\\nd' '' '' -1\n  return 1\nlog:\n  get_property 'response\\0code_details' &bytes\n")
            .get("/echo"),
    ];
    let grpc =
        "POST /echo HTTP/1.1\nHost: example.com\nContent-Type: application/grpc\nContent-Length: 5\n\nabcde";
    for status in ["-1", "0", "7", "16", "17"] {
        let name = format!(
            "replies/grpc-status{}",
            if status == "-1" { "-none".to_owned() } else { format!("-{status}") }
        );
        all.push(
            case(&name, &replies(&format!("403 '' 'no entry %' {{'x-a'='1'}} {status}")))
                .exchange(Exchange::default().send(grpc))
                .get("/echo"),
        );
    }
    all
}
