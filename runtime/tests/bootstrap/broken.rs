//! Configurations that are refused, each a small change of the base, with the error.
//!
//! `@HTTP` stands for the path of the HTTP connection manager, `@PLUGIN` for that of the plugin.

use super::Change;

/// A change that breaks the base.
pub(super) struct Broken {
    pub(super) what: &'static str,
    pub(super) changes: &'static [Change],
    /// `line:column: path: problem`.
    pub(super) error: &'static str,
}

pub(super) const BROKEN: &[Broken] = &[
    Broken {
        what: "an unknown field at the root",
        changes: &[("node:", "overload_manager: {}\nnode:")],
        error: "2:1: overload_manager: unknown field `overload_manager`",
    },
    Broken {
        what: "an unknown field with a near neighbour",
        changes: &[("stat_prefix", "stat_prefx")],
        error: "14:11: @HTTP.stat_prefx: unknown field `stat_prefx`",
    },
    Broken {
        what: "an unknown field of the node",
        changes: &[("cluster: demo", "metadata: {}")],
        error: "2:20: node.metadata: unknown field `metadata`",
    },
    Broken {
        what: "a field in two spellings",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          statPrefix: other")],
        error: "15:11: @HTTP.statPrefix: field `stat_prefix` is set twice",
    },
    Broken {
        what: "a field in a mixed spelling",
        changes: &[("stat_prefix", "stat_Prefix")],
        error: "14:11: @HTTP.stat_Prefix: unknown field `stat_Prefix`",
    },
    Broken {
        what: "a duplicate key",
        changes: &[("id: host-1", "id: host-1, id: host-2")],
        error: "2:20: node.id: duplicate key `id`",
    },
    Broken {
        what: "a bool where a string is wanted",
        changes: &[("id: host-1", "id: no")],
        error: "2:12: node.id: expected a string, got `no` without quotes",
    },
    Broken {
        what: "a number where a string is wanted",
        changes: &[("id: host-1", "id: 0123")],
        error: "2:12: node.id: expected a string, got `0123` without quotes",
    },
    Broken {
        what: "a list where a mapping is wanted",
        changes: &[("{id: host-1, cluster: demo}", "[host-1]")],
        error: "2:7: node: expected a mapping, got a list",
    },
    Broken {
        what: "a mapping where a list is wanted",
        changes: &[("domains: [\"*\"]", "domains: {name: \"*\"}")],
        error: "19:24: @HTTP.route_config.virtual_hosts[0].domains: expected a list, got a mapping",
    },
    Broken {
        what: "a scalar where a mapping is wanted",
        changes: &[("{id: host-1, cluster: demo}", "host-1")],
        error: "2:7: node: expected a mapping, got `host-1`",
    },
    Broken {
        what: "a merge key",
        changes: &[("{id: host-1, cluster: demo}", "{<<: {id: host-1}}")],
        error: "2:8: node[\"<<\"]: merge keys are not supported",
    },
    Broken {
        what: "a tag",
        changes: &[("id: host-1", "id: !!str 12")],
        error: "2:12: the tag `tag:yaml.org,2002:!str` is not supported",
    },
    Broken {
        what: "an alias without anchor",
        changes: &[("id: host-1", "id: *nobody")],
        error: "2:12: not well-formed YAML: while parsing node, found unknown anchor",
    },
    Broken {
        what: "two documents",
        changes: &[("static_resources:", "---\nstatic_resources:")],
        error: "5:1: a second document begins here, expected one",
    },
    Broken {
        what: "an open bracket",
        changes: &[("[\"*\"]", "[\"*\"")],
        error: "20:15: not well-formed YAML: invalid indentation",
    },
    Broken {
        what: "an empty stat prefix",
        changes: &[("stat_prefix: ingress", "stat_prefix: \"\"")],
        error: "14:24: @HTTP.stat_prefix: expected a string, got an empty one",
    },
    Broken {
        what: "a missing stat prefix",
        changes: &[("stat_prefix: ingress", "codec_type: AUTO")],
        error: "13:11: @HTTP: missing field `stat_prefix`",
    },
    Broken {
        what: "an unknown codec",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          codec_type: HTTP3")],
        error: "15:23: @HTTP.codec_type: unknown value `HTTP3`",
    },
    Broken {
        what: "a bool in YAML 1.1",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          use_remote_address: yes")],
        error: "15:31: @HTTP.use_remote_address: expected `true` or `false`, got `yes`",
    },
    Broken {
        what: "an integer out of range",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          max_request_headers_kb: 8193")],
        error: "15:35: @HTTP.max_request_headers_kb: expected an integer from 1 to 8192, got `8193`",
    },
    Broken {
        what: "an octal integer",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          max_request_headers_kb: 0100")],
        error: "15:35: @HTTP.max_request_headers_kb: expected an integer from 1 to 8192, got `0100`",
    },
    Broken {
        what: "an integer below the range",
        changes: &[(
            "stat_prefix: ingress",
            "stat_prefix: ingress\n          common_http_protocol_options: {max_headers_count: 0}",
        )],
        error: "15:61: @HTTP.common_http_protocol_options.max_headers_count: expected an integer from 1 to 4294967295, got `0`",
    },
    Broken {
        what: "a duration without unit",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          stream_idle_timeout: 30")],
        error: "15:32: @HTTP.stream_idle_timeout: expected a duration in seconds such as `0.25s`, got `30`",
    },
    Broken {
        what: "a duration in milliseconds",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          stream_idle_timeout: 30ms")],
        error: "15:32: @HTTP.stream_idle_timeout: expected a duration in seconds such as `0.25s`, got `30ms`",
    },
    Broken {
        what: "a negative duration",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          request_timeout: -1s")],
        error: "15:28: @HTTP.request_timeout: expected a duration in seconds such as `0.25s`, got `-1s`",
    },
    Broken {
        what: "a duration beyond 63 bits",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          request_timeout: 9223372036s")],
        error: "15:28: @HTTP.request_timeout: expected a duration of at most `9223372035s`, got `9223372036s`",
    },
    Broken {
        what: "a line break in the server name",
        changes: &[("stat_prefix: ingress", "stat_prefix: ingress\n          server_name: \"a\\nb\"")],
        error: "15:24: @HTTP.server_name: expected the value of a header, got `a\\nb`",
    },
    Broken {
        what: "options of the protocol that are not supported",
        changes: &[(
            "stat_prefix: ingress",
            "stat_prefix: ingress\n          http2_protocol_options: {max_concurrent_streams: 5}",
        )],
        error: "15:36: @HTTP.http2_protocol_options.max_concurrent_streams: unknown field `max_concurrent_streams`",
    },
    Broken {
        what: "another network filter",
        changes: &[(
            "network.http_connection_manager.v3.HttpConnectionManager",
            "network.tcp_proxy.v3.TcpProxy",
        )],
        error: "13:11: @HTTP: expected the type `envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`, got `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`",
    },
    Broken {
        what: "a type without its host",
        changes: &[(
            "type.googleapis.com/envoy.extensions.filters.http.router",
            "envoy.extensions.filters.http.router",
        )],
        error: "34:24: @HTTP.http_filters[1].typed_config.@type: expected a type such as `type.googleapis.com/...`, got `envoy.extensions.filters.http.router.v3.Router`",
    },
    Broken {
        what: "a missing type",
        changes: &[("\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", "{}")],
        error: "34:15: @HTTP.http_filters[1].typed_config: missing field `@type`",
    },
    Broken {
        what: "an access logger that is not supported",
        changes: &[(
            "stat_prefix: ingress",
            "stat_prefix: ingress\n          access_log: [{name: a, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig}}]",
        )],
        error: "15:48: @HTTP.access_log[0].typed_config: the access logger `envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig` is not supported",
    },
    Broken {
        what: "an access log in a folder that is not there",
        changes: &[(
            "stat_prefix: ingress",
            "stat_prefix: ingress\n          access_log: [{name: a, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /nowhere/log}}]",
        )],
        error: "15:139: @HTTP.access_log[0].typed_config.path: cannot write to `/nowhere/log`: not a file in an existing folder",
    },
    Broken {
        what: "an access log format that does not end",
        changes: &[(
            "stat_prefix: ingress",
            "stat_prefix: ingress\n          access_log: [{name: a, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog, log_format: {text_format_source: {inline_string: \"%PROTOCOL\"}}}}]",
        )],
        error: "15:186: @HTTP.access_log[0].typed_config.log_format.text_format_source.inline_string: a `%` begins a command that does not end, write `%%` for the sign",
    },
    Broken {
        what: "a listener on a host name",
        changes: &[("address: 127.0.0.1, port_value: 10000", "address: localhost, port_value: 10000")],
        error: "8:41: static_resources.listeners[0].address.socket_address.address: expected an IP address, got `localhost`",
    },
    Broken {
        what: "a port out of range",
        changes: &[("port_value: 10000", "port_value: 65536")],
        error: "8:64: static_resources.listeners[0].address.socket_address.port_value: expected an integer from 0 to 65535, got `65536`",
    },
    Broken {
        what: "a listener without port",
        changes: &[(", port_value: 10000", "")],
        error: "8:31: static_resources.listeners[0].address.socket_address: missing field `port_value`",
    },
    Broken {
        what: "a listener without address",
        changes: &[("    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}\n", "")],
        error: "7:5: static_resources.listeners[0]: missing field `address`",
    },
    Broken {
        what: "an admin address that is none",
        changes: &[("address: 127.0.0.1, port_value: 0", "address: 256.0.0.1, port_value: 0")],
        error: "4:39: admin.address.socket_address.address: expected an IP address, got `256.0.0.1`",
    },
    Broken {
        what: "a second listener of the same name",
        changes: &[(
            "  clusters:\n",
            "  - {name: main, address: {socket_address: {address: 127.0.0.1, port_value: 10001}}, filter_chains: *chains}\n  clusters:\n",
        )],
        error: "35:5: static_resources.listeners[1]: a second listener is named `main`",
    },
    Broken {
        what: "a second listener on the same address",
        changes: &[(
            "  clusters:\n",
            "  - {name: other, address: {socket_address: {address: 127.0.0.1, port_value: 10000}}, filter_chains: *chains}\n  clusters:\n",
        )],
        error: "35:5: static_resources.listeners[1]: the listeners `main` and `other` have the same address 127.0.0.1:10000",
    },
    Broken {
        what: "a listener that is a scalar",
        changes: &[("  clusters:\n", "  - main\n  clusters:\n")],
        error: "35:5: static_resources.listeners[1]: expected a mapping, got `main`",
    },
    Broken {
        what: "a route to an unknown cluster",
        changes: &[("route: {cluster: up}", "route: {cluster: upp}")],
        error: "22:34: @HTTP.route_config.virtual_hosts[0].routes[0].route.cluster: unknown cluster `upp`",
    },
    Broken {
        what: "a route without action",
        changes: &[("\n                route: {cluster: up}", "")],
        error: "21:17: @HTTP.route_config.virtual_hosts[0].routes[0]: missing one of `route`, `direct_response`",
    },
    Broken {
        what: "a route with two actions",
        changes: &[(
            "route: {cluster: up}",
            "route: {cluster: up}\n                direct_response: {status: 200}",
        )],
        error: "23:34: @HTTP.route_config.virtual_hosts[0].routes[0].direct_response: only one of `route`, `direct_response` may be set",
    },
    Broken {
        what: "an action that is not supported",
        changes: &[("route: {cluster: up}", "redirect: {https_redirect: true}")],
        error: "22:17: @HTTP.route_config.virtual_hosts[0].routes[0].redirect: unknown field `redirect`",
    },
    Broken {
        what: "a match of nothing",
        changes: &[("match: {prefix: /}", "match: {}")],
        error: "21:24: @HTTP.route_config.virtual_hosts[0].routes[0].match: missing one of `prefix`, `path`",
    },
    Broken {
        what: "a match of prefix and path",
        changes: &[("match: {prefix: /}", "match: {prefix: /, path: /}")],
        error: "21:42: @HTTP.route_config.virtual_hosts[0].routes[0].match.path: only one of `prefix`, `path` may be set",
    },
    Broken {
        what: "a match by regular expression",
        changes: &[("match: {prefix: /}", "match: {safe_regex: {regex: \".*\"}}")],
        error: "21:25: @HTTP.route_config.virtual_hosts[0].routes[0].match.safe_regex: unknown field `safe_regex`",
    },
    Broken {
        what: "a header match without name",
        changes: &[("match: {prefix: /}", "match: {prefix: /, headers: [{present_match: true}]}")],
        error: "21:46: @HTTP.route_config.virtual_hosts[0].routes[0].match.headers[0]: missing field `name`",
    },
    Broken {
        what: "a header name with a space",
        changes: &[("match: {prefix: /}", "match: {prefix: /, headers: [{name: \"x a\"}]}")],
        error: "21:53: @HTTP.route_config.virtual_hosts[0].routes[0].match.headers[0].name: expected the name of a header, got `x a`",
    },
    Broken {
        what: "a header match with two tests",
        changes: &[(
            "match: {prefix: /}",
            "match: {prefix: /, headers: [{name: a, present_match: true, exact_match: b}]}",
        )],
        error: "21:90: @HTTP.route_config.virtual_hosts[0].routes[0].match.headers[0].exact_match: only one of `string_match`, `exact_match`, `present_match` may be set",
    },
    Broken {
        what: "an empty prefix to compare with",
        changes: &[(
            "match: {prefix: /}",
            "match: {prefix: /, headers: [{name: a, string_match: {prefix: \"\"}}]}",
        )],
        error: "21:79: @HTTP.route_config.virtual_hosts[0].routes[0].match.headers[0].string_match.prefix: expected a string, got an empty one",
    },
    Broken {
        what: "a timeout in minutes",
        changes: &[("route: {cluster: up}", "route: {cluster: up, timeout: 1m}")],
        error: "22:47: @HTTP.route_config.virtual_hosts[0].routes[0].route.timeout: expected a duration in seconds such as `0.25s`, got `1m`",
    },
    Broken {
        what: "a line break in a host rewrite",
        changes: &[("route: {cluster: up}", "route: {cluster: up, host_rewrite_literal: \"a\\r\\n\"}")],
        error: "22:60: @HTTP.route_config.virtual_hosts[0].routes[0].route.host_rewrite_literal: expected the value of a header, got `a\\r\\n`",
    },
    Broken {
        what: "a direct response with an informational status",
        changes: &[("route: {cluster: up}", "direct_response: {status: 100}")],
        error: "22:43: @HTTP.route_config.virtual_hosts[0].routes[0].direct_response.status: expected an integer from 200 to 599, got `100`",
    },
    Broken {
        what: "a direct response body from a file",
        changes: &[(
            "route: {cluster: up}",
            "direct_response: {status: 200, body: {filename: /etc/hostname}}",
        )],
        error: "22:55: @HTTP.route_config.virtual_hosts[0].routes[0].direct_response.body.filename: unknown field `filename`",
    },
    Broken {
        what: "a direct response body that is no base64",
        changes: &[("route: {cluster: up}", "direct_response: {status: 200, body: {inline_bytes: \"a\"}}")],
        error: "22:69: @HTTP.route_config.virtual_hosts[0].routes[0].direct_response.body.inline_bytes: expected base64",
    },
    Broken {
        what: "a virtual host without domains",
        changes: &[(" [\"*\"]", " []")],
        error: "19:24: @HTTP.route_config.virtual_hosts[0].domains: expected at least one domain",
    },
    Broken {
        what: "a domain twice",
        changes: &[(" [\"*\"]", " [\"a.example\", \"A.example\"]")],
        error: "19:38: @HTTP.route_config.virtual_hosts[0].domains[1]: the domain `A.example` stands in two places",
    },
    Broken {
        what: "a domain in two virtual hosts",
        changes: &[(
            "            - name: all\n",
            "            - {name: first, domains: [\"*\"]}\n            - name: all\n",
        )],
        error: "20:25: @HTTP.route_config.virtual_hosts[1].domains[0]: the domain `*` stands in two places",
    },
    Broken {
        what: "a domain with a star in the middle",
        changes: &[(" [\"*\"]", " [\"a.*.example\"]")],
        error: "19:25: @HTTP.route_config.virtual_hosts[0].domains[0]: the domain `a.*.example` may have `*` only at one end",
    },
    Broken {
        what: "a virtual host without name",
        changes: &[("name: all", "name: \"\"")],
        error: "18:21: @HTTP.route_config.virtual_hosts[0].name: expected a string, got an empty one",
    },
    Broken {
        what: "no router",
        changes: &[(
            "          - name: envoy.filters.http.router\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n",
            "",
        )],
        error: "24:13: @HTTP.http_filters: the chain has no router, expected `envoy.filters.http.router` as the last filter",
    },
    Broken {
        what: "a router that is not the last filter",
        changes: &[(
            "          http_filters:\n",
            "          http_filters:\n          - name: first\n            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}\n",
        )],
        error: "24:13: @HTTP.http_filters[0]: the router must be the last filter of the chain",
    },
    Broken {
        what: "an HTTP filter that is not supported",
        changes: &[("http.wasm.v3.Wasm", "http.lua.v3.Lua")],
        error: "26:15: @HTTP.http_filters[0].typed_config: the HTTP filter `envoy.extensions.filters.http.lua.v3.Lua` is not supported",
    },
    Broken {
        what: "a disabled filter",
        changes: &[(
            "- name: noop\n            typed_config",
            "- name: noop\n            disabled: true\n            typed_config",
        )],
        error: "25:13: @HTTP.http_filters[0].disabled: unknown field `disabled`",
    },
    Broken {
        what: "an unknown engine",
        changes: &[("wasm.runtime.v8", "wasm.runtime.v9")],
        error: "30:28: @PLUGIN.vm_config.runtime: unknown value `envoy.wasm.runtime.v9`",
    },
    Broken {
        what: "a module that is not there",
        changes: &[("filename: MODULE", "filename: nowhere/filter.wasm")],
        error: "31:44: @PLUGIN.vm_config.code.local.filename: cannot read the module `nowhere/filter.wasm`: No such file or directory (os error 2)",
    },
    Broken {
        what: "a module that is a folder",
        changes: &[("filename: MODULE", "filename: .")],
        error: "31:44: @PLUGIN.vm_config.code.local.filename: `.` is not a file",
    },
    Broken {
        what: "a module from the network",
        changes: &[("local: {filename: MODULE}", "remote: {sha256: \"\"}")],
        error: "31:26: @PLUGIN.vm_config.code.remote: unknown field `remote`",
    },
    Broken {
        what: "a module that is no base64",
        changes: &[("{filename: MODULE}", "{inline_bytes: \"AGFzbQ=\"}")],
        error: "31:48: @PLUGIN.vm_config.code.local.inline_bytes: expected base64",
    },
    Broken {
        what: "a failure policy that is none",
        changes: &[(
            "                vm_config:\n",
            "                failure_policy: FAIL_SAFE\n                vm_config:\n",
        )],
        error: "29:33: @PLUGIN.failure_policy: unknown value `FAIL_SAFE`",
    },
    Broken {
        what: "fail_open together with a failure policy",
        changes: &[(
            "                vm_config:\n",
            "                fail_open: true\n                failure_policy: FAIL_CLOSED\n                vm_config:\n",
        )],
        error: "29:28: @PLUGIN.fail_open: `fail_open` and `failure_policy` exclude each other",
    },
    Broken {
        what: "a reload pause below a millisecond",
        changes: &[(
            "                vm_config:\n",
            "                reload_config: {backoff: {base_interval: 0.0005s}}\n                vm_config:\n",
        )],
        error: "29:58: @PLUGIN.reload_config.backoff.base_interval: expected at least `0.001s`, got `0.0005s`",
    },
    Broken {
        what: "a configuration that is no Any",
        changes: &[(
            "                vm_config:\n",
            "                configuration: '{}'\n                vm_config:\n",
        )],
        error: "29:32: @PLUGIN.configuration: expected a mapping, got `{}`",
    },
    Broken {
        what: "a configuration without type",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {value: x}\n                vm_config:\n",
        )],
        error: "29:32: @PLUGIN.configuration: missing field `@type`",
    },
    Broken {
        what: "a configuration of an unknown type",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {\"@type\": type.googleapis.com/google.protobuf.Empty}\n                vm_config:\n",
        )],
        error: "29:32: @PLUGIN.configuration: the configuration type `google.protobuf.Empty` is not supported",
    },
    Broken {
        what: "a mapping as a string value",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {\"@type\": type.googleapis.com/google.protobuf.StringValue, value: {a: 1}}\n                vm_config:\n",
        )],
        error: "29:98: @PLUGIN.configuration.value: expected a string, got a mapping",
    },
    Broken {
        what: "a struct that is a list",
        changes: &[(
            "                vm_config:\n",
            "                configuration: {\"@type\": type.googleapis.com/google.protobuf.Struct, value: [1]}\n                vm_config:\n",
        )],
        error: "29:93: @PLUGIN.configuration.value: expected a mapping, got a list",
    },
    Broken {
        what: "a capability with settings",
        changes: &[(
            "                vm_config:\n",
            "                capability_restriction_config: {allowed_capabilities: {proxy_log: {level: 1}}}\n                vm_config:\n",
        )],
        error: "29:84: @PLUGIN.capability_restriction_config.allowed_capabilities.proxy_log.level: unknown field `level`",
    },
    Broken {
        what: "a variable set twice",
        changes: &[(
            "MODULE}}",
            "MODULE}}\n                  environment_variables: {host_env_keys: [HOME], key_values: {HOME: /}}",
        )],
        error: "32:85: @PLUGIN.vm_config.environment_variables.key_values.HOME: the variable `HOME` is set twice",
    },
    Broken {
        what: "a cluster twice",
        changes: &[("  - name: up\n", "  - {name: up, load_assignment: {cluster_name: up}}\n  - name: up\n")],
        error: "37:5: static_resources.clusters[1]: a second cluster is named `up`",
    },
    Broken {
        what: "a cluster without name",
        changes: &[("name: up\n", "name: \"\"\n")],
        error: "36:11: static_resources.clusters[0].name: expected a string, got an empty one",
    },
    Broken {
        what: "a cluster type that is not supported",
        changes: &[("STATIC", "EDS")],
        error: "37:11: static_resources.clusters[0].type: unknown value `EDS`",
    },
    Broken {
        what: "a load balancer that is not supported",
        changes: &[("type: STATIC", "lb_policy: MAGLEV")],
        error: "37:16: static_resources.clusters[0].lb_policy: unknown value `MAGLEV`",
    },
    Broken {
        what: "a host name in a static cluster",
        changes: &[("address: 127.0.0.1, port_value: 8080", "address: localhost, port_value: 8080")],
        error: "42:58: static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: expected an IP address, got `localhost`",
    },
    Broken {
        what: "a host name with a space",
        changes: &[
            ("STATIC", "STRICT_DNS"),
            ("address: 127.0.0.1, port_value: 8080", "address: \"a b\", port_value: 8080"),
        ],
        error: "42:58: static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: expected a host name or an IP address, got `a b`",
    },
    Broken {
        what: "a logical DNS cluster of two endpoints",
        changes: &[
            ("STATIC", "LOGICAL_DNS"),
            (
                "        - endpoint:",
                "        - endpoint: {address: {socket_address: {address: localhost, port_value: 1}}}\n        - endpoint:",
            ),
        ],
        error: "39:7: static_resources.clusters[0].load_assignment: a `LOGICAL_DNS` cluster has exactly one endpoint, got 2",
    },
    Broken {
        what: "no load assignment",
        changes: &[(
            "    load_assignment:\n      cluster_name: up\n      endpoints:\n      - lb_endpoints:\n        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}\n",
            "",
        )],
        error: "36:5: static_resources.clusters[0]: missing field `load_assignment`",
    },
    Broken {
        what: "an endpoint without address",
        changes: &[("{address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}", "{}")],
        error: "42:21: static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint: missing field `address`",
    },
    Broken {
        what: "a connect timeout of zero",
        changes: &[("type: STATIC", "connect_timeout: 0s")],
        error: "37:22: static_resources.clusters[0].connect_timeout: expected a duration above `0s`, got `0s`",
    },
    Broken {
        what: "unknown protocol options",
        changes: &[("type: STATIC", "typed_extension_protocol_options: {other: {}}")],
        error: "37:40: static_resources.clusters[0].typed_extension_protocol_options.other: unknown protocol options `other`",
    },
    Broken {
        what: "protocol options without a choice",
        changes: &[(
            "type: STATIC",
            "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {}}}",
        )],
        error: "37:204: static_resources.clusters[0].typed_extension_protocol_options[\"envoy.extensions.upstreams.http.v3.HttpProtocolOptions\"].explicit_http_config: missing one of `http_protocol_options`, `http2_protocol_options`",
    },
];
