//! Runs the program in its configuration, see `../src/program`.
//!
//! It is written by hand because the `proxy-wasm` crate neither makes wrong calls nor survives their statuses.

#![expect(unsafe_code, reason = "imports and exports of the ABI")]

// Not by way of the library, which would bring the exports of `proxy-wasm`.
#[macro_use]
#[path = "../src/program/mod.rs"]
mod program;

imports! { of_version, since_0_2, "env":
    proxy_get_log_level(a: u32);
    proxy_continue_stream(a: u32);
    proxy_close_stream(a: u32);
}

exports! { answering 0
    proxy_on_request_headers = "request_headers"(context, count, end);
    proxy_on_response_headers = "response_headers"(context, count, end);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}
