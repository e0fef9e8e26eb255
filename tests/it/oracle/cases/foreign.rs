//! Foreign functions, and the filter state that two of them write.

use super::super::case::{Case, Exchange, case};
use super::message::{Field, message};

use Field::{Number, Text};

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![
        declared(),
        case(
            "foreign/names",
            "
            configure:
              call_foreign_function 'nothing' 'abc' &bytes
              call_foreign_function '' '' &bytes
              call_foreign_function 'clear_route_cache' '' &bytes
              call_foreign_function 'set_envoy_filter_state' '' &bytes
              call_foreign_function 'declare_property' '\\xff' &bytes
            request_headers:
              replace_header_map_value 0 ':path' '/direct'
              call_foreign_function 'clear_route_cache' '' &bytes
              call_foreign_function 'clear_route_cache' 'x' &bytes
              call_foreign_function 4294967280 16 '' &bytes
              call_foreign_function 'clear_route_cache' 4294967280 16 &bytes
              call_foreign_function 'nothing' '' 4294967280 4294967284
            ",
        )
        .get("/echo"),
        case(
            "foreign/spans",
            &format!(
                "configure:\n{}{}request_headers:\n  get_property 'connection' &bytes\n  get_property 'long' &bytes\n  \
                 get_property 'request-long' &bytes\n  set_property 'long' 'kept'\n  set_property 'request-long' 'kept'\n\
                 response_headers:\n  get_property 'long' &bytes\n  get_property 'request-long' &bytes\n",
                declare(&[(1, Text("long")), (5, Number(2))]),
                declare(&[(1, Text("request-long")), (5, Number(1))]),
            ),
        )
        .get("/direct")
        .get("/direct"),
    ];
    all.extend(objects());
    all
}

/// A line that declares a property.
fn declare(fields: &[(u8, Field<'_>)]) -> String {
    format!("  call_foreign_function 'declare_property' '{}' &bytes\n", message(fields))
}

fn declared() -> Case {
    let declared = [
        declare(&[(1, Text("fixed")), (2, Number(1))]),
        declare(&[(1, Text("fixed")), (2, Number(1))]),
        declare(&[(1, Text("text")), (3, Number(1))]),
        declare(&[(1, Text("message")), (3, Number(3)), (4, Text("google.protobuf.Duration"))]),
        declare(&[(1, Text("odd")), (3, Number(9)), (5, Number(9))]),
        declare(&[]),
    ]
    .concat();
    let late = declare(&[(1, Text("late")), (2, Number(1))]);
    let program = format!(
        "configure:\n{declared}request_headers:\n{late}
          set_property 'fixed' '1'
          set_property 'fixed' '2'
          get_property 'fixed' &bytes
          get_property 'wasm.fixed' &bytes
          get_property 'filter_state\\0wasm.fixed' &bytes
          get_property 'filter_state\\0fixed' &bytes
          set_property 'text' 'x'
          get_property 'text' &bytes
          get_property 'filter_state\\0wasm.text' &bytes
          get_property 'text\\0a' &bytes
          set_property 'message' '\\x08\\x05'
          get_property 'message' &bytes
          get_property 'message\\0seconds' &bytes
          get_property 'filter_state\\0wasm.message' &bytes
          get_property 'filter_state\\0wasm.message\\0seconds' &bytes
          set_property 'odd' 'v'
          get_property 'odd' &bytes
          set_property 'late' '1'
          set_property 'late' '2'
          set_property 'e' ''
          get_property 'e' &bytes
        response_headers:
          get_property 'fixed' &bytes
        log:
          set_property 'z' '1'
          get_property 'z' &bytes
        "
    );
    case("foreign/declared-properties", &aligned(&program)).get("/echo")
}

/// Programs of several sources: sections begin at the margin.
fn aligned(program: &str) -> String {
    let line = |line: &str| match line.trim() {
        section if section.ends_with(':') => format!("{section}\n"),
        statement => format!("  {statement}\n"),
    };
    program.lines().map(line).collect()
}

/// Envoy's own objects: keys, and texts for them.
fn objects() -> Vec<Case> {
    let all = [
        ("envoy.string", "a"),
        ("envoy.string", ""),
        ("envoy.hashable_string", "b"),
        ("envoy.network.upstream_server_name", "c"),
        ("envoy.network.upstream_subject_alt_names", " d , e"),
        ("envoy.network.application_protocols", "h2,http/1.1"),
        ("envoy.network.network_namespace", "f"),
        ("envoy.network.ip", "1.2.3.4"),
        ("envoy.network.ip", "::1"),
        ("envoy.network.ip", "1.2.3.4:80"),
        ("envoy.network.transport_socket.original_dst_address", "1.2.3.4:80"),
        ("envoy.network.transport_socket.original_dst_address", "g"),
        ("envoy.filters.listener.original_dst.local_ip", "1.2.3.4:80"),
        ("envoy.filters.listener.original_dst.local_ip", "h"),
        ("envoy.tcp_proxy.cluster", "i"),
        ("envoy.tcp_proxy.disable_tunneling", "true"),
        ("envoy.tcp_proxy.disable_tunneling", "TRUE"),
        ("envoy.tcp_proxy.per_connection_idle_timeout_ms", " +5"),
        ("envoy.tcp_proxy.per_connection_idle_timeout_ms", "18446744073709551615"),
        ("envoy.upstream.dynamic_host", "j"),
        ("envoy.upstream.dynamic_port", "080"),
        ("envoy.upstream.dynamic_port", "4294967295"),
        ("envoy.upstream.dynamic_port", "4294967296"),
        ("envoy.upstream.dynamic_port", "-1"),
        ("envoy.upstream.dynamic_port", ""),
        ("envoy.ratelimit.hits_addend", "7x"),
        ("my.own", "k"),
    ];
    let object = |(key, value): &(&str, &str), span| {
        let argument = message(&[(1, Text(key)), (2, Text(value)), (3, Number(span))]);
        format!(
            "  call_foreign_function 'set_envoy_filter_state' '{argument}' &bytes\n  get_property 'filter_state\\0{key}' &bytes\n"
        )
    };
    let sets: String = all.iter().map(|entry| object(entry, 0)).collect();
    let span = object(&("envoy.string", "longer"), 2);
    let root = object(&("envoy.string", "v"), 0);
    let wrong = "  call_foreign_function 'set_envoy_filter_state' '\\xff' &bytes\n  call_foreign_function 'set_envoy_filter_state' '' &bytes\n";
    let log = "log:\n  get_property 'filter_state\\0envoy.string' &bytes\n";
    let program = format!(
        "configure:\n{root}request_headers:\n{sets}{span}{wrong}  replace_header_map_value 0 ':path' '/direct'\n  \
         call_foreign_function 'clear_route_cache' '' &bytes\n{log}"
    );
    vec![case("foreign/envoy's-objects", &program).exchange(Exchange::get("/echo", ""))]
}
