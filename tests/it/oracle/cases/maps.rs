//! Header maps: what is read, added, replaced, removed, and until when.

use super::super::case::{Case, case};

const LINES: &str = "X-Upper: Value\nX-Rep: 1\nCookie: a=1\nX-Rep: 2\nX-Empty:\n";

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "maps/pairs-have-all-in-order",
            "
            request_headers:
              remove_header_map_value 0 'x-request-id'
              get_header_map_pairs 0 &pairs
            response_headers:
              remove_header_map_value 2 'date'
              remove_header_map_value 2 'x-envoy-upstream-service-time'
              get_header_map_pairs 2 &pairs
            ",
        )
        .get_with("/case", LINES),
        case(
            "maps/value-is-the-first",
            "
            request_headers:
              get_header_map_value 0 'x-rep' &bytes
              get_header_map_value 0 'X-Rep' &bytes
              get_header_map_value 0 'x-empty' &bytes
              get_header_map_value 0 'x-not-there' &bytes
              get_header_map_value 0 '' &bytes
              get_header_map_value 0 ':method' &bytes
              get_header_map_value 0 ':scheme' &bytes
              get_header_map_value 0 ':authority' &bytes
              get_header_map_value 0 'host' &bytes
              get_header_map_value 0 ':status' &bytes
            response_headers:
              get_header_map_value 2 ':status' &bytes
              get_header_map_value 2 'set-cookie' &bytes
            ",
        )
        .get_with("/case", LINES),
        case(
            "maps/add-appends",
            "
            request_headers:
              add_header_map_value 0 'x-rep' '3'
              add_header_map_value 0 'X-Upper-New' 'Value'
              add_header_map_value 0 'x-nothing' ''
              add_header_map_value 0 '' 'no name'
            response_headers:
              add_header_map_value 2 'x-a' '1'
              add_header_map_value 2 'x-a' '2'
            ",
        )
        .get_with("/echo", LINES),
        case(
            "maps/add-joins-well-known-headers",
            "
            request_headers:
              add_header_map_value 0 'accept' 'text/html'
              add_header_map_value 0 'accept' 'text/plain'
              add_header_map_value 0 'user-agent' 'one'
              add_header_map_value 0 'user-agent' 'two'
              add_header_map_value 0 ':path' '/more'
              add_header_map_value 0 ':authority' 'more'
              get_header_map_value 0 'accept' &bytes
              get_header_map_value 0 ':path' &bytes
            response_headers:
              add_header_map_value 2 'content-type' 'text/html'
              add_header_map_value 2 'vary' 'a'
              add_header_map_value 2 'vary' 'b'
            ",
        )
        .get("/echo"),
        case(
            "maps/replace-leaves-one",
            "
            request_headers:
              replace_header_map_value 0 'x-rep' 'one'
              replace_header_map_value 0 'x-new' 'new'
              replace_header_map_value 0 'X-UPPER' 'lower'
              replace_header_map_value 0 'cookie' ''
              get_header_map_value 0 'x-rep' &bytes
            response_headers:
              replace_header_map_value 2 'set-cookie' 'c=3'
              replace_header_map_value 2 ':status' '201'
              replace_header_map_value 2 'server' 'mine'
            ",
        )
        .get_with("/case", LINES),
        case(
            "maps/remove-takes-all",
            "
            request_headers:
              remove_header_map_value 0 'x-rep'
              remove_header_map_value 0 'X-Upper'
              remove_header_map_value 0 'x-not-there'
              remove_header_map_value 0 ''
              get_header_map_value 0 'x-rep' &bytes
            response_headers:
              remove_header_map_value 2 'set-cookie'
              remove_header_map_value 2 'server'
              remove_header_map_value 2 'content-length'
            ",
        )
        .get_with("/case", LINES),
        case(
            "maps/set-pairs-clears-first",
            "
            request_headers:
              set_header_map_pairs 0 {':method'='PUT', ':path'='/echo?set', ':authority'='set.example', ':scheme'='http', 'x-forwarded-proto'='http', 'x-a'='1', 'Host'='other.example', 'x-a'='2'}
            response_headers:
              set_header_map_pairs 2 {':status'='202', 'X-Set'='1'}
            ",
        )
        .get_with("/echo", LINES),
        case(
            "maps/request-without-x-forwarded-proto",
            "
            request_headers:
              remove_header_map_value 0 'x-forwarded-proto'
            ",
        )
        .get("/echo"),
        case(
            "maps/host-is-authority",
            "
            request_headers:
              replace_header_map_value 0 'Host' 'one'
              get_header_map_value 0 ':authority' &bytes
              add_header_map_value 0 'host' 'two'
              get_header_map_value 0 'host' &bytes
              get_property 'request\\0headers\\0host' &bytes
              get_property 'request\\0headers\\0:authority' &bytes
            ",
        )
        .get("/echo")
        .get("/echo"),
        case(
            "maps/host-removed",
            "
            request_headers:
              remove_header_map_value 0 'host'
              get_header_map_pairs 0 &size
            ",
        )
        .get("/echo"),
        case(
            "maps/set-no-pairs-clears",
            "
            response_headers:
              set_header_map_pairs 2 ''
              get_header_map_size 2 &number
              get_header_map_pairs 2 &pairs
              add_header_map_value 2 ':status' '203'
              set_header_map_pairs 2 '\\0\\0\\0\\0'
              get_header_map_pairs 2 &pairs
              add_header_map_value 2 ':status' '204'
              set_header_map_pairs 2 '\\0'
              get_header_map_pairs 2 &pairs
              add_header_map_value 2 ':status' '205'
            ",
        )
        .get("/echo"),
        case(
            "maps/set-malformed-pairs-clears",
            "
            response_headers:
              set_header_map_pairs 2 '\\x02\\0\\0\\0abc'
              get_header_map_pairs 2 &pairs
              add_header_map_value 2 ':status' '206'
              set_header_map_pairs 2 '\\xff\\xff\\xff\\xff\\0\\0\\0\\0'
              get_header_map_pairs 2 &pairs
              set_header_map_pairs 2 {':status'='207'}
            ",
        )
        .get("/echo"),
        case(
            "maps/size-is-in-bytes",
            "
            request_headers:
              set_header_map_pairs 0 {':method'='GET', ':path'='/echo', ':authority'='a', 'x-a'='12345'}
              get_header_map_size 0 &number
              add_header_map_value 0 'x-b' '1'
              get_header_map_size 0 &number
            response_headers:
              set_header_map_pairs 2 {':status'='200'}
              get_header_map_size 2 &number
            ",
        )
        .get("/echo"),
        case(
            "maps/after-continue-the-map-is-gone",
            "
            request_body:
              get_header_map_value 0 ':path' &bytes
              get_header_map_pairs 0 &pairs
              get_header_map_size 0 &number
              add_header_map_value 0 'x-late' '1'
              replace_header_map_value 0 'x-late' '1'
              remove_header_map_value 0 'x-late'
              set_header_map_pairs 0 {'x-late'='1'}
            response_headers:
              get_header_map_value 0 ':path' &bytes
              get_header_map_pairs 0 &pairs
            response_body:
              get_header_map_value 2 ':status' &bytes
              get_header_map_pairs 2 &pairs
              replace_header_map_value 2 'x-late' '1'
            ",
        )
        .post("/echo", "abcde"),
        case(
            "maps/response-map-before-there-is-one",
            "
            request_headers:
              get_header_map_value 2 ':status' &bytes
              get_header_map_pairs 2 &pairs
              add_header_map_value 2 'x-early' '1'
              get_header_map_size 2 &number
              get_header_map_value 1 'x-t' &bytes
              get_header_map_pairs 1 &pairs
              add_header_map_value 1 'x-t' '1'
              get_header_map_size 1 &number
            ",
        )
        .get("/echo"),
        case(
            "maps/wrong-numbers",
            "
            request_headers:
              get_header_map_value 4 'x' &bytes
              get_header_map_value 6 'x' &bytes
              get_header_map_value 8 'x' &bytes
              get_header_map_value -1 'x' &bytes
              get_header_map_pairs 4 &pairs
              get_header_map_pairs 6 &pairs
              get_header_map_pairs 8 &pairs
              get_header_map_size 6 &number
              get_header_map_size 8 &number
              add_header_map_value 6 'x' 'y'
              add_header_map_value 8 'x' 'y'
              replace_header_map_value 8 'x' 'y'
              remove_header_map_value 8 'x'
              set_header_map_pairs 8 {'x'='y'}
            ",
        )
        .get("/echo"),
        case(
            "maps/values-that-are-not-text",
            "
            request_headers:
              replace_header_map_value 0 'x-bytes' '\\xff\\xfe'
              get_header_map_value 0 'x-bytes' &bytes
              replace_header_map_value 0 'x spaced' 'a'
              replace_header_map_value 0 'x-padded' '  a  '
              get_header_map_value 0 'x-padded' &bytes
            ",
        )
        .get("/echo"),
        case(
            "maps/request-without-path",
            "
            request_headers:
              remove_header_map_value 0 ':path'
            ",
        )
        .get("/echo"),
        case(
            "maps/request-without-method",
            "
            request_headers:
              remove_header_map_value 0 ':method'
            ",
        )
        .get("/echo"),
        case(
            "maps/request-without-authority",
            "
            request_headers:
              remove_header_map_value 0 ':authority'
            ",
        )
        .get("/echo"),
        case(
            "maps/response-without-status",
            "
            response_headers:
              remove_header_map_value 2 ':status'
            ",
        )
        .get("/echo"),
    ]
}
