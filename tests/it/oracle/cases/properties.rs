//! Properties: every path of Envoy's attributes that a proxy without TLS and mesh can know, in each phase, in its bytes.

use super::super::case::{Case, Exchange, case};
use crate::support::http2::Http2Request;

/// Callbacks that a filter sees of every exchange, and its root before.
const PHASES: [&str; 10] = [
    "context_create",
    "vm_start",
    "configure",
    "request_headers",
    "request_body",
    "response_headers",
    "response_body",
    "log",
    "done",
    "delete",
];

const REQUEST: &str = "path url_path host scheme method referer useragent protocol query size total_size headers_bytes
    headers/x-a headers/X-A headers/x-rep headers/cookie headers/:path headers/x-not-there headers/x-a/0 path/0 nothing";

const RESPONSE: &str = "code code_details flags grpc_status size total_size headers/content-type headers/x-rep headers/set-cookie
    headers/:status headers/grpc-status headers/x-not-there trailers/x-trail trailers/grpc-status code/0 nothing";

const CONNECTION: &str = "connection/mtls connection/requested_server_name connection/tls_version connection/subject_local_certificate
    connection/subject_peer_certificate connection/dns_san_local_certificate connection/dns_san_peer_certificate
    connection/uri_san_local_certificate connection/uri_san_peer_certificate connection/sha256_peer_certificate_digest
    connection/peer_certificate connection/termination_details connection/transport_failure_reason connection/nothing
    source/address source/nothing destination/address destination/nothing source/address/0 connection/mtls/0";

const UPSTREAM: &str = "address transport_failure_reason request_attempt_count locality num_endpoints
    tls_version subject_local_certificate subject_peer_certificate dns_san_local_certificate dns_san_peer_certificate
    uri_san_local_certificate uri_san_peer_certificate sha256_peer_certificate_digest peer_certificate mtls id nothing
    locality/region locality/nothing address/0";

const XDS: &str = "cluster_name cluster_metadata listener_direction listener_metadata route_name route_metadata virtual_host_name
    virtual_host_metadata upstream_host_metadata upstream_host_locality_metadata filter_chain_name node/id node/cluster
    node/metadata node/metadata/a node/locality/zone node/nothing cluster_metadata/filter_metadata route_name/0 nothing";

const LEGACY: &str = "plugin_name plugin_root_id plugin_vm_id plugin_name/0 plugin_nothing cluster_name cluster_metadata route_name
    route_metadata listener_direction listener_metadata upstream_host_metadata node/id node/cluster node/metadata node/nothing
    metadata metadata/filter_metadata metadata/filter_metadata/envoy.nothing metadata/typed_filter_metadata metadata/nothing
    filter_state filter_state/nothing upstream_filter_state/nothing";

/// Half paths, empty ones and what is none.
const ODD: &str = "request response source destination connection upstream xds node nothing nothing/nothing / // request/
    request//path /request request/path/ request/path// Request/path request/Path wasm wasm.nothing plugin request.path";

/// Paths whose values are other in each run: that they are there, and of which size.
const SIZES: &str =
    "request/time request/id request/duration connection/id connection_id source/port destination/port
    upstream/port response/backend_latency";

/// The same for what is there once a connection is, which may be before or after the body has come.
const CONNECTED: &str = "upstream/local_address upstream/cx_pool_ready_duration upstream_filter_state";

pub(super) fn cases() -> Vec<Case> {
    let mut all: Vec<_> = [
        ("request", prefixed("request", REQUEST), "&bytes"),
        ("response", prefixed("response", RESPONSE), "&bytes"),
        ("connection", prefixed("", CONNECTION), "&bytes"),
        ("upstream", prefixed("upstream", UPSTREAM), "&bytes"),
        ("xds", prefixed("xds", XDS), "&bytes"),
        ("top-level", prefixed("", LEGACY), "&bytes"),
        ("odd-paths", format!("{} ''", prefixed("", ODD)), "&bytes"),
        ("values-that-change", prefixed("", SIZES), "&size"),
        (
            "maps",
            prefixed(
                "",
                "request/headers request/headers/ response/headers response/trailers request/trailers",
            ),
            "&map",
        ),
    ]
    .into_iter()
    .map(|(name, paths, output)| exchanges(case(&format!("properties/{name}"), &program(&paths, output))))
    .collect();
    let reads = reads(&prefixed("", CONNECTED), "&size");
    let phases = ["context_create", "request_headers", "response_headers", "response_body", "log", "done"];
    let program: String = phases.map(|phase| format!("{phase}:\n{reads}")).concat();
    all.push(exchanges(case("properties/of-the-upstream-connection", &program)));
    all.push(of_a_callout());
    all.extend(set());
    all
}

/// Paths as a program writes them.
fn prefixed(first: &str, paths: &str) -> String {
    let quoted = |path: &str| {
        let path = path.replace('/', "\\0");
        if first.is_empty() { format!("'{path}'") } else { format!("'{first}\\0{path}'") }
    };
    paths.split_whitespace().map(quoted).collect::<Vec<_>>().join(" ")
}

fn reads(paths: &str, output: &str) -> String {
    paths.split(' ').map(|path| format!("  changed get_property {path} {output}\n")).collect()
}

/// Reads paths in every phase. What no two runs have alike is taken out of the headers.
fn program(paths: &str, output: &str) -> String {
    let reads = reads(paths, output);
    let phases = PHASES.iter().chain(&["request_trailers", "response_trailers"]);
    let sections: String = phases.map(|phase| format!("{phase}:\n{reads}")).collect();
    format!(
        "request_headers:\n  remove_header_map_value 0 'x-request-id'\n\
         response_headers:\n  remove_header_map_value 2 'x-envoy-upstream-service-time'\n{sections}"
    )
}

/// An exchange with everything, one that ends in trailers on both sides, one without upstream.
fn exchanges(case: Case) -> Case {
    let lines =
        "X-A: one\nX-Rep: 1\nX-Rep: 2\nCookie: a=1\nCookie: b=2\nReferer: http://a/b\nUser-Agent: me\n";
    let head = format!("POST /case?a=1&b=2#c HTTP/1.1\nHost: example.com:80\n{lines}Content-Length: 5\n\n");
    case.exchange(Exchange::default().send(&format!("{}abcde", head.replace("#c", ""))))
        .http2(Http2Request {
            path: "/a.Service/ok?x".to_owned(),
            headers: vec![("x-a", "one"), ("te", "trailers")],
            chunks: vec!["abc", "de"],
            trailers: vec![("x-end", "1")],
        })
        .get("/direct")
        .get("/named")
        .get("/empty")
        .get("/refused")
        .exchange(Exchange::default().send("GET / HTTP/1.1\nHost: nothing.example\n\n"))
}

/// What the root and the waiting stream read when a callout has ended.
fn of_a_callout() -> Case {
    let paths = prefixed(
        "",
        "request/path request/method request/headers/x-a request/size response/code response/headers/:status cluster_name
        xds/cluster_name xds/route_name upstream/address upstream/num_endpoints source/address connection/mtls plugin_name
        plugin_root_id plugin_vm_id node/id listener_direction request nothing filter_state",
    );
    let reads = reads(&paths, "&bytes");
    let program = format!(
        "request_headers:\n  CALL\n  return 1\nhttp_call_response:\n{reads}  set_effective_context $stream\n{reads}  \
         continue_stream 0\n{reads}"
    );
    case("properties/when-a-callout-ends", &program).get_with("/echo", "X-A: one\n")
}

/// Properties that plugins set.
fn set() -> Vec<Case> {
    let names = prefixed(
        "",
        "mine a/b wasm.mine filter_state/mine request/path plugin_name response/code node nothing/",
    );
    let names: Vec<_> = names.split(' ').chain(["''", "'\\xff\\xfe'"]).collect();
    let sets: String = names.iter().map(|name| format!("  set_property {name} 'v'\n")).collect();
    let back = prefixed(
        "",
        "mine a/b a wasm.mine wasm.wasm.mine filter_state/mine filter_state/wasm.mine filter_state/wasm.a filter_state/wasm.mine/0
        filter_state/wasm.filter_state wasm/mine request/path plugin_name response/code node nothing mine/0 upstream_filter_state/wasm.mine",
    );
    let back = reads(
        &format!("{back} '' '\\xff\\xfe' 'filter_state\\0wasm.' 'filter_state\\0wasm.a\\0b'"),
        "&bytes",
    );
    let restricted = ["context_create", "vm_start", "configure", "done", "delete"];
    let mut all = vec![
        case("properties/set-in-request-headers", &format!("request_headers:\n{sets}{back}response_headers:\n{back}"))
            .then(&format!("request_headers:\n{back}"))
            .get("/echo"),
        case(
            "properties/set-again-and-empty",
            "
            request_headers:
              set_property 'mine' 'one'
              set_property 'mine' 'two'
              get_property 'mine' &bytes
              set_property 'mine' ''
              get_property 'mine' &bytes
              set_property 'mine' 4294967280 16
              set_property 4294967280 16 'x'
              get_property 4294967280 16 &bytes
              get_property 'mine' 4294967280 4294967284
              set_property 'bytes' '\\0\\xff\\n'
              get_property 'bytes' &bytes
            ",
        )
        .get("/echo"),
        case(
            "properties/set-by-another-plugin",
            "
            request_headers:
              set_property 'mine' 'first'
            response_headers:
              get_property 'mine' &bytes
            log:
              get_property 'mine' &bytes
            ",
        )
        .then("request_headers:\n  get_property 'mine' &bytes\n  set_property 'mine' 'second'\nlog:\n  set_property 'mine' 'third'\n")
        .get("/echo")
        .get("/echo"),
    ];
    for phase in restricted {
        let name = format!("properties/set-in-{}", phase.replace('_', "-"));
        all.push(case(&name, &format!("{phase}:\n{sets}{back}")).get("/direct"));
    }
    all
}
