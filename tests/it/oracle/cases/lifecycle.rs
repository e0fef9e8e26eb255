//! Contexts: how they begin and end, in which order they are called, and with which numbers.

use super::super::case::{Case, Exchange, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("lifecycle/get", "").get("/echo"),
        case("lifecycle/post", "").post("/echo", "abcde"),
        case("lifecycle/post-of-nothing", "").post("/echo", ""),
        case("lifecycle/post-in-chunks", "").post_chunks("/echo", &["abc", "de"], ""),
        case("lifecycle/two-streams-have-two-contexts", "").get("/echo").get("/echo"),
        case("lifecycle/chain-is-called-forward-and-back", "").then("").then("").get("/echo"),
        case("lifecycle/response-without-body", "").get("/no-content"),
        case("lifecycle/head-request", "")
            .exchange(Exchange::default().send("HEAD /echo HTTP/1.1\nHost: example.com\n\n")),
        case("lifecycle/chunked-response", "").get("/chunked"),
        case("lifecycle/no-route", "")
            .exchange(Exchange::default().send("GET / HTTP/1.1\nHost: nothing.example\n\n")),
        case("lifecycle/direct-response", "").get("/direct"),
        case("lifecycle/upstream-refuses", "").get("/refused"),
        case("lifecycle/upstream-resets", "").get("/reset"),
        case("lifecycle/upstream-times-out", "").get("/silent"),
        case(
            "lifecycle/client-goes-away",
            "
            request_headers:
              return 1
            ",
        )
        .exchange(Exchange::get("/echo", "").awaits("request_headers").hangs_up()),
        case(
            "lifecycle/not-done-is-done-for-a-stream",
            "
            done:
              return 0
            ",
        )
        .get("/echo"),
        case(
            "lifecycle/done-when-nothing-is-pending",
            "
            configure:
              done
            request_headers:
              done
            done:
              done
            log:
              done
            ",
        )
        .get("/echo"),
        case(
            "lifecycle/effective-context",
            "
            request_headers:
              set_effective_context 1
              get_header_map_value 0 ':path' &bytes
              log as the root
              set_effective_context $id
              get_header_map_value 0 ':path' &bytes
              set_effective_context 999
              set_effective_context 0
            response_headers:
              set_effective_context 1
            ",
        )
        .get("/echo"),
        case(
            "lifecycle/context-of-a-stream-that-is-gone",
            "
            response_headers:
              set_effective_context 2
              get_header_map_value 2 ':status' &bytes
            ",
        )
        .get("/echo")
        .get("/echo"),
        case(
            "lifecycle/log-reads-headers",
            "
            log:
              get_header_map_value 0 ':path' &bytes
              get_header_map_value 0 'x-not-there' &bytes
              get_header_map_size 0 &number
              get_header_map_value 2 ':status' &bytes
              get_header_map_pairs 1 &pairs
              get_header_map_pairs 3 &pairs
              get_header_map_value 3 'x-t' &bytes
              add_header_map_value 0 'x-late' '1'
              replace_header_map_value 2 'x-late' '1'
              remove_header_map_value 2 'x-late'
              get_buffer_bytes 0 0 10 &bytes
              get_buffer_bytes 1 0 10 &bytes
            ",
        )
        .post("/echo", "abcde")
        .get("/trailers"),
        case(
            "lifecycle/done-reads-headers",
            "
            done:
              get_header_map_value 0 ':path' &bytes
              get_header_map_value 2 ':status' &bytes
              get_property 'response\\0code' &bytes
            delete:
              get_header_map_value 0 ':path' &bytes
            ",
        )
        .get("/echo"),
    ]
}
