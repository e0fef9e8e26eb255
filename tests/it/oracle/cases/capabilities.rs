//! Capability restriction: what is not allowed is refused to the plugin, or not called.

use serde_json::{Value, json};

use super::super::case::{Case, case};

/// What a program needs to run and to tell of it.
const NEEDED: [&str; 6] = [
    "proxy_log",
    "proxy_get_buffer_bytes",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_request_headers",
    "proxy_on_delete",
];

const CALLS: &str = "
request_headers:
  get_header_map_value 0 ':path' &bytes
  get_header_map_pairs 0 &size
  add_header_map_value 0 'x-a' '1'
  get_property 'plugin_name' &bytes
  set_property 'mine' '1'
  get_shared_data 'x' &bytes &number
  define_metric 0 'oracle_capabilities' &number
  get_metric 0 &long
  send_local_response 403 '' 'no' '' -1
  set_effective_context 1
  get_current_time_nanoseconds 4294967295
  clock_res_get 0 &long
  random_get 0 0
  fd_close 9
  environ_sizes_get &number &number
  call_foreign_function 'nothing' '' &bytes
  http_call 'nowhere' '' '' '' 1000 &number
  get_status &number &bytes
  done
  print a line
";

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("capabilities/only-what-is-needed", CALLS).option(allowed(&[])).post("/echo", "abcde"),
        case("capabilities/a-few-more", &CALLS.replace("  send_local_response 403 '' 'no' '' -1\n", ""))
            .option(allowed(&[
                "proxy_get_header_map_value",
                "proxy_get_property",
                "proxy_set_effective_context",
                "proxy_on_response_headers",
                "proxy_on_log",
                "clock_res_get",
                "fd_write",
            ]))
            .post("/echo", "abcde"),
        case("capabilities/none-named-is-all", "request_headers:\n  get_header_map_value 0 ':path' &bytes\n")
            .option(json!({"capability_restriction_config": {"allowed_capabilities": {}}}))
            .get("/echo"),
        case("capabilities/unknown-names", "request_headers:\n  get_header_map_value 0 ':path' &bytes\n")
            .option(allowed(&["nothing", "proxy_nothing"]))
            .get("/echo"),
    ]
}

fn allowed(more: &[&str]) -> Value {
    let names: serde_json::Map<_, _> =
        NEEDED.iter().chain(more).map(|name| ((*name).to_owned(), json!({}))).collect();
    json!({"capability_restriction_config": {"allowed_capabilities": names}})
}
