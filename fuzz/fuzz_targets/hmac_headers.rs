//! Fuzz target: hmac-auth's reading of headers of signatures.
#![no_main]

#[path = "../../filters/hmac-auth/tests/it/fuzz/headers.rs"]
mod headers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headers::run(bytes));
