//! Pausing and going on: who waits, who is called, and with which bytes.

use super::super::case::{Case, Exchange, case};

pub(super) fn cases() -> Vec<Case> {
    let mut all = headers();
    all.extend(bodies());
    all.extend(wrong());
    all
}

/// Resumes one side of the stream when the service has answered.
fn resume(side: u32) -> String {
    format!("http_call_response:\n  set_effective_context $stream\n  continue_stream {side}\n")
}

fn in_two(path: &str) -> Exchange {
    let head = format!("POST {path} HTTP/1.1\nHost: example.com\nContent-Length: 6\n\n");
    Exchange::default().send(&format!("{head}abc")).awaits("request_body").send("def")
}

fn headers() -> Vec<Case> {
    let waits = format!("request_headers:\n  CALL\n  return 1\n{}", resume(0));
    let waits_late = format!("response_headers:\n  CALL\n  return 1\n{}", resume(1));
    let answers = |number| format!("request_headers:\n  CALL\n  return {number}\n{}", resume(0));
    let mut cases = vec![
        case("flow/paused-request-headers-hide-the-body", &waits).post("/echo", "abcde").get("/echo"),
        case("flow/held-request-headers-show-the-body", &format!("{waits}request_body:\n  return 1\n"))
            .holding_headers()
            .post("/echo", "abcde")
            .get("/echo"),
        case("flow/paused-response-headers-hide-the-body", &waits_late).get("/echo").get("/no-content"),
        case("flow/paused-request-headers-hold-the-chain", &waits).then("").post("/echo", "abcde"),
        case("flow/paused-second-filter-holds-the-response", "").then(&waits_late).then("").get("/echo"),
        case(
            "flow/request-headers-change-while-paused",
            "
            request_headers:
              CALL
              return 1
            http_call_response:
              set_effective_context $stream
              replace_header_map_value 0 'x-late' '1'
              get_header_map_value 0 ':path' &bytes
              continue_stream 0
              replace_header_map_value 0 'x-too-late' '1'
              get_header_map_value 0 ':path' &bytes
            ",
        )
        .get("/echo"),
        case(
            "flow/held-request-headers-change-in-the-body",
            "
            request_headers:
              remove_header_map_value 0 'content-length'
              return 1
            request_body:
              get_header_map_value 0 ':path' &bytes
              return 1
            request_body end:
              replace_header_map_value 0 'x-late' '1'
              set_buffer_bytes 0 0 100 'changed'
              return 0
            ",
        )
        .holding_headers()
        .post("/echo", "abcde"),
        case(
            "flow/held-response-headers-change-in-the-body",
            "
            response_headers:
              remove_header_map_value 2 'content-length'
              return 1
            response_body:
              return 1
            response_body end:
              replace_header_map_value 2 ':status' '201'
              get_header_map_value 0 ':path' &bytes
              return 0
            ",
        )
        .holding_headers()
        .get("/echo"),
    ];
    // What SDKs have no name for: more than Pause.
    let answers_late = |number| format!("response_headers:\n  CALL\n  return {number}\n{}", resume(1));
    // The second of Envoy's numbers, to end the stream with the headers, is as good as Continue.
    for side in ["request", "response"] {
        let name = |held: &str| format!("flow/{held}{side}-headers-answered-with-2");
        let program = format!("{side}_headers:\n  return 2\n");
        cases.push(case(&name(""), &program).post("/echo", "abcde"));
        cases.push(case(&name("held-"), &program).holding_headers().post("/echo", "abcde"));
    }
    for number in [3, 4, 5] {
        for (side, program) in [("request", answers(number)), ("response", answers_late(number))] {
            let name = |held: &str| format!("flow/{held}{side}-headers-answered-with-{number}");
            cases.push(case(&name(""), &program).post("/echo", "abcde"));
            cases.push(case(&name("held-"), &program).holding_headers().post("/echo", "abcde"));
        }
    }
    cases
}

fn bodies() -> Vec<Case> {
    let collects = "
        request_body:
          get_buffer_bytes 0 0 100 &bytes
          return 1
        request_body end:
          return 0
        ";
    let waits = |side: &str, number: u32| {
        format!("{side}_body:\n  return 1\n{side}_body end:\n  CALL\n{}", resume(number))
    };
    let answers = |number| {
        format!(
            "request_headers:\n  remove_header_map_value 0 'content-length'\nrequest_body:\n  get_buffer_bytes 0 0 100 &bytes\n  return {number}\nrequest_body end:\n  return 0\n"
        )
    };
    let mut cases = vec![
        case("flow/paused-body-is-seen-whole", collects).exchange(in_two("/echo")),
        case("flow/paused-body-goes-on-whole", collects).then("").exchange(in_two("/echo")),
        case("flow/body-that-is-not-paused-goes-on-in-pieces", "").then("").exchange(in_two("/echo")),
        case("flow/paused-request-body-waits", &waits("request", 0)).then("").post("/echo", "abcde"),
        case("flow/paused-response-body-waits", &waits("response", 1)).then("").get("/echo"),
        case("flow/two-filters-collect-the-body", collects).then(collects).exchange(in_two("/echo")),
        case(
            "flow/response-in-two-parts",
            "
            response_body:
              get_buffer_bytes 1 0 100 &bytes
              return 1
            response_body end:
              return 0
            ",
        )
        .then("")
        .exchange(Exchange::get("/two-parts", "").awaits("response_body").release()),
        case(
            "flow/body-changed-while-it-waits",
            "
            request_headers:
              remove_header_map_value 0 'content-length'
            request_body end:
              CALL
              return 1
            http_call_response:
              set_effective_context $stream
              get_buffer_bytes 0 0 100 &bytes
              set_buffer_bytes 0 0 100 'changed'
              get_buffer_bytes 0 0 100 &bytes
              continue_stream 0
            ",
        )
        .post("/echo", "abcde"),
        case("flow/request-over-the-limit", "request_body:\n  return 1\n")
            .limit(1000)
            .post("/echo", &"a".repeat(5000)),
        case(
            "flow/response-over-the-limit-while-headers-are-held",
            "
            response_headers:
              return 1
            response_body:
              return 1
            ",
        )
        .holding_headers()
        .limit(1000)
        .get("/three-kilobytes"),
    ];
    for number in [2, 3, 4] {
        cases.push(
            case(&format!("flow/request-body-answered-with-{number}"), &answers(number))
                .exchange(in_two("/echo")),
        );
    }
    cases
}

fn wrong() -> Vec<Case> {
    vec![
        case(
            "flow/continue-of-wrong-streams",
            "
            configure:
              continue_stream 0
              continue_stream 1
              continue_stream 2
              continue_stream 3
              continue_stream 4
              close_stream 0
              close_stream 2
              close_stream 4
            request_headers:
              continue_stream 2
              continue_stream 3
              continue_stream 4
              close_stream 2
              close_stream 3
              close_stream 4
            ",
        )
        .get("/echo"),
        case("flow/close-in-request-headers", "request_headers:\n  close_stream 0\n  return 1\n")
            .get("/echo"),
        case("flow/close-in-response-headers", "response_headers:\n  close_stream 1\n  return 1\n")
            .get("/echo"),
        case(
            "flow/close-when-a-callout-ends",
            "
            request_headers:
              CALL
              return 1
            http_call_response:
              set_effective_context $stream
              close_stream 0
            ",
        )
        .get("/echo"),
    ]
}
