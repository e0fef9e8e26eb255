//! HTTP callouts: their tokens, their answers, and what becomes of the ones that fail.

use super::super::case::{Case, Ends, case};

/// What the root does with each answer.
const LANDS: &str = "
http_call_response:
  get_header_map_value 6 ':status' &bytes
  remove_header_map_value 6 'date'
  get_header_map_pairs 6 &pairs
  get_buffer_bytes 4 0 100 &bytes
  get_status &number &bytes
  set_effective_context $stream
  get_buffer_bytes 4 0 100 &bytes
  continue_stream 0
";

pub(super) fn cases() -> Vec<Case> {
    let lands = |call: &str| format!("request_headers:\n  {call}\n  return 1\n{LANDS}");
    let to = |cluster: &str, path: &str, timeout: u32| {
        lands(&format!(
            "http_call '{cluster}' {{':method'='GET', ':path'='{path}', ':authority'='callee', 'x-a'='1'}} '' '' {timeout} &number"
        ))
    };
    vec![
        case("callouts/answer", &to("callee", "/", 1000)).get("/echo").get("/echo"),
        case("callouts/answer-in-chunks", &to("callee", "/chunked", 1000)).get("/echo"),
        case("callouts/answer-is-an-error", &to("callee", "/error", 1000)).get("/echo"),
        case("callouts/connection-refused", &to("refused", "/", 1000)).get("/echo"),
        case(
            "callouts/no-endpoint",
            "
            request_headers:
              http_call 'empty' {':method'='GET', ':path'='/', ':authority'='callee'} '' '' 1000 &number
              get_status &number &bytes
            ",
        )
        .get("/echo"),
        case("callouts/timeout", &to("callee", "/silent", 50)).get("/echo"),
        case("callouts/reset", &to("callee", "/reset", 1000)).get("/echo"),
        case("callouts/no-timeout", &to("callee", "/", 0)).get("/echo"),
        case(
            "callouts/with-body-and-trailers",
            &lands(
                "http_call 'callee' {':method'='POST', ':path'='/', ':authority'='callee', 'X-Upper'='1'} 'a body' {'x-t'='1'} 1000 &number",
            ),
        )
        .get("/echo"),
        case(
            "callouts/get-with-body",
            &lands("http_call 'callee' {':method'='GET', ':path'='/', ':authority'='callee'} 'a body' '' 1000 &number"),
        )
        .get("/echo"),
        case(
            "callouts/wrong-arguments",
            "
            request_headers:
              http_call 'nowhere' {':method'='GET', ':path'='/', ':authority'='a'} '' '' 1000 &number
              http_call '' {':method'='GET', ':path'='/', ':authority'='a'} '' '' 1000 &number
              http_call 'callee' {':path'='/', ':authority'='a'} '' '' 1000 &number
              http_call 'callee' {':method'='GET', ':authority'='a'} '' '' 1000 &number
              http_call 'callee' {':method'='GET', ':path'='/'} '' '' 1000 &number
              http_call 'callee' '' '' '' 1000 &number
              http_call 'callee' '\\x05\\0\\0\\0' '' '' 1000 &number
              http_call 'callee' {':method'='GET', ':path'='/', ':authority'='a'} '' '' -1 &number
              http_call 4294967280 16 {':method'='GET', ':path'='/', ':authority'='a'} '' '' 1000 &number
              http_call 'callee' {':method'='GET', ':path'='/', ':authority'='a'} '' '' 1000 4294967295
              get_status &number &bytes
            ",
        )
        .get("/echo"),
        case(
            "callouts/answer-is-read-only",
            "
            request_headers:
              CALL
              return 1
            http_call_response:
              add_header_map_value 6 'x' 'y'
              get_header_map_size 6 &number
              remove_header_map_value 6 'content-length'
              set_buffer_bytes 4 0 0 'x'
              get_buffer_status 4 &number &number
              get_header_map_pairs 7 &pairs
              get_header_map_value 7 'x' &bytes
              get_header_map_value 6 'x-not-there' &bytes
              get_header_map_value 0 ':path' &bytes
              set_effective_context $stream
              get_header_map_value 6 ':status' &bytes
              get_header_map_value 0 ':path' &bytes
              continue_stream 0
            ",
        )
        .get("/echo"),
        case(
            "callouts/answer-is-gone-afterwards",
            "
            request_headers:
              CALL
              return 1
            http_call_response:
              set_effective_context $stream
              continue_stream 0
            response_headers:
              get_header_map_value 6 ':status' &bytes
              get_header_map_pairs 6 &pairs
              get_buffer_bytes 4 0 100 &bytes
              get_status &number &bytes
            ",
        )
        .get("/echo"),
        case(
            "callouts/two-in-a-row",
            "
            request_headers:
              CALL
              return 1
            http_call_response 1:
              set_effective_context $stream
              CALL
            http_call_response 2:
              set_effective_context $stream
              continue_stream 0
            ",
        )
        .get("/echo"),
        case(
            "callouts/from-response-headers",
            "
            response_headers:
              CALL
              return 1
            http_call_response:
              set_effective_context $stream
              replace_header_map_value 2 'x-late' '1'
              continue_stream 1
            ",
        )
        .get("/echo"),
        case(
            "callouts/outlive-the-stream",
            "
            request_headers:
              CALL
            http_call_response:
              log landed
            ",
        )
        .ends(Ends::Line("landed"))
        .get("/direct"),
    ]
}
