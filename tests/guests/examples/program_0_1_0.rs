//! The guest `program` as a plugin of ABI 0.1.0: header callbacks with two parameters, and the functions of that version.

#![expect(unsafe_code, reason = "imports and exports of the ABI")]

// Not by way of the library, which would bring the exports of `proxy-wasm`.
#[macro_use]
#[path = "../src/program/mod.rs"]
mod program;

imports! { of_version, only_0_1, "env":
    proxy_get_configuration(a: u32, b: u32);
    proxy_continue_request();
    proxy_continue_response();
    proxy_clear_route_cache();
}

exports! { answering 0
    proxy_on_request_headers = "request_headers"(context, count);
    proxy_on_response_headers = "response_headers"(context, count);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_1_0() {}
