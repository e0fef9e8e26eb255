//! Configurations that are accepted, each a small change of the base.

use super::Change;

/// A change that leaves the base valid.
pub(super) struct Accepted {
    pub(super) what: &'static str,
    pub(super) changes: &'static [Change],
}

pub(super) const ACCEPTED: &[Accepted] = &[
    Accepted {
        what: "no admin",
        changes: &[("admin:\n  address: {socket_address: {address: 127.0.0.1, port_value: 0}}\n", "")],
    },
    Accepted {
        what: "a null admin and a null node",
        changes: &[
            ("  address: {socket_address: {address: 127.0.0.1, port_value: 0}}\n", ""),
            ("{id: host-1, cluster: demo}", "~"),
        ],
    },
    Accepted {
        what: "camelCase",
        changes: &[
            ("static_resources:", "staticResources:"),
            ("filter_chains", "filterChains"),
            ("stat_prefix", "statPrefix"),
            ("http_filters", "httpFilters"),
            ("port_value", "portValue"),
            ("virtual_hosts", "virtualHosts"),
        ],
    },
    Accepted {
        what: "quoted scalars",
        changes: &[
            ("id: host-1", "id: \"no\""),
            ("port_value: 10000", "port_value: \"10000\""),
            ("prefix: /", "prefix: '/'"),
        ],
    },
    Accepted {
        what: "words that look like scalars of YAML 1.1",
        changes: &[("id: host-1", "id: nO"), ("cluster: demo", "cluster: 1.5")],
    },
    Accepted {
        what: "line ends of Windows and a final document end",
        changes: &[
            ("cluster: demo}\n", "cluster: demo}\r\n"),
            ("port_value: 8080}}}\n", "port_value: 8080}}}\r\n...\n"),
        ],
    },
    Accepted {
        what: "aliases",
        changes: &[("cluster: demo}", "cluster: &name demo}"), ("name: routes", "name: *name")],
    },
    Accepted {
        what: "enumerations by number",
        changes: &[
            ("stat_prefix: ingress\n", "stat_prefix: ingress\n          codec_type: 2\n"),
            ("type: STATIC", "type: 0\n    lb_policy: 0"),
        ],
    },
    Accepted {
        what: "codecs and limits",
        changes: &[(
            "stat_prefix: ingress\n",
            "stat_prefix: ingress\n          codec_type: HTTP2\n          max_request_headers_kb: 8192\n          http2_protocol_options: {}\n          common_http_protocol_options: {max_headers_count: 1, idle_timeout: 0s}\n",
        )],
    },
    Accepted {
        what: "timeouts of zero and the longest",
        changes: &[
            (
                "stat_prefix: ingress\n",
                "stat_prefix: ingress\n          stream_idle_timeout: 0s\n          request_timeout: 9223372035.999999999s\n",
            ),
            ("route: {cluster: up}", "route: {cluster: up, timeout: 0s}"),
        ],
    },
    Accepted {
        what: "request ids",
        changes: &[(
            "stat_prefix: ingress\n",
            "stat_prefix: ingress\n          generate_request_id: false\n          preserve_external_request_id: true\n          use_remote_address: true\n",
        )],
    },
    Accepted {
        what: "server and via",
        changes: &[(
            "stat_prefix: ingress\n",
            "stat_prefix: ingress\n          server_name: \"a b\"\n          via: \"1.1 proxy\"\n",
        )],
    },
    Accepted {
        what: "an access log with the default format",
        changes: &[(
            "stat_prefix: ingress\n",
            "stat_prefix: ingress\n          access_log: [{name: log, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog}}]\n",
        )],
    },
    Accepted {
        what: "an access log with every command",
        changes: &[(
            "stat_prefix: ingress\n",
            "stat_prefix: ingress\n          access_log: [{name: log, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog, log_format: {text_format_source: {inline_string: \"%START_TIME% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% %UPSTREAM_HOST% %UPSTREAM_CLUSTER% %DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_ADDRESS% %ROUTE_NAME% %HOSTNAME% %REQ(:PATH)% %REQ(X-A?:METHOD):12% %RESP(SERVER)% %TRAILER(GRPC-STATUS)% 100%%\\n\"}}}}]\n",
        )],
    },
    Accepted {
        what: "an access log file",
        changes: &[(
            "stat_prefix: ingress\n",
            "stat_prefix: ingress\n          access_log: [{name: log, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/null}}]\n",
        )],
    },
    Accepted {
        what: "two listeners on port 0",
        changes: &[
            ("port_value: 10000", "port_value: 0"),
            (
                "  clusters:\n",
                "  - {name: other, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: *chains}\n  clusters:\n",
            ),
        ],
    },
    Accepted {
        what: "a listener without name on IPv6",
        changes: &[
            ("- name: main\n    address", "- address"),
            ("address: 127.0.0.1, port_value: 10000", "address: \"::\", port_value: 10000"),
        ],
    },
    Accepted {
        what: "buffer limits",
        changes: &[
            ("    filter_chains", "    per_connection_buffer_limit_bytes: 0\n    filter_chains"),
            ("type: STATIC", "per_connection_buffer_limit_bytes: 4294967295"),
        ],
    },
    Accepted {
        what: "domains of every kind",
        changes: &[(
            " [\"*\"]",
            " [\"*\", a.example, \"*.a.example\", \"a.*\", \"*-b.example\", \"a.example:8080\"]",
        )],
    },
    Accepted {
        what: "a second virtual host of the same name",
        changes: &[(
            "            - name: all\n",
            "            - {name: all, domains: [b.example], routes: []}\n            - name: all\n",
        )],
    },
    Accepted {
        what: "header matches of every kind",
        changes: &[(
            "match: {prefix: /}",
            "match: {path: /x, headers: [{name: \":method\", exact_match: GET}, {name: X-A}, {name: a, present_match: false}, {name: b, string_match: {prefix: p, ignore_case: true}, invert_match: true}, {name: c, string_match: {suffix: s}}, {name: d, string_match: {contains: c}}, {name: e, string_match: {exact: \"\"}}]}",
        )],
    },
    Accepted {
        what: "rewrites",
        changes: &[(
            "route: {cluster: up}",
            "route: {cluster: up, timeout: 0.25s, prefix_rewrite: \"/é?a=b\", host_rewrite_literal: \"api.internal:80\"}",
        )],
    },
    Accepted {
        what: "an exact path rewritten",
        changes: &[
            ("match: {prefix: /}", "name: exact\n                match: {path: /a}"),
            ("route: {cluster: up}", "route: {cluster: up, prefix_rewrite: /b}"),
        ],
    },
    Accepted {
        what: "a direct response of text",
        changes: &[(
            "route: {cluster: up}",
            "direct_response: {status: 599, body: {inline_string: \"a\\nb\\u0000é\"}}",
        )],
    },
    Accepted {
        what: "a direct response of bytes",
        changes: &[(
            "route: {cluster: up}",
            "direct_response: {status: \"200\", body: {inline_bytes: \"_-8\"}}",
        )],
    },
    Accepted {
        what: "a module inline",
        changes: &[(
            "{filename: MODULE}",
            "{inline_bytes: \"AGFzbQEAAAABFARgAABgAX8Bf2ACf38AYAJ/fwF/AwYFAAECAwMFAwEAAgeCAQYXcHJveHlfYWJpX3ZlcnNpb25fMF8yXzEAABhwcm94eV9vbl9tZW1vcnlfYWxsb2NhdGUAARdwcm94eV9vbl9jb250ZXh0X2NyZWF0ZQACEXByb3h5X29uX3ZtX3N0YXJ0AAMScHJveHlfb25fY29uZmlndXJlAAQGbWVtb3J5AgAKFwUCAAsFAEGACAsCAAsEAEEBCwQAQQEL\"}",
        )],
    },
    Accepted {
        what: "the same filter twice",
        changes: &[(
            "          - name: envoy.filters.http.router",
            "          - name: noop\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n              config: {vm_config: {runtime: envoy.wasm.runtime.v8, code: {local: {filename: MODULE}}}}\n          - name: envoy.filters.http.router",
        )],
    },
    Accepted {
        what: "configurations of text and bytes",
        changes: &[
            (
                "                vm_config:\n",
                "                configuration: {\"@type\": type.googleapis.com/google.protobuf.StringValue, value: \"{}\"}\n                vm_config:\n",
            ),
            (
                "MODULE}}\n",
                "MODULE}}\n                  configuration: {\"@type\": type.googleapis.com/google.protobuf.BytesValue, value: aGk=}\n",
            ),
        ],
    },
    Accepted {
        what: "a configuration that is a struct",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {\"@type\": type.googleapis.com/google.protobuf.Struct, value: {a: [1, 2.5, x, yes, ~, 12345678901, {}], b: {c: \"1\"}}}\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "a struct as deep as it may be",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {\"@type\": type.googleapis.com/google.protobuf.Struct, value: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: []}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "a configuration without value",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {\"@type\": type.googleapis.com/google.protobuf.StringValue}\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "fail_open",
        changes: &[(
            "                vm_config:\n",
            "                fail_open: true\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "reload with a pause",
        changes: &[(
            "                vm_config:\n",
            "                failure_policy: FAIL_RELOAD\n                reload_config: {backoff: {base_interval: 0.001s, max_interval: 0.001s}}\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "an unspecified failure policy",
        changes: &[(
            "                vm_config:\n",
            "                failure_policy: UNSPECIFIED\n                fail_open: true\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "capabilities",
        changes: &[(
            "                vm_config:\n",
            "                capability_restriction_config: {allowed_capabilities: {proxy_log: {}, proxy_on_vm_start: {}, anything: {}}}\n                vm_config:\n",
        )],
    },
    Accepted {
        what: "the environment",
        changes: &[
            (
                "MODULE}}\n",
                "MODULE}}\n                  environment_variables: {host_env_keys: [HOME], key_values: {MESH_FILTER_HOLD_HEADERS: \"1\", EMPTY: \"\"}}\n",
            ),
            (
                "                vm_config:\n",
                "                allow_on_headers_stop_iteration: true\n                root_id: \"12\"\n                vm_config:\n",
            ),
        ],
    },
    Accepted {
        what: "host names",
        changes: &[
            ("STATIC", "STRICT_DNS\n    connect_timeout: 0.001s"),
            ("address: 127.0.0.1, port_value: 8080", "address: a_b.example, port_value: 8080"),
        ],
    },
    Accepted {
        what: "one host name",
        changes: &[
            ("STATIC", "LOGICAL_DNS"),
            ("address: 127.0.0.1, port_value: 8080", "address: localhost, port_value: 8080"),
        ],
    },
    Accepted {
        what: "a cluster without endpoints",
        changes: &[
            (
                "\n      endpoints:\n      - lb_endpoints:\n        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}",
                "",
            ),
            ("cluster_name: up", "cluster_name: other"),
        ],
    },
    Accepted {
        what: "endpoints in two groups, one of them twice",
        changes: &[(
            "        - endpoint:",
            "        - endpoint: {address: {socket_address: {address: \"::1\", port_value: 1}}}\n      - lb_endpoints:\n        - endpoint: {address: {socket_address: {address: \"0:0::1\", port_value: 1}}}\n        - endpoint:",
        )],
    },
    Accepted {
        what: "HTTP/1.1 upstream",
        changes: &[(
            "type: STATIC",
            "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http_protocol_options: {}}}}",
        )],
    },
    Accepted {
        what: "HTTP/2 upstream",
        changes: &[(
            "type: STATIC",
            "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicitHttpConfig: {http2ProtocolOptions: {}}}}",
        )],
    },
];
