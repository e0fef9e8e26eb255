//! Plugins of ABI 0.1.0: what that version has of its own, and what it answers otherwise.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("legacy/lifecycle", "").of_0_1_0().post("/echo", "abcde").get("/trailers"),
        case(
            "legacy/missing-headers-are-empty",
            "
            request_headers:
              get_header_map_value 0 'x-not-there' &bytes
              get_header_map_value 0 ':path' &bytes
              get_header_map_value 1 'x-not-there' &bytes
              get_header_map_value 6 'x-not-there' &bytes
              get_header_map_value 8 'x-not-there' &bytes
            request_body:
              get_header_map_value 0 'x-not-there' &bytes
            response_headers:
              get_header_map_value 2 'x-not-there' &bytes
              get_header_map_value 0 ':path' &bytes
            log:
              get_header_map_value 0 'x-not-there' &bytes
              get_header_map_value 2 'x-not-there' &bytes
            ",
        )
        .of_0_1_0()
        .post("/echo", "abcde"),
        case(
            "legacy/configuration",
            "
            context_create:
              get_configuration &size
            vm_start:
              get_configuration &size
            configure:
              get_configuration &size
              get_configuration 4294967280 4294967284
            request_headers:
              get_configuration &size
            log:
              get_configuration &size
            ",
        )
        .of_0_1_0()
        .get("/echo"),
        case(
            "legacy/continue-request",
            "
            request_headers:
              CALL
              return 1
            http_call_response:
              continue_request
              set_effective_context $stream
              get_header_map_value 0 ':path' &bytes
              continue_request
              get_header_map_value 0 ':path' &bytes
            ",
        )
        .of_0_1_0()
        .post("/echo", "abcde"),
        case(
            "legacy/continue-response",
            "
            response_headers:
              CALL
              return 1
            http_call_response:
              continue_response
              set_effective_context $stream
              replace_header_map_value 2 'x-late' '1'
              continue_response
            ",
        )
        .of_0_1_0()
        .get("/echo"),
        case(
            "legacy/clear-route-cache",
            "
            configure:
              clear_route_cache
            request_headers:
              replace_header_map_value 0 ':path' '/direct'
              clear_route_cache
            log:
              clear_route_cache
            ",
        )
        .of_0_1_0()
        .get("/echo"),
        case(
            "legacy/the-rest-is-as-in-0.2",
            "
            request_headers:
              get_property 'request\\0path' &bytes
              get_property 'nothing' &bytes
              get_shared_data 'nothing' &bytes &number
              get_buffer_bytes 0 0 10 &bytes
              get_header_map_pairs 2 &pairs
              get_metric 999 &long
              dequeue_shared_queue 999 &bytes
              call_foreign_function 'nothing' '' &bytes
              set_effective_context 999
              get_status &number &bytes
            ",
        )
        .of_0_1_0()
        .get("/echo"),
        case(
            "legacy/pause-without-end",
            "request_headers:\n  send_local_response 403 '' 'no' '' -1\n  return 1\n",
        )
        .of_0_1_0()
        .get("/echo"),
    ]
}
