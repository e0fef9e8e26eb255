//! Runs the program in its configuration, see `../src/program`.
//!
//! It is written by hand because the `proxy-wasm` crate neither makes wrong calls nor survives their statuses.

#![expect(unsafe_code, reason = "exports of the ABI")]

// Not by way of the library, which would bring the exports of `proxy-wasm`.
#[path = "../src/program/mod.rs"]
mod program;

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}
